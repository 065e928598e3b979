#include "tests/support/support.h"

#include <stdio.h>

#include "base/bytes.h"
#include "cli/restart_list.h"

static struct stele_server server(const char *host, uint32_t port)
{
    return (struct stele_server){stele_text(host), port, 7};
}

/* "host:port/role ..." of what is chosen. */
static const char *chosen(const char *only, const char *servers)
{
    static char text[256];
    struct stele_server_load loads[] = {
        {.server = server("a", 1)}, {.server = server("b", 1)}, {.server = server("b", 2)}};
    struct stele_server waiting[] = {server("b", 9)};
    struct stele_cluster cluster = {.servers = loads,
        .server_count = 3,
        .backup_masters = waiting,
        .backup_master_count = 1,
        .master = server("a", 9)};
    struct restart_list list = restart_list_make(&cluster, only, servers);
    assert_non_null(list.items);
    text[0] = 0;
    for (size_t i = 0; i < list.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%u/%c", i ? " " : "",
            list.items[i].host, list.items[i].server.port, list.items[i].role[0]);
    restart_list_deinit(&list);
    return text;
}

static void the_leader_comes_last(void **state)
{
    (void)state;
    assert_string_equal(chosen(NULL, NULL), "a:1/t b:1/t b:2/t b:9/m a:9/m");
}

static void one_role_and_some_servers_can_be_chosen(void **state)
{
    (void)state;
    assert_string_equal(chosen("master", NULL), "b:9/m a:9/m");
    assert_string_equal(chosen("tabletserver", "b"), "b:1/t b:2/t");
    assert_string_equal(chosen(NULL, "b:2,a"), "a:1/t b:2/t a:9/m");
    assert_string_equal(chosen(NULL, "c,,b:"), "");
}

static void a_cluster_without_a_master_is_fine(void **state)
{
    (void)state;
    struct stele_cluster cluster = {0};
    struct restart_list list = restart_list_make(&cluster, NULL, NULL);
    assert_int_equal(list.count, 0);
    restart_list_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leader_comes_last),
        cmocka_unit_test(one_role_and_some_servers_can_be_chosen),
        cmocka_unit_test(a_cluster_without_a_master_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
