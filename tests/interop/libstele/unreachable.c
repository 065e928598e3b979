/* Failures of connecting. */
#include "tests/interop/libstele/expect.h"

void test_unreachable(void)
{
    struct stele_options options;
    struct stele_client *lost = NULL;
    struct stele_result result = {0};
    struct stele_get get;
    EXPECT(stele_connect("127.0.0.1:1", &lost, &error) == STELE_CONNECTION);
    EXPECT(stele_connect("zk://127.0.0.1:1", &lost, &error) == STELE_CONNECTION);
    EXPECT(stele_connect("not a place", &lost, &error) != STELE_OK);
    stele_options_init(&options);
    EXPECT(stele_client_open(&options, &lost, &error) == STELE_INVALID);
    options.connect = "127.0.0.1:1";
    options.retries = 2;
    options.pause_ms = 1;
    EXPECT_OK(stele_client_open(&options, &lost, &error));
    stele_get_init(&get, STELE_TEXT("r"));
    EXPECT(stele_get(stele_table_open(lost, STELE_TEXT("t")), &get, &result, &error) ==
           STELE_CONNECTION);
    EXPECT(stele_delete_table(lost, STELE_TEXT("t"), &error) == STELE_CONNECTION);
    EXPECT(error.attempts == 3);
    stele_client_interrupt(lost);
    EXPECT(stele_delete_table(lost, STELE_TEXT("t"), &error) == STELE_CANCELLED);
    stele_client_close(lost);
    options.connect = "192.0.2.1:1"; /* nobody there, and nobody says so */
    options.retries = 1000;
    options.operation_timeout_ms = 300;
    EXPECT_OK(stele_client_open(&options, &lost, &error));
    enum stele_status status = stele_get(
        stele_table_open(lost, STELE_TEXT("t")), &get, &result, &error);
    EXPECT(status == STELE_TIMEOUT || status == STELE_CONNECTION);
    stele_client_close(lost);
}
