/* The client of kill9.sh: writes until the server dies, then tells from its own notes what must be there.
 *
 *   kill9_client write HOST:PORT NOTES     appends what was begun and what was acknowledged to the file NOTES
 *   kill9_client check HOST:PORT NOTES     reads the whole table and compares
 *
 * Writes: puts of one row in two families at once, deletes of whole rows that were acknowledged before, and
 * increments of a few counters; IN_FLIGHT of them at any time, so that the server always dies with some
 * half-way. What must hold afterwards, for ever:
 *   an acknowledged put is there, unless a delete of it was begun; an acknowledged delete keeps its row away;
 *   a row is whole: both families, with the same number; no row is there that was never begun;
 *   a counter is at least what was acknowledged and at most what was begun. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stele/stele.h>

enum { IN_FLIGHT = 64, COUNTERS = 4, PADDING = 600, ROWS_PER_RUN = 30000 };

/* Notes are lines "<what> <number>". */
enum note {
    PUT_BEGUN = 'p',
    PUT_DONE = 'P',
    DELETE_BEGUN = 'd',
    DELETE_DONE = 'D',
    ADD_BEGUN = 'a',
    ADD_DONE = 'A'
};

/* What is known of a row, from all runs. */
enum { IS_PUT_BEGUN = 1, IS_PUT_DONE = 2, IS_DELETE_BEGUN = 4, IS_DELETE_DONE = 8, IS_SEEN = 16 };

static uint8_t *rows; /* by number */
static size_t row_capacity;
static uint64_t row_count; /* greatest number + 1 */
static uint64_t adds_begun[COUNTERS], adds_done[COUNTERS];
static struct stele_error error;

static void stop(const char *what)
{
    fprintf(
        stderr, "kill9_client: %s: %s: %s\n", what, stele_status_name(error.status), error.message);
    exit(1);
}

static void mark_row(uint64_t number, uint8_t flag)
{
    if (number >= row_capacity) {
        size_t capacity = (size_t)(number + 1) * 2;
        rows = realloc(rows, capacity);
        if (!rows)
            abort();
        memset(rows + row_capacity, 0, capacity - row_capacity);
        row_capacity = capacity;
    }
    rows[number] |= flag;
    if (number >= row_count)
        row_count = number + 1;
}

static void take_note(int what, uint64_t number)
{
    switch (what) {
    case PUT_BEGUN:
        mark_row(number, IS_PUT_BEGUN);
        break;
    case PUT_DONE:
        mark_row(number, IS_PUT_DONE);
        break;
    case DELETE_BEGUN:
        mark_row(number, IS_DELETE_BEGUN);
        break;
    case DELETE_DONE:
        mark_row(number, IS_DELETE_DONE);
        break;
    case ADD_BEGUN:
        adds_begun[number % COUNTERS]++;
        break;
    case ADD_DONE:
        adds_done[number % COUNTERS]++;
        break;
    }
}

static void read_notes(const char *path)
{
    FILE *file = fopen(path, "r");
    char what;
    uint64_t number;
    while (file && fscanf(file, " %c %" SCNu64, &what, &number) == 2)
        take_note(what, number);
    if (file)
        fclose(file);
}

/* patient: retries as any client does. Else the first failure is told, for it is the server's death. */
static struct stele_client *open_client(const char *place, bool patient)
{
    struct stele_options options;
    struct stele_client *client;
    stele_options_init(&options);
    options.connect = place;
    options.run = STELE_RUN_INLINE;
    options.operation_timeout_ms = 60000;
    if (!patient)
        options.retries = 0;
    if (stele_client_open(&options, &client, &error))
        stop("open");
    return client;
}

/* ---- Writing ---- */

struct operation {
    enum note begun, done;
    uint64_t number;
};

static struct stele_table *table;
static struct operation operations[IN_FLIGHT];
static FILE *notes;
static uint64_t next_row, last_row;
static uint64_t last_acknowledged; /* a row whose put was acknowledged, or UINT64_MAX */
static uint64_t acknowledged;
static bool is_server_gone;

static size_t row_key(uint64_t number, char out_key[32])
{
    /* The hash spreads neighbours, so that writes meet in no one place. */
    return (size_t)snprintf(
        out_key, 32, "%02x-%010" PRIu64, (unsigned)(number * 2654435761u >> 16 & 255), number);
}

static void begin_next(struct operation *operation);

static void on_done(void *context, const struct stele_error *result,
    const struct stele_result *cells, bool is_processed)
{
    (void)cells;
    (void)is_processed;
    struct operation *operation = context;
    if (result->status == STELE_OK) {
        fprintf(notes, "%c %" PRIu64 "\n", operation->done, operation->number);
        acknowledged++;
        if (operation->done == PUT_DONE)
            last_acknowledged = operation->number;
    } else if (result->status == STELE_BUSY) {
        /* Refused: neither done nor the end. */
    } else {
        if (!is_server_gone)
            fprintf(stderr, "kill9_client: the server is gone: %s: %s\n",
                stele_status_name(result->status), result->message);
        is_server_gone = true;
    }
    if (!is_server_gone)
        begin_next(operation);
}

static void begin(struct operation *operation, enum note begun, enum note done, uint64_t number)
{
    *operation = (struct operation){begun, done, number};
    fprintf(notes, "%c %" PRIu64 "\n", begun, number);
}

static void begin_put(struct operation *operation, uint64_t number)
{
    char key[32];
    char value[32 + PADDING];
    size_t key_size = row_key(number, key);
    size_t size = (size_t)snprintf(value, sizeof(value), "%" PRIu64 ":", number);
    memset(value + size, 'x', (size_t)(number % PADDING));
    size += (size_t)(number % PADDING);
    struct stele_cell cells[2] = {
        {.family = STELE_TEXT("a"),
            .qualifier = STELE_TEXT("n"),
            .value = stele_bytes(value, size),
            .timestamp = STELE_LATEST,
            .type = STELE_CELL_PUT},
        {.family = STELE_TEXT("b"),
            .qualifier = STELE_TEXT("n"),
            .value = stele_bytes(value, size),
            .timestamp = STELE_LATEST,
            .type = STELE_CELL_PUT},
    };
    struct stele_mutation put;
    stele_mutation_init(&put, STELE_PUT, stele_bytes(key, key_size));
    put.cells = cells;
    put.cell_count = 2;
    begin(operation, PUT_BEGUN, PUT_DONE, number);
    stele_mutate_async(table, &put, on_done, operation);
}

static void begin_delete(struct operation *operation, uint64_t number)
{
    char key[32];
    struct stele_mutation delete;
    stele_mutation_init(&delete, STELE_DELETE, stele_bytes(key, row_key(number, key)));
    begin(operation, DELETE_BEGUN, DELETE_DONE, number);
    stele_mutate_async(table, &delete, on_done, operation);
}

static void begin_add(struct operation *operation, uint64_t number)
{
    char key[32];
    uint8_t one[8];
    stele_store_i64(one, 1);
    struct stele_cell cell = {.family = STELE_TEXT("a"),
        .qualifier = STELE_TEXT("count"),
        .value = stele_bytes(one, 8),
        .timestamp = STELE_LATEST,
        .type = STELE_CELL_PUT};
    struct stele_mutation add;
    int size = snprintf(key, sizeof(key), "counter-%u", (unsigned)(number % COUNTERS));
    stele_mutation_init(&add, STELE_INCREMENT, stele_bytes(key, (size_t)size));
    add.cells = &cell;
    add.cell_count = 1;
    begin(operation, ADD_BEGUN, ADD_DONE, number % COUNTERS);
    stele_mutate_async(table, &add, on_done, operation);
}

static void begin_next(struct operation *operation)
{
    if (next_row >= last_row)
        return;
    uint64_t number = next_row++;
    if (number % 16 == 3) {
        begin_add(operation, number / 16);
    } else if (number % 16 == 9 && last_acknowledged != UINT64_MAX) {
        begin_delete(operation, last_acknowledged);
        last_acknowledged = UINT64_MAX; /* nobody is deleted twice */
    } else {
        begin_put(operation, number);
    }
}

/* The table, unless an earlier run made it. Its memtables are small, so that flush and compaction run too. */
static void make_table(struct stele_client *client)
{
    struct stele_attribute flush = {STELE_TEXT("MEMSTORE_FLUSHSIZE"), STELE_TEXT("2097152")};
    struct stele_family families[] = {{.name = STELE_TEXT("a")}, {.name = STELE_TEXT("b")}};
    struct stele_schema schema = {.name = STELE_TEXT("kill9"),
        .attributes = &flush,
        .attribute_count = 1,
        .families = families,
        .family_count = 2};
    struct stele_bytes splits[] = {STELE_TEXT("55"), STELE_TEXT("aa")};
    bool exists;
    if (stele_table_exists(client, schema.name, &exists, &error))
        stop("table_exists");
    if (!exists && stele_create_table(client, &schema, splits, 2, &error))
        stop("create");
}

/* Until every tablet is open and hbase:meta says where. */
static void wait_for_tablets(const char *place)
{
    static const char *const places[] = {"00", "55", "aa"}; /* a row of each */
    struct stele_client *client = open_client(place, true);
    make_table(client);
    table = stele_table_open(client, STELE_TEXT("kill9"));
    for (int i = 0; i < 3; i++) {
        struct stele_get get;
        struct stele_result result;
        stele_get_init(&get, stele_text(places[i]));
        if (stele_get(table, &get, &result, &error))
            stop("get");
        stele_result_free(&result);
    }
    stele_table_close(table);
    stele_client_close(client);
}

static int write_until_gone(const char *place, const char *path)
{
    read_notes(path);
    notes = fopen(path, "a");
    if (!notes)
        abort();
    wait_for_tablets(place);
    struct stele_client *client = open_client(place, false);
    table = stele_table_open(client, STELE_TEXT("kill9"));
    next_row = row_count;
    last_row = row_count + ROWS_PER_RUN;
    last_acknowledged = UINT64_MAX;
    printf("writing\n"); /* the script waits for it */
    fflush(stdout);
    for (int i = 0; i < IN_FLIGHT; i++)
        begin_next(&operations[i]);
    while (stele_client_in_flight(client))
        stele_client_run(client, 1000);
    stele_table_close(table);
    stele_client_close(client);
    if (fclose(notes))
        abort();
    printf("%" PRIu64 " acknowledged\n", acknowledged);
    return 0;
}

/* ---- Checking ---- */

static unsigned problems;

static void problem(const char *what, uint64_t number)
{
    if (problems++ < 20)
        fprintf(stderr, "kill9_client: %s: %" PRIu64 "\n", what, number);
}

/* The number a row says it has, in all its cells; UINT64_MAX when the row is not whole. */
static uint64_t number_of(const struct stele_result *row)
{
    uint64_t numbers[2] = {UINT64_MAX, UINT64_MAX};
    if (row->cell_count != 2)
        return UINT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        struct stele_bytes value = row->cells[i].value;
        char text[24] = {0};
        memcpy(text, value.data, value.size < sizeof(text) - 1 ? value.size : sizeof(text) - 1);
        char *end;
        numbers[i] = strtoull(text, &end, 10);
        if (*end != ':' || value.size != (size_t)(end - text) + 1 + numbers[i] % PADDING)
            return UINT64_MAX;
    }
    return numbers[0] == numbers[1] ? numbers[0] : UINT64_MAX;
}

static void check_row(const struct stele_result *row)
{
    struct stele_bytes key = row->cells[0].row;
    char expected[32];
    if (key.size > 8 && memcmp(key.data, "counter-", 8) == 0) {
        unsigned counter = (unsigned)(key.data[8] - '0') % COUNTERS;
        int64_t value = row->cells[0].value.size == 8 ? stele_load_i64(row->cells[0].value.data)
                                                      : -1;
        if (value < (int64_t)adds_done[counter])
            problem("a counter lost acknowledged increments", counter);
        if (value > (int64_t)adds_begun[counter])
            problem("a counter counted more than was begun", counter);
        adds_done[counter] = 0; /* seen */
        return;
    }
    uint64_t number = number_of(row);
    if (number == UINT64_MAX)
        problem("half a row", strtoull((const char *)key.data + (key.size > 3 ? 3 : 0), NULL, 10));
    else if (key.size != row_key(number, expected) || memcmp(key.data, expected, key.size) != 0)
        problem("a row under a wrong key", number);
    else if (number >= row_count || !(rows[number] & IS_PUT_BEGUN))
        problem("a row that nobody wrote", number);
    else if (rows[number] & IS_DELETE_DONE)
        problem("a deleted row is back", number);
    else if (rows[number] & IS_SEEN)
        problem("a row twice", number);
    else
        rows[number] |= IS_SEEN;
}

static int check(const char *place, const char *path)
{
    read_notes(path);
    struct stele_client *client = open_client(place, true);
    struct stele_scan scan;
    stele_scan_init(&scan);
    table = stele_table_open(client, STELE_TEXT("kill9"));
    struct stele_scanner *scanner = stele_scanner_open(table, &scan);
    const struct stele_result *row;
    enum stele_status status;
    uint64_t seen = 0, must = 0, gone = 0;
    while ((status = stele_scanner_next(scanner, &row, &error)) == STELE_OK) {
        check_row(row);
        seen++;
    }
    if (status != STELE_END)
        stop("scan");
    for (uint64_t i = 0; i < row_count; i++) {
        bool must_be_there = (rows[i] & IS_PUT_DONE) && !(rows[i] & IS_DELETE_BEGUN);
        must += must_be_there;
        gone += (rows[i] & IS_DELETE_DONE) != 0;
        if (must_be_there && !(rows[i] & IS_SEEN))
            problem("an acknowledged row is lost", i);
    }
    for (unsigned i = 0; i < COUNTERS; i++)
        if (adds_done[i])
            problem("a counter is lost", i);
    stele_scanner_close(scanner);
    stele_table_close(table);
    stele_client_close(client);
    printf("%" PRIu64 " rows, %" PRIu64 " of them acknowledged, %" PRIu64 " deleted, %u problems\n",
        seen, must, gone, problems);
    return problems != 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return write_until_gone(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "check") == 0)
        return check(argv[2], argv[3]);
    fprintf(stderr, "usage: kill9_client write|check HOST:PORT NOTES\n");
    return 2;
}
