#include "base/md5.h"

/* floor(2^32 * |sin(i + 1)|), RFC 1321 section 3.4. */
static const uint32_t sines[64] = {0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf,
    0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122,
    0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
    0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905,
    0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44,
    0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
    0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3,
    0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82,
    0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

static const uint8_t turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/* One of a round's 16 steps; the four words change places. */
static inline void md5_step(uint32_t state[4], uint32_t mix, uint32_t word, unsigned i)
{
    uint32_t sum = state[0] + mix + sines[i] + word;
    unsigned turn = turns[i / 16][i % 4];
    state[0] = state[3];
    state[3] = state[2];
    state[2] = state[1];
    state[1] += sum << turn | sum >> (32 - turn);
}

/* A loop a round, which the compiler lays out in a row: then no step has to find out its words and turns. */
static void md5_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t now[4] = {state[0], state[1], state[2], state[3]}, words[16];
    for (unsigned i = 0; i < 16; i++)
        words[i] = load_u32(block + 4 * i);
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++)
        md5_step(now, (now[1] & now[2]) | (~now[1] & now[3]), words[i], i);
#pragma GCC unroll 16
    for (unsigned i = 16; i < 32; i++)
        md5_step(now, (now[3] & now[1]) | (~now[3] & now[2]), words[(5 * i + 1) % 16], i);
#pragma GCC unroll 16
    for (unsigned i = 32; i < 48; i++)
        md5_step(now, now[1] ^ now[2] ^ now[3], words[(3 * i + 5) % 16], i);
#pragma GCC unroll 16
    for (unsigned i = 48; i < 64; i++)
        md5_step(now, now[2] ^ (now[1] | ~now[3]), words[7 * i % 16], i);
    for (unsigned i = 0; i < 4; i++)
        state[i] += now[i];
}

void md5(struct span bytes, uint8_t out_digest[MD5_SIZE])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    uint64_t bits = (uint64_t)bytes.size * 8;
    for (; bytes.size >= 64; bytes = span_make(bytes.data + 64, bytes.size - 64))
        md5_block(state, bytes.data);
    uint8_t tail[128] = {0};
    if (bytes.size)
        memcpy(tail, bytes.data, bytes.size);
    tail[bytes.size] = 0x80;
    size_t tail_size = bytes.size < 56 ? 64 : 128;
    store_u64(tail + tail_size - 8, bits);
    for (size_t i = 0; i < tail_size; i += 64)
        md5_block(state, tail + i);
    for (size_t i = 0; i < 4; i++)
        store_u32(out_digest + 4 * i, state[i]);
}

void md5_hex(struct span bytes, char out_text[2 * MD5_SIZE + 1])
{
    uint8_t digest[MD5_SIZE];
    md5(bytes, digest);
    for (size_t i = 0; i < MD5_SIZE; i++) {
        out_text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out_text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out_text[2 * MD5_SIZE] = '\0';
}
