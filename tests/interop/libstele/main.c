/* Every call of libstele against a server: real HBase or Stele.
 *
 *   libstele_test PLACE [inline] [changes] [stop]     PLACE is "host:port" or "zk://host:port/hbase"
 *
 * changes: also what changes regions and servers (split, merge, move, snapshots, switches). stop: the server is told
 * to stop at the end.
 * Prints each failed expectation with its line and, at the end, how many were looked at. Exit 1 when
 * one failed. The tables it makes begin with "libstele_" and are dropped at the end. */
#include "tests/interop/libstele/expect.h"

int main(int argc, char **argv)
{
    struct stele_options options;
    bool with_changes = false, with_stop = false;
    if (argc < 2) {
        fprintf(stderr, "usage: libstele_test PLACE [inline] [changes] [stop]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    stele_options_init(&options);
    if (strncmp(argv[1], "zk://", 5) == 0)
        options.zookeeper = argv[1] + 5;
    else
        options.connect = argv[1];
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "inline") == 0)
            options.run = STELE_RUN_INLINE;
        with_changes |= strcmp(argv[i], "changes") == 0;
        with_stop |= strcmp(argv[i], "stop") == 0;
    }
    if (stele_client_open(&options, &client, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    drop("libstele_rows");
    create("libstele_rows", 2);
    table = stele_table_open(client, STELE_TEXT("libstele_rows"));
    test_rows();
    test_counters();
    test_conditions();
    test_batches();
    test_scans();
    test_wide_rows();
    test_filters();
    test_regions();
    test_cluster();
    test_async(&options);
    test_tables();
    test_namespaces();
    if (with_changes) {
        test_moves();
        test_scan_over_change();
        test_snapshots();
        test_switches();
        test_async_admin(&options);
        test_async_heat(&options);
        test_servers();
    }
    drop("libstele_rows");
    if (with_stop)
        test_stop_server(&options);
    stele_table_close(table);
    stele_client_close(client);
    test_unreachable();
    printf("%s: %u expectations, %u failed\n", argv[1], looked_at, failed);
    return failed ? 1 : 0;
}
