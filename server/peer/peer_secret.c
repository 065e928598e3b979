#include "server/peer/peer_secret.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/limits.h"

#define SECRET_MODE      0600
#define SECRET_TEXT_SIZE (2 * PEER_SECRET_SIZE)

static bool hex_digit(uint8_t text, uint8_t *out_value)
{
    if (text >= '0' && text <= '9')
        *out_value = (uint8_t)(text - '0');
    else if (text >= 'a' && text <= 'f')
        *out_value = (uint8_t)(text - 'a' + 10);
    else
        return false;
    return true;
}

static enum status parse(struct span text, struct peer_secret *out_secret)
{
    if (text.size != SECRET_TEXT_SIZE + 1 || text.data[SECRET_TEXT_SIZE] != '\n')
        return STATUS_CORRUPT;
    for (size_t i = 0; i < PEER_SECRET_SIZE; i++) {
        uint8_t high, low;
        if (!hex_digit(text.data[2 * i], &high) || !hex_digit(text.data[2 * i + 1], &low))
            return STATUS_CORRUPT;
        out_secret->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return STATUS_OK;
}

static enum status read_secret(
    struct env *env, const char *path, struct peer_secret *out_secret, struct error *error)
{
    struct buffer text = {0};
    struct env_stat stat;
    enum status status = env_path_stat(env, path, &stat, error);
    if (!status && (stat.mode & 077) != 0)
        status = error_set(error, STATUS_INVALID,
            "%s may be read by others (mode %03o): chmod 600, and make it anew if they have", path,
            stat.mode & 0777);
    if (!status)
        status = env_read_file(env, path, SECRET_TEXT_SIZE + 1, &text, error);
    if (!status && parse(buffer_span(&text), out_secret))
        status = error_set(error, STATUS_CORRUPT, "%s is not a secret: 64 hex digits", path);
    if (text.data)
        OPENSSL_cleanse(text.data, text.capacity);
    buffer_deinit(&text);
    return status;
}

static enum status make_secret(
    struct env *env, const char *root, const char *path, struct error *error)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[PEER_SECRET_SIZE];
    char text[SECRET_TEXT_SIZE + 1], temporary[LIMIT_PATH_SIZE];
    env_random_bytes(env, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[SECRET_TEXT_SIZE] = '\n';
    int size = snprintf(
        temporary, sizeof temporary, "%s.%016" PRIx64 ".tmp", path, env_random_u64(env));
    if (size < 0 || (size_t)size >= sizeof temporary)
        return error_set(error, STATUS_INVALID, "%s: the path is too long", path);
    enum status status = env_write_file(
        env, temporary, SECRET_MODE, span_make(text, sizeof text), error);
    if (!status) {
        status = env_path_link(env, temporary, path, error);
        if (status == STATUS_EXISTS) /* another server's */
            status = STATUS_OK;
        (void)env_path_remove(env, temporary, NULL);
    }
    if (!status)
        status = env_directory_sync(env, root, error);
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(text, sizeof text);
    return status;
}

enum status peer_secret_load(
    struct env *env, const char *root, struct peer_secret *out_secret, struct error *error)
{
    char path[LIMIT_PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s", root, PEER_SECRET_FILE);
    if (size < 0 || (size_t)size >= sizeof path)
        return error_set(error, STATUS_INVALID, "%s: the path is too long", root);
    enum status status = read_secret(env, path, out_secret, error);
    if (status != STATUS_NOT_FOUND)
        return status;
    error_clear(error);
    status = make_secret(env, root, path, error);
    return status ? status : read_secret(env, path, out_secret, error);
}

void peer_secret_forget(struct peer_secret *secret)
{
    OPENSSL_cleanse(secret->bytes, sizeof secret->bytes);
}

bool peer_prove(const struct peer_secret *secret, enum peer_side side,
    const struct peer_greeting *greeting, uint8_t out_proof[PEER_PROOF_SIZE])
{
    struct buffer text = {0};
    unsigned size = PEER_PROOF_SIZE;
    buffer_put_sized(&text, side == PEER_CALLER ? SPAN_LITERAL("stele peer: caller")
                                                : SPAN_LITERAL("stele peer: callee"));
    buffer_put_sized(&text, greeting->caller);
    buffer_put_sized(&text, greeting->callee);
    buffer_put(&text, span_make(greeting->caller_nonce, PEER_NONCE_SIZE));
    buffer_put(&text, span_make(greeting->callee_nonce, PEER_NONCE_SIZE));
    bool is_made = !buffer_status(&text) && HMAC(EVP_sha256(), secret->bytes, PEER_SECRET_SIZE,
                                                text.data, text.size, out_proof, &size);
    buffer_deinit(&text);
    return is_made && size == PEER_PROOF_SIZE;
}

bool peer_check_proof(const struct peer_secret *secret, enum peer_side side,
    const struct peer_greeting *greeting, struct span proof)
{
    uint8_t expected[PEER_PROOF_SIZE];
    return peer_prove(secret, side, greeting, expected) && proof.size == PEER_PROOF_SIZE &&
           CRYPTO_memcmp(expected, proof.data, PEER_PROOF_SIZE) == 0;
}
