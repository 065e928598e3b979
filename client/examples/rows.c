/* A page of libstele: makes a table, writes some rows at once, counts, reads them back in order, drops the table.
 *
 *   example-rows 127.0.0.1:16000          a server of the cluster
 *   example-rows zk://127.0.0.1:2181      or its ZooKeeper
 *
 * cc rows.c $(pkg-config --cflags --libs stele) */
#include <stdio.h>
#include <stele/stele.h>

static struct stele_error error;

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", what, stele_status_name(error.status), error.message);
    return 1;
}

int main(int argc, char **argv)
{
    static const char *const towns[][2] = {
        {"oslo", "Norway"}, {"lima", "Peru"}, {"accra", "Ghana"}};
    struct stele_family families[] = {{.name = STELE_TEXT("info")}};
    struct stele_schema schema = {
        .name = STELE_TEXT("example_towns"), .families = families, .family_count = 1};
    struct stele_client *client;
    if (stele_connect(argc > 1 ? argv[1] : "127.0.0.1:16000", &client, &error))
        return fail("connect");
    if (stele_create_table(client, &schema, NULL, 0, &error))
        return fail("create");

    /* Three puts in one batch: one call to each server. */
    struct stele_table *table = stele_table_open(client, schema.name);
    struct stele_cell cells[3];
    struct stele_mutation puts[3];
    struct stele_action actions[3];
    for (int i = 0; i < 3; i++) {
        cells[i] = (struct stele_cell){.family = STELE_TEXT("info"),
            .qualifier = STELE_TEXT("country"),
            .value = stele_text(towns[i][1]),
            .timestamp = STELE_LATEST,
            .type = STELE_CELL_PUT};
        stele_mutation_init(&puts[i], STELE_PUT, stele_text(towns[i][0]));
        puts[i].cells = &cells[i];
        puts[i].cell_count = 1;
        actions[i] = (struct stele_action){.mutation = &puts[i]};
    }
    struct stele_batch batch;
    if (stele_batch(table, actions, 3, &batch, &error))
        return fail("batch");
    stele_batch_free(&batch);

    int64_t visits;
    if (stele_increment_column(table, STELE_TEXT("lima"), STELE_TEXT("info"), STELE_TEXT("visits"),
            1, &visits, &error))
        return fail("increment");

    struct stele_scan scan;
    stele_scan_init(&scan);
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    const struct stele_result *row;
    while (stele_scanner_next(scanner, &row, &error) == STELE_OK)
        printf("%.*s: %.*s\n", (int)row->cells[0].row.size, (const char *)row->cells[0].row.data,
            (int)row->cells[0].value.size, (const char *)row->cells[0].value.data);
    if (error.status != STELE_END)
        return fail("scan");
    stele_scanner_close(scanner);
    stele_table_close(table);

    if (stele_disable_table(client, schema.name, &error) ||
        stele_delete_table(client, schema.name, &error))
        return fail("drop");
    stele_client_close(client);
    return 0;
}
