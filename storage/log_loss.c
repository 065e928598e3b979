#include "storage/log_loss.h"

#include "storage/chain.h"

static const char name[] = "loss";

enum status log_loss_decode(struct span payload, uint64_t *out_accepted_ms, struct error *error)
{
    if (span_take_u64(&payload, out_accepted_ms) || payload.size)
        return error_set(error, STATUS_CORRUPT, "loss payload: is not a time");
    return STATUS_OK;
}

enum status log_loss_is_accepted(
    const struct directory *directory, const char *incarnation, bool *out_is, struct error *error)
{
    struct path path;
    struct buffer file = {0};
    struct document document;
    struct error why = {0};
    uint64_t accepted_ms;
    directory_server_path(directory, incarnation, name, &path);
    enum status status = document_read(
        directory->env, path.text, DOCUMENT_LOSS, &file, &document, &why);
    if (status == STATUS_OK && !span_equal(document.subject, span_string(incarnation)))
        status = error_set(
            &why, STATUS_CORRUPT, "%s at offset 32: is of another incarnation", path.text);
    if (status == STATUS_OK && log_loss_decode(document.payload, &accepted_ms, &why))
        status = error_prefix(&why, STATUS_CORRUPT, "%s", path.text);
    buffer_deinit(&file);
    *out_is = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status && error)
        *error = why;
    return status;
}

/* The first one linked stays. */
static enum status place(const struct directory *directory, const char *incarnation,
    const struct path *temporary, struct error *error)
{
    struct path target;
    struct path folder;
    struct error why = {0};
    directory_server_path(directory, incarnation, name, &target);
    directory_path(directory, &folder, "servers/%s", incarnation);
    enum status status = env_path_link(directory->env, temporary->text, target.text, &why);
    if (status == STATUS_OK || status == STATUS_EXISTS)
        return env_directory_sync(directory->env, folder.text, error);
    if (error)
        *error = why;
    return status;
}

enum status log_loss_accept(
    struct directory *directory, const char *incarnation, struct error *error)
{
    struct path temporary;
    struct buffer payload = {0};
    struct buffer file = {0};
    buffer_put_u64(&payload, (uint64_t)env_wall_ms(directory->env));
    struct document document = {.kind = DOCUMENT_LOSS,
        .format_version = document_kind_version(DOCUMENT_LOSS),
        .comparator = DOCUMENT_UNSORTED,
        .subject = span_string(incarnation),
        .payload = buffer_span(&payload)};
    document_encode(&document, &file);
    enum status status = buffer_status(&file);
    if (status) {
        error_set(error, status, "loss of %s", incarnation);
    } else {
        directory_temporary_path(directory, &temporary);
        status = env_write_file(directory->env, temporary.text, 0600, buffer_span(&file), error);
    }
    if (status == STATUS_OK)
        status = place(directory, incarnation, &temporary, error);
    if (buffer_status(&file) == STATUS_OK)
        (void)env_path_remove(directory->env, temporary.text, NULL);
    buffer_deinit(&payload);
    buffer_deinit(&file);
    return status;
}
