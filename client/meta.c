#include "client/meta.h"

#include "base/limits.h"
#include "proto/cell_block.h"
#include "proto/scan_message.h"
#include "proto/server_name.h"
#include "proto/wire.h"
#include "proto/znode.h"

/* Above the region that holds a row, hbase:meta may still have parents of splits whose daughters are
 * merged again: so many rows are looked at. */
enum { META_ROW_REACH = 4 };

static bool is_column(const struct cell *cell, const char *qualifier)
{
    return span_equal(cell->qualifier, span_string(qualifier));
}

static void place_decode(struct span value, struct meta_row *row)
{
    if (value.size && !host_port_parse(value, 0, &row->host, &row->port, NULL))
        return;
    row->host = SPAN_EMPTY;
}

/* TableState{state = 1}. */
static bool table_state_decode(struct span value, struct meta_row *row)
{
    struct wire_field field;
    while (!wire_take(&value, &field))
        if (wire_is(&field, 1, WIRE_VARINT) && field.value <= STELE_ENABLING)
            row->table_state = (enum stele_table_state)field.value;
    return true;
}

bool meta_row_decode(
    const struct cell *cells, size_t count, uint8_t *storage, struct meta_row *out_row)
{
    struct meta_row row = {.open_sequence = -1};
    bool is_region = false;
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &cells[i];
        struct span message;
        row.name = cell->row;
        if (span_equal(cell->family, SPAN_LITERAL("table")) && is_column(cell, "state"))
            row.is_table = table_state_decode(cell->value, &row);
        if (!span_equal(cell->family, SPAN_LITERAL("info")))
            continue;
        if (is_column(cell, "regioninfo"))
            is_region = !pbuf_unwrap(cell->value, &message, NULL) &&
                        !region_info_decode(message, storage, &row.info, NULL);
        else if (is_column(cell, "server"))
            place_decode(cell->value, &row);
        else if (is_column(cell, "serverstartcode") && cell->value.size == 8)
            row.start_code = load_be64(cell->value.data);
        else if (is_column(cell, "seqnumDuringOpen") && cell->value.size == 8)
            row.open_sequence = (int64_t)load_be64(cell->value.data);
        else if (is_column(cell, "state"))
            row.state = cell->value;
    }
    if (!is_region && !row.is_table)
        return false;
    *out_row = row;
    return true;
}

static void put_row(
    struct buffer *out, struct span table, const char *separator, struct span row, const char *id)
{
    buffer_put(out, table);
    buffer_put(out, span_string(separator));
    buffer_put(out, row);
    buffer_put(out, span_string(id));
}

void meta_scan_encode(struct buffer *out, enum meta_scan kind, struct span table, struct span row,
    struct span from, uint32_t limit)
{
    struct family_selection families[] = {
        {.family = SPAN_LITERAL("info")}, {.family = SPAN_LITERAL("table")}};
    struct buffer start = {0}, stop = {0};
    struct scan_message scan = {.has_scan = true,
        .has_number_of_rows = true,
        .number_of_rows = limit,
        .is_close = true,
        .caching = limit};
    scan_request_init(&scan.scan);
    scan.scan.read.families = families;
    scan.scan.read.family_count = 2;
    switch (kind) {
    case META_SCAN_TABLE:
        put_row(&stop, table, " ,", SPAN_EMPTY, ",");
        if (from.size == 0)
            from = table;
        else
            scan.scan.is_start_inclusive = false;
        buffer_put(&start, from);
        break;
    case META_SCAN_ALL:
        buffer_put(&start, from);
        scan.scan.is_start_inclusive = from.size == 0;
        break;
    case META_SCAN_ROW:
        put_row(&start, table, ",", row, ",99999999999999");
        put_row(&stop, table, ",", SPAN_EMPTY, ",");
        break;
    case META_SCAN_BEFORE:
        if (row.size)
            put_row(&start, table, ",", row, ",");
        else
            put_row(&start, table, " ,", SPAN_EMPTY, ",");
        put_row(&stop, table, ",", SPAN_EMPTY, ",");
        break;
    }
    if (kind == META_SCAN_ROW || kind == META_SCAN_BEFORE) {
        scan.scan.is_reversed = true;
        scan.scan.is_stop_inclusive = true;
        scan.scan.is_start_inclusive = kind == META_SCAN_ROW;
        scan.scan.read.family_count = 1;
        scan.number_of_rows = scan.caching = META_ROW_REACH;
    }
    scan.scan.start_row = buffer_span(&start);
    scan.scan.stop_row = buffer_span(&stop);
    scan_request_encode(out, &scan);
    out->is_failed |= start.is_failed || stop.is_failed;
    buffer_deinit(&start);
    buffer_deinit(&stop);
}

enum status meta_answer_decode(struct span message, struct span cell_block, struct arena *arena,
    meta_row_function *each, void *context, struct meta_answer *out_answer, struct error *error)
{
    struct meta_answer answer = {0};
    struct scan_response response;
    uint8_t storage[LIMIT_TABLE_NAME_SIZE];
    enum status status = scan_response_decode(message, arena, &response, error);
    if (status)
        return status;
    struct span results = response.results;
    for (size_t i = 0; i < response.result_count; i++) {
        struct result result = {0};
        struct span inner;
        struct cell *cells = NULL;
        if (response.inline_result_count) {
            if (!scan_response_take_result(&results, &inner) ||
                (status = result_decode(inner, &cell_block, arena, &result, error)))
                return status ? status : STATUS_INVALID;
        } else {
            size_t count = response.cells_per_result[i];
            if (count > cell_block.size || !(cells = arena_allocate(arena, count * sizeof(*cells))))
                return error_set(error, STATUS_INVALID, "a row of hbase:meta is malformed");
            for (size_t c = 0; c < count; c++)
                if (cell_block_take(&cell_block, &cells[c], error))
                    return STATUS_INVALID;
            result = (struct result){.cells = cells, .cell_count = count};
        }
        struct meta_row row;
        if (result.cell_count)
            answer.last = result.cells[0].row;
        answer.count++;
        if (meta_row_decode(result.cells, result.cell_count, storage, &row))
            each(context, &row);
    }
    answer.has_more = answer.count && response.more_results_in_region &&
                      (!response.has_more_results || response.more_results);
    *out_answer = answer;
    return STATUS_OK;
}
