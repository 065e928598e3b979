/* Requests of tablets and servers, put together from readings of counters that rise, begin anew, move and go. */
#include "tests/support/support.h"

#include "bench/load_counters.h"

struct reading {
    struct stele_region_load regions[2][3];
    struct stele_server_load servers[2];
    struct stele_cluster cluster;
};

static void set_tablet(
    struct reading *reading, size_t server, const char *name, uint64_t reads, uint64_t writes)
{
    struct stele_server_load *load = &reading->servers[server];
    reading->regions[server][load->region_count++] = (struct stele_region_load){
        .name = stele_text(name), .read_requests = reads, .write_requests = writes};
}

static struct reading *begin_reading(struct reading *reading)
{
    static const char *const hosts[] = {"elsewhere-1", "elsewhere-2"};
    memset(reading, 0, sizeof *reading);
    for (size_t i = 0; i < 2; i++) {
        reading->servers[i].server.host = stele_text(hosts[i]);
        reading->servers[i].server.port = 16020;
        reading->servers[i].regions = reading->regions[i];
    }
    reading->cluster.servers = reading->servers;
    reading->cluster.server_count = 2;
    reading->cluster.version = stele_text("2.6.4");
    return reading;
}

static void requests_are_put_together(void **state)
{
    (void)state;
    static struct load_counters counters;
    static struct watch_figures figures;
    struct reading reading;
    struct stele_bytes table = STELE_TEXT("t");
    /* before: what is there does not count */
    set_tablet(begin_reading(&reading), 0, "t,,1.aa.", 1000, 50);
    set_tablet(&reading, 1, "t,m,1.bb.", 10, 5);
    set_tablet(&reading, 1, "t2,,1.xx.", 7, 7);
    load_counters_read(&counters, &reading.cluster, table, 0);
    /* both grow */
    set_tablet(begin_reading(&reading), 0, "t,,1.aa.", 1300, 60);
    set_tablet(&reading, 1, "t,m,1.bb.", 15, 5);
    set_tablet(&reading, 1, "t2,,1.xx.", 700, 7);
    load_counters_read(&counters, &reading.cluster, table, 0);
    /* the first is split, one half is on the other server; the second was opened anew */
    set_tablet(begin_reading(&reading), 0, "t,,2.cc.", 40, 1);
    set_tablet(&reading, 1, "t,g,2.dd.", 20, 2);
    set_tablet(&reading, 1, "t,m,1.bb.", 3, 1);
    load_counters_read(&counters, &reading.cluster, table, 0);
    load_counters_end_cpu(&counters);
    load_counters_take(&counters, &figures);
    assert_string_equal(figures.version, "2.6.4");
    assert_int_equal(figures.tablet_count, 3);
    assert_string_equal(figures.tablets[0].name, "t,,2.cc.");
    assert_string_equal(figures.tablets[0].server, "elsewhere-1:16020");
    assert_int_equal(figures.tablets[0].reads, 40);
    assert_string_equal(figures.tablets[1].name, "t,g,2.dd.");
    assert_int_equal(figures.tablets[1].writes, 2);
    assert_string_equal(figures.tablets[2].name, "t,m,1.bb.");
    assert_int_equal(figures.tablets[2].reads, 5 + 3);
    assert_int_equal(figures.tablets[2].writes, 0 + 1);
    /* the servers keep what tablets that are gone took */
    assert_int_equal(figures.server_count, 2);
    assert_int_equal(figures.servers[0].reads, 300 + 40);
    assert_int_equal(figures.servers[0].writes, 10 + 1);
    assert_int_equal(figures.servers[1].reads, 5 + 20 + 3);
    assert_int_equal(figures.servers[0].tablets, 1);
    assert_int_equal(figures.servers[1].tablets, 2);
    assert_int_equal(figures.servers[0].pid, -1); /* not on this host */
    watch_figures_deinit(&figures);
    load_counters_deinit(&counters);
}

/* The server that it left still tells the count of before, for a report or two. */
static void a_tablet_that_two_servers_report_is_counted_once(void **state)
{
    (void)state;
    static struct load_counters counters;
    static struct watch_figures figures;
    struct reading reading;
    struct stele_bytes table = STELE_TEXT("t");
    set_tablet(begin_reading(&reading), 0, "t,,1.aa.", 1000, 0);
    load_counters_read(&counters, &reading.cluster, table, 0);
    for (uint64_t i = 1; i <= 3; i++) {
        set_tablet(begin_reading(&reading), 0, "t,,1.aa.", 1500, 0);
        set_tablet(&reading, 1, "t,,1.aa.", 10 * i, 0);
        load_counters_read(&counters, &reading.cluster, table, 0);
    }
    load_counters_end_cpu(&counters);
    load_counters_take(&counters, &figures);
    assert_int_equal(figures.tablet_count, 1);
    assert_int_equal(figures.tablets[0].reads, 500 + 30);
    assert_int_equal(figures.servers[0].reads, 500);
    assert_int_equal(figures.servers[1].reads, 30);
    watch_figures_deinit(&figures);
    load_counters_deinit(&counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(requests_are_put_together),
        cmocka_unit_test(a_tablet_that_two_servers_report_is_counted_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
