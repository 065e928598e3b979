/* The master's switches and chores, procedures and locks, and calls to servers. */
#include "tests/interop/libstele/expect.h"

void test_switches(void)
{
    struct stele_procedure_list procedures;
    struct stele_lock_list locks;
    struct stele_balance balance;
    bool was_on, has_run;
    int64_t number;
    for (int i = STELE_SWITCH_BALANCER; i <= STELE_SWITCH_SNAPSHOT_CLEANUP; i++) {
        enum stele_switch which = (enum stele_switch)i;
        bool before = false, is_on = true;
        EXPECT_OK(stele_get_switch(client, which, &before, &error));
        EXPECT_OK(stele_set_switch(client, which, !before, true, &was_on, &error));
        EXPECT(was_on == before);
        EXPECT_OK(stele_get_switch(client, which, &is_on, &error));
        EXPECT(is_on == !before);
        EXPECT_OK(stele_set_switch(client, which, before, true, NULL, &error));
    }
    EXPECT(stele_get_switch(client, (enum stele_switch)99, &was_on, &error) == STELE_INVALID);
    EXPECT_OK(stele_balance(client, true, false, &balance, &error));
    EXPECT_OK(stele_balance(client, false, true, &balance, &error));
    EXPECT_OK(stele_normalize(client, NULL, 0, NULL, STELE_NO_BYTES, &has_run, &error));
    EXPECT_OK(stele_run_catalog_janitor(client, &number, &error));
    EXPECT_OK(stele_run_cleaner(client, &has_run, &error));
    EXPECT_OK(stele_list_procedures(client, &procedures, &error));
    for (size_t i = 0; i < procedures.count; i++)
        EXPECT(procedures.procedures[i].name.size && procedures.procedures[i].state.size &&
               procedures.procedures[i].id);
    stele_procedure_list_free(&procedures);
    EXPECT_OK(stele_list_locks(client, &locks, &error));
    stele_lock_list_free(&locks);
}

/* What a server is asked by itself; a server may not know these calls. */
static void test_one_server(struct stele_bytes name)
{
    bool was_on = false;
    EXPECT_OK(stele_set_compaction_switch(client, name, false, &was_on, &error));
    EXPECT(was_on);
    EXPECT_OK(stele_set_compaction_switch(client, name, true, &was_on, &error));
    EXPECT(!was_on);
    if (stele_clear_compaction_queues(client, name, true, true, &error) == STELE_UNSUPPORTED)
        return;
    EXPECT_OK(stele_roll_log(client, name, &error));
}

/* HBase's master hears from ZooKeeper that a server is in service again, a moment later. When it lists the draining
 * servers while one of them goes, it misses that and drains it for good (ZKUtil.listChildrenAndWatchThem watches
 * each after it has the names): then it is asked again. */
static void expect_none_decommissioned(struct stele_bytes name)
{
    struct stele_server_list servers = {0};
    size_t count = 1;
    for (int i = 1; i <= 100 && count > 0; i++) {
        if (i > 1)
            usleep(50000);
        if (i % 20 == 0)
            EXPECT_OK(stele_recommission_server(client, name, NULL, 0, &error));
        EXPECT_OK(stele_list_decommissioned_servers(client, &servers, &error));
        count = servers.count;
        stele_server_list_free(&servers);
    }
    EXPECT(count == 0);
}

void test_servers(void)
{
    struct stele_cluster cluster;
    struct stele_server_list servers;
    char name[256];
    EXPECT_OK(stele_cluster_status(client, &cluster, &error));
    EXPECT(cluster.server_count >= 1);
    if (cluster.server_count == 0)
        return;
    const struct stele_server *server = &cluster.servers[0].server;
    snprintf(name, sizeof(name), "%s,%u,%llu", (const char *)server->host.data, server->port,
        (unsigned long long)server->start_code);
    struct stele_bytes names[] = {stele_text(name)};
    expect_none_decommissioned(names[0]); /* the run before may have ended a moment ago */
    EXPECT_OK(stele_decommission_servers(client, names, 1, false, &error));
    EXPECT_OK(stele_list_decommissioned_servers(client, &servers, &error));
    EXPECT(servers.count == 1 && servers.servers[0].port == server->port &&
           servers.servers[0].start_code == server->start_code);
    stele_server_list_free(&servers);
    EXPECT_OK(stele_recommission_server(client, names[0], NULL, 0, &error));
    expect_none_decommissioned(names[0]);
    EXPECT_OK(stele_clear_dead_servers(client, NULL, 0, &servers, &error));
    stele_server_list_free(&servers);
    test_one_server(names[0]);
    EXPECT(stele_roll_log(client, STELE_TEXT("nonsense"), &error) == STELE_INVALID);
    stele_cluster_free(&cluster);
}
