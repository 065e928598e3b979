/* MD5 by the vectors of its RFC, and where a message just fits a block, or its padding needs one more. */
#include "tests/support/support.h"

#include "base/md5.h"

#define SIZE_MOST 1000

static void md5_has_its_test_vectors(void **state)
{
    (void)state;
    /* RFC 1321, appendix A.5 */
    static const char *const vectors[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"},
    };
    char text[2 * MD5_SIZE + 1];
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        md5_hex(span_string(vectors[i][0]), text);
        assert_string_equal(text, vectors[i][1]);
    }
}

/* Byte i is 7 * i + 3; the digests are those of Python's hashlib. */
static void messages_of_about_a_block_are_padded_right(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *digest;
    } cases[] = {
        {0, "d41d8cd98f00b204e9800998ecf8427e"},
        {1, "8666683506aacd900bbd5a74ac4edf68"},
        {54, "eb5acae65a800805a13648f23dea0327"},
        {55, "52c0e574e1198de5fe3f8f11440dcb1b"},
        {56, "46c9907fc908ee68b1e7b8e71286a518"},
        {57, "1c805dd236c35cab25fcb1bc73802c51"},
        {63, "a62f6d59e837867693f042f5b8f5a236"},
        {64, "7160b8fb5e9e4023d549c3971fbaeead"},
        {65, "70bd662e7aefbda85a0f7244167b7897"},
        {119, "e84905d4214f4d1ca56c2cdcc152b143"},
        {120, "e3eb5a6c8669ea01a8c185b8abc8a5dc"},
        {127, "acce2474d6cc8302120d09c818d17ef7"},
        {128, "10b2da1a82f16d99a81a7203fe9f02cb"},
        {129, "03fefbbcebe2959cf2270241aafe0250"},
        {1000, "10046f077f2082ac19676b8079f1cb1a"},
    };
    uint8_t bytes[SIZE_MOST];
    char text[2 * MD5_SIZE + 1];
    for (size_t i = 0; i < SIZE_MOST; i++)
        bytes[i] = (uint8_t)(7 * i + 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        md5_hex(span_make(bytes, cases[i].size), text);
        assert_string_equal(text, cases[i].digest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md5_has_its_test_vectors),
        cmocka_unit_test(messages_of_about_a_block_are_padded_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
