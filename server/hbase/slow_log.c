#include "server/hbase/slow_log.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "proto/wire.h"
#include "server/hbase/client_service.h"

void slow_log_init(struct slow_log *log)
{
    memset(log, 0, sizeof *log);
    mutex_init(&log->mu, LOCK_RANK_LOOP);
}

void slow_log_deinit(struct slow_log *log)
{
    mutex_deinit(&log->mu);
    memory_free(log->calls);
}

/* ---- What it was about: the first fields of the request ---- */

/* RegionSpecifier{type 1 (1 = by name, 2 = encoded), value 2}. */
static void read_region(struct span message, struct slow_call *slow)
{
    struct wire_field field;
    while (wire_take(&message, &field) == STATUS_OK) {
        if (wire_is(&field, 1, WIRE_VARINT))
            slow->is_encoded = field.value == 2;
        if (wire_is(&field, 2, WIRE_BYTES))
            snprintf(slow->region, sizeof slow->region, "%.*s", (int)field.bytes.size,
                (const char *)field.bytes.data);
    }
}

/* The row of a Get or a mutation is field 1, the first row of a Scan field 3. */
static void read_row(struct span message, uint32_t number, struct slow_call *slow)
{
    struct wire_field field;
    while (wire_take(&message, &field) == STATUS_OK) {
        if (!wire_is(&field, number, WIRE_BYTES))
            continue;
        slow->row_size = field.bytes.size < sizeof slow->row ? field.bytes.size : sizeof slow->row;
        if (slow->row_size)
            memcpy(slow->row, field.bytes.data, slow->row_size);
    }
}

/* GetRequest, MutateRequest, ScanRequest: {region 1, what 2}; MultiRequest{regionAction 1{region 1}}. */
static void read_request(const struct call *call, struct slow_call *slow)
{
    struct span in = call->param;
    struct wire_field field;
    enum call_kind kind = client_method_kind(call->method);
    while (kind != CALL_OTHER && wire_take(&in, &field) == STATUS_OK) {
        struct span inside = field.bytes;
        struct wire_field first;
        if (wire_is(&field, 1, WIRE_BYTES) && kind == CALL_MULTI) {
            if (!slow->region[0] && wire_take(&inside, &first) == STATUS_OK &&
                wire_is(&first, 1, WIRE_BYTES))
                read_region(first.bytes, slow);
        } else if (wire_is(&field, 1, WIRE_BYTES)) {
            read_region(field.bytes, slow);
        } else if (wire_is(&field, 2, WIRE_BYTES) && kind != CALL_MULTI) {
            read_row(field.bytes, kind == CALL_SCAN ? 3 : 1, slow);
        }
    }
}

void slow_log_note(struct slow_log *log, const struct call *call, uint64_t duration_ns)
{
    struct slow_call slow = {
        .time_ms = env_wall_ms(call->service->env),
        .op = call->method ? call->method->name : "?",
        .duration_ns = duration_ns,
        .request_bytes = call->param.size + call->cell_block.size,
        .response_bytes = call->result.size + call->cells.size,
        .exception_class = call->is_failed ? call->exception_class : NULL,
    };
    if (call->is_own) /* else its bytes may be gone: it waited for the answer only */
        read_request(call, &slow);
    if (connection_is_open(call->connection))
        snprintf(slow.client, sizeof slow.client, "%s", call->connection->stream->peer);
    mutex_lock(&log->mu);
    if (!log->calls)
        log->calls = memory_allocate_zeroed(SLOW_LOG_KEPT, sizeof *log->calls);
    if (log->calls)
        log->calls[log->count++ % SLOW_LOG_KEPT] = slow;
    mutex_unlock(&log->mu);
}

uint64_t slow_log_count(struct slow_log *log)
{
    mutex_lock(&log->mu);
    uint64_t count = log->count;
    mutex_unlock(&log->mu);
    return count;
}

bool slow_log_read(struct slow_log *log, uint64_t number, struct slow_call *out_call)
{
    mutex_lock(&log->mu);
    bool is_kept = number < log->count && log->count - number <= SLOW_LOG_KEPT;
    if (is_kept)
        *out_call = log->calls[number % SLOW_LOG_KEPT];
    mutex_unlock(&log->mu);
    return is_kept;
}
