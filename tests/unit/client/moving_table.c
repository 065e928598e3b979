#include "tests/unit/client/moving_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "proto/exception_class.h"
#include "proto/multi_message.h"
#include "proto/region.h"
#include "proto/scan_message.h"
#include "proto/wire.h"

#define TABLE SPAN_LITERAL("t")

/* ---- rows ---- */

static struct span row_key(int index, char storage[8])
{
    return span_make(storage, (size_t)snprintf(storage, 8, "r%03d", index));
}

/* How many rows are below the key. */
static int rows_below(struct span key)
{
    int count = 0;
    char storage[8];
    while (count < MOVING_ROWS && span_compare(row_key(count, storage), key) < 0)
        count++;
    return count;
}

static bool is_row(struct span key)
{
    char storage[8];
    int index = rows_below(key);
    return index < MOVING_ROWS && span_equal(row_key(index, storage), key);
}

/* ---- regions ---- */

static int compare_regions(const void *a, const void *b)
{
    const struct moving_region *x = a, *y = b;
    int order = strcmp(x->start_key, y->start_key);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

static void add(struct moving_table *table, const char *start, const char *end, unsigned server)
{
    struct moving_region *region = &table->regions[table->count++];
    *region = (struct moving_region){
        .id = ++table->last_id, .server = server, .moved_from = FAKE_SERVERS};
    snprintf(region->start_key, sizeof(region->start_key), "%s", start);
    snprintf(region->end_key, sizeof(region->end_key), "%s", end);
}

static void sort(struct moving_table *table)
{
    qsort(table->regions, table->count, sizeof(table->regions[0]), compare_regions);
}

static void remove_at(struct moving_table *table, size_t index)
{
    memmove(table->regions + index, table->regions + index + 1,
        (--table->count - index) * sizeof(table->regions[0]));
}

static unsigned any_server(struct moving_table *table)
{
    return (unsigned)dice_below(&table->dice, FAKE_SERVERS);
}

static void split(struct moving_table *table, size_t index)
{
    struct moving_region *region = &table->regions[index];
    int low = rows_below(span_string(region->start_key));
    int high = region->end_key[0] ? rows_below(span_string(region->end_key)) : MOVING_ROWS;
    char key[8], start[8], end[8];
    if (high - low < 4 || table->count + 2 > MOVING_REGIONS)
        return;
    row_key(low + 1 + (int)dice_below(&table->dice, (uint64_t)(high - low - 2)), key);
    memcpy(start, region->start_key, sizeof(start));
    memcpy(end, region->end_key, sizeof(end));
    region->is_parent = true;
    add(table, start, key, any_server(table));
    table->last_id--; /* both daughters have one id, as in HBase */
    add(table, key, end, any_server(table));
    sort(table);
    table->splits++;
}

/* With the next region that serves: the parents of merges leave hbase:meta at once. */
static void merge(struct moving_table *table, size_t index)
{
    size_t next = index + 1;
    char start[8], end[8];
    while (next < table->count && table->regions[next].is_parent)
        next++;
    if (next == table->count)
        return;
    memcpy(start, table->regions[index].start_key, sizeof(start));
    memcpy(end, table->regions[next].end_key, sizeof(end));
    remove_at(table, next);
    remove_at(table, index);
    add(table, start, end, any_server(table));
    sort(table);
    table->merges++;
}

static void move(struct moving_table *table, size_t index)
{
    struct moving_region *region = &table->regions[index];
    unsigned to = any_server(table);
    if (to == region->server)
        return;
    region->moved_from = region->server;
    region->server = to;
    table->moves++;
}

static void change(struct moving_table *table)
{
    size_t index = dice_below(&table->dice, table->count);
    if (table->regions[index].is_parent) {
        if (dice_chance(&table->dice, 30))
            remove_at(table, index); /* the catalog janitor */
        return;
    }
    switch (dice_below(&table->dice, 3)) {
    case 0:
        split(table, index);
        break;
    case 1:
        merge(table, index);
        break;
    default:
        move(table, index);
    }
}

static void name_of(const struct moving_region *region, struct buffer *out)
{
    region_name_put(out, TABLE, span_string(region->start_key), region->id);
}

static struct moving_region *find(struct moving_table *table, struct span name)
{
    struct moving_region *found = NULL;
    for (size_t i = 0; i < table->count && !found; i++) {
        struct buffer own = {0};
        name_of(&table->regions[i], &own);
        if (span_equal(buffer_span(&own), name) && !table->regions[i].is_parent)
            found = &table->regions[i];
        buffer_deinit(&own);
    }
    return found;
}

/* The region that serves there, or NULL and why not. text: 128 bytes. */
static struct moving_region *serving(struct moving_table *table, unsigned server, struct span name,
    const char **out_class, char *text)
{
    struct moving_region *region = find(table, name);
    if (region && region->server == server)
        return region;
    table->refusals++;
    *out_class = EXCEPTION_NOT_SERVING_REGION;
    snprintf(text, 128, "not here");
    if (region && region->moved_from == server && dice_chance(&table->dice, 50)) {
        *out_class = EXCEPTION_REGION_MOVED_CLASS;
        snprintf(text, 128,
            "Region moved to: hostname=127.0.0.1 port=%u startCode=1. As of locationSeqNum=5.",
            table->cluster.ports[region->server]);
    }
    return NULL;
}

/* ---- hbase:meta ---- */

/* A row of hbase:meta in three parts; a table's own row has no start key. */
struct meta_key {
    struct span table, start, id;
};

static struct meta_key meta_key(struct span row)
{
    struct meta_key key = {.table = row};
    region_name_split(row, &key.table, &key.start, &key.id);
    return key;
}

static int compare_meta(struct span a, struct span b)
{
    struct meta_key x = meta_key(a), y = meta_key(b);
    int order = span_compare(x.table, y.table);
    if (!order)
        order = span_compare(x.start, y.start);
    return order ? order : span_compare(x.id, y.id);
}

static void put_region_row(struct moving_table *table, const struct moving_region *region,
    struct span name, struct buffer *block, uint32_t *count)
{
    struct buffer info = {0}, place = {0};
    struct region_info fields = {.region_id = region->id,
        .table = TABLE,
        .start_key = span_string(region->start_key),
        .end_key = span_string(region->end_key),
        .is_offline = region->is_parent,
        .is_split = region->is_parent};
    buffer_put(&info, SPAN_LITERAL("PBUF"));
    region_info_encode(&info, &fields);
    buffer_put_format(&place, "127.0.0.1:%u", table->cluster.ports[region->server]);
    fake_put_cell(block, name, "info", "regioninfo", buffer_span(&info), count);
    fake_put_cell(block, name, "info", "server", buffer_span(&place), count);
    buffer_deinit(&info);
    buffer_deinit(&place);
}

static bool is_asked(const struct scan_request *scan, struct span row)
{
    int start = scan->start_row.size ? compare_meta(row, scan->start_row) : 1;
    int stop = scan->stop_row.size ? compare_meta(row, scan->stop_row) : -1;
    if (scan->is_reversed) {
        start = scan->start_row.size ? -start : 1;
        stop = -stop;
    }
    return (start > 0 || (start == 0 && scan->is_start_inclusive)) &&
           (stop < 0 || (stop == 0 && scan->is_stop_inclusive));
}

static void reply_meta(void *context, struct fake_call *call)
{
    struct moving_table *table = context;
    struct scan_message scan;
    struct arena arena = {0};
    struct buffer message = {0}, block = {0};
    uint32_t counts[MOVING_REGIONS + 1] = {0};
    size_t rows = 0, most = 1 + dice_below(&table->dice, 12);
    bool has_more = false;
    if (scan_request_decode(call->frame.param, &arena, &scan, NULL))
        abort();
    if (most > scan.number_of_rows)
        most = scan.number_of_rows;
    if (!scan.scan.is_reversed && is_asked(&scan.scan, TABLE))
        fake_put_cell(&block, TABLE, "table", "state", SPAN_LITERAL("\x08\x00"), &counts[rows++]);
    for (size_t i = 0; i < table->count; i++) {
        const struct moving_region *region =
            &table->regions[scan.scan.is_reversed ? table->count - 1 - i : i];
        struct buffer name = {0};
        name_of(region, &name);
        if (is_asked(&scan.scan, buffer_span(&name))) {
            if (rows < most)
                put_region_row(table, region, buffer_span(&name), &block, &counts[rows++]);
            else
                has_more = true;
        }
        buffer_deinit(&name);
    }
    struct scan_response response = {.has_more_results = true,
        .more_results = true,
        .has_more_results_in_region = true,
        .more_results_in_region = has_more,
        .cells_per_result = counts,
        .result_count = rows};
    scan_response_encode(&message, &response);
    fake_reply(call, buffer_span(&message), buffer_span(&block));
    buffer_deinit(&message);
    buffer_deinit(&block);
    arena_deinit(&arena);
}

/* ---- scans ---- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int greatest(int a, int b)
{
    return a > b ? a : b;
}

static void aim(struct moving_scanner *scanner, const struct scan_request *scan,
    const struct moving_region *region)
{
    int low = rows_below(span_string(region->start_key));
    int high = region->end_key[0] ? rows_below(span_string(region->end_key)) : MOVING_ROWS;
    bool skips_start = scan->start_row.size && is_row(scan->start_row) && !scan->is_start_inclusive;
    bool skips_stop = scan->stop_row.size && is_row(scan->stop_row) && !scan->is_stop_inclusive;
    int start = rows_below(scan->start_row), stop = rows_below(scan->stop_row);
    if (!scan->is_reversed) {
        scanner->step = 1;
        scanner->next = greatest(low, start + skips_start);
        scanner->last = high - 1;
        if (scan->stop_row.size)
            scanner->last = least(
                high - 1, is_row(scan->stop_row) && !skips_stop ? stop : stop - 1);
    } else {
        scanner->step = -1;
        scanner->next = high - 1;
        if (scan->start_row.size)
            scanner->next = least(
                high - 1, is_row(scan->start_row) && !skips_start ? start : start - 1);
        scanner->last = scan->stop_row.size ? greatest(low, stop + skips_stop) : low;
    }
}

static void reply_rows(struct moving_table *table, struct fake_call *call, uint64_t id)
{
    struct moving_scanner *scanner = &table->scanners[id - 1];
    char names[16][8];
    const char *rows[16];
    size_t count = 0, most = dice_below(&table->dice, 9); /* 0: a heartbeat */
    while (count < most && count < scanner->most &&
           (scanner->last - scanner->next) * scanner->step >= 0) {
        row_key(scanner->next, names[count]);
        rows[count] = names[count];
        scanner->next += scanner->step;
        count++;
    }
    bool has_more = (scanner->last - scanner->next) * scanner->step >= 0;
    if (!has_more)
        scanner->region = 0;
    fake_reply_rows(call, rows, count, id, has_more, false);
}

static void scan(struct moving_table *table, struct fake_call *call)
{
    struct scan_message message;
    struct arena arena = {0};
    const char *class_name = EXCEPTION_NOT_SERVING_REGION;
    char text[128] = "gone";
    if (scan_request_decode(call->frame.param, &arena, &message, NULL))
        abort();
    uint64_t id = message.scanner_id;
    if (message.has_scanner_id && message.is_close) {
        table->scanners[id - 1].region = 0;
        fake_reply_rows(call, NULL, 0, id, false, false);
    } else if (message.has_scanner_id) {
        struct moving_scanner *scanner = &table->scanners[id - 1];
        bool is_there = false;
        for (size_t i = 0; i < table->count; i++)
            is_there |= table->regions[i].id == scanner->region && !table->regions[i].is_parent &&
                        table->regions[i].server == scanner->server &&
                        scanner->server == call->server;
        if (scanner->sequence++ != message.next_call_seq)
            abort();
        if (is_there) {
            reply_rows(table, call, id);
        } else {
            table->refusals++;
            if (dice_chance(&table->dice, 50))
                class_name = EXCEPTION_UNKNOWN_SCANNER;
            fake_throw(call, class_name, text, class_name[0] == 'U');
        }
    } else {
        struct moving_region *region = serving(
            table, call->server, message.region.value, &class_name, text);
        if (region) {
            id = table->scanner_count++ % MOVING_SCANNERS + 1;
            struct moving_scanner *scanner = &table->scanners[id - 1];
            *scanner = (struct moving_scanner){.region = region->id,
                .server = region->server,
                .most = message.number_of_rows ? message.number_of_rows : 1};
            aim(scanner, &message.scan, region);
            reply_rows(table, call, id);
        } else {
            fake_throw(call, class_name, text, false);
        }
    }
    arena_deinit(&arena);
}

/* ---- other calls ---- */

static void put(struct moving_table *table, struct span row)
{
    if (!is_row(row))
        abort();
    table->puts[rows_below(row)]++;
}

static void multi(struct moving_table *table, struct fake_call *call)
{
    struct multi_message message;
    struct arena arena = {0};
    struct buffer out = {0};
    if (multi_request_decode(
            call->frame.param, call->frame.cell_block, &arena, &message, &(struct error){0}))
        abort();
    for (size_t r = 0; r < message.region_count; r++) {
        const struct region_action *action = &message.regions[r];
        const char *class_name = "";
        char text[128];
        size_t mark = multi_response_region_begin(&out);
        if (serving(table, call->server, action->region.value, &class_name, text)) {
            struct result none = {0};
            for (size_t a = 0; a < action->action_count; a++) {
                put(table, action->actions[a].mutation.row);
                multi_response_put_result(&out, action->actions[a].index, &none, false);
            }
        } else {
            multi_response_put_region_exception(&out, span_string(class_name), span_string(text));
        }
        multi_response_region_end(&out, mark);
    }
    fake_reply(call, buffer_span(&out), SPAN_EMPTY);
    buffer_deinit(&out);
    arena_deinit(&arena);
}

/* Get and Mutate: {region = 1, ...}. */
static void one_row(struct moving_table *table, struct fake_call *call)
{
    struct mutate_message mutate;
    struct get_message get;
    struct arena arena = {0};
    const char *class_name = "";
    char text[128];
    bool is_get = span_equal(call->frame.method, SPAN_LITERAL("Get"));
    if (is_get ? get_request_decode(call->frame.param, &arena, &get, NULL)
               : mutate_request_decode(
                     call->frame.param, call->frame.cell_block, &arena, &mutate, NULL))
        abort();
    struct span name = is_get ? get.region.value : mutate.region.value;
    if (!serving(table, call->server, name, &class_name, text)) {
        fake_throw(call, class_name, text, false);
    } else {
        if (!is_get)
            put(table, mutate.mutation.row);
        fake_reply_cell(call, "value");
    }
    arena_deinit(&arena);
}

/* Failures that pass, now and then. */
static bool fails(struct moving_table *table, struct fake_call *call)
{
    static const char *const classes[] = {EXCEPTION_REGION_TOO_BUSY, EXCEPTION_REGION_OPENING,
        EXCEPTION_CALL_QUEUE_TOO_BIG, EXCEPTION_SERVER_NOT_RUNNING_YET, EXCEPTION_SERVER_STOPPED,
        EXCEPTION_IO};
    if (!dice_chance(&table->dice, 5))
        return false;
    table->other_failures++;
    if (dice_chance(&table->dice, 15)) {
        fake_break(call);
        return true;
    }
    fake_throw(call, classes[dice_below(&table->dice, sizeof(classes) / sizeof(classes[0]))], "why",
        false);
    return true;
}

static bool is_close_of_scanner(const struct fake_call *call)
{
    struct scan_message message;
    struct arena arena = {0};
    bool is_close = span_equal(call->frame.method, SPAN_LITERAL("Scan")) &&
                    !scan_request_decode(call->frame.param, &arena, &message, NULL) &&
                    message.is_close;
    arena_deinit(&arena);
    return is_close;
}

static void answer(void *context, struct fake_call *call)
{
    struct moving_table *table = context;
    if (dice_chance(&table->dice, 30))
        change(table);
    if (!is_close_of_scanner(call) && fails(table, call))
        return;
    if (span_equal(call->frame.method, SPAN_LITERAL("Scan")))
        scan(table, call);
    else if (span_equal(call->frame.method, SPAN_LITERAL("Multi")))
        multi(table, call);
    else
        one_row(table, call);
}

void moving_table_init(struct moving_table *table, struct event_base *loop, uint64_t seed)
{
    *table = (struct moving_table){.dice = {seed}, .last_id = 1000};
    fake_cluster_init(&table->cluster, loop, answer, table);
    table->cluster.meta_function = reply_meta;
    add(table, "", "", 0);
    for (int i = 0; i < 20; i++)
        change(table);
}

void moving_table_deinit(struct moving_table *table)
{
    fake_cluster_deinit(&table->cluster);
}
