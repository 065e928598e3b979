#include "server/master/history_document.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"

#define HISTORY_FORMAT 1

static bool take_double(struct span *in, double *out_value)
{
    uint64_t bits;
    double value;
    if (span_take_u64(in, &bits))
        return true;
    memcpy(&value, &bits, sizeof value);
    *out_value = value;
    return !isfinite(value);
}

static void put_double(struct buffer *out, double value)
{
    uint64_t bits;
    value = isfinite(value) ? value : 0;
    memcpy(&bits, &value, sizeof bits);
    buffer_put_u64(out, bits);
}

static bool take_time(struct span *in, int64_t *out_ms)
{
    uint64_t value;
    if (span_take_u64(in, &value))
        return true;
    *out_ms = (int64_t)value;
    return false;
}

/* ---- Reading ---- */

enum status history_take_head(
    struct span *bytes, struct history_head *out_head, struct error *error)
{
    struct history_head head = {0};
    struct span in = *bytes;
    uint8_t format;
    if (span_take_u8(&in, &format))
        return error_set(error, STATUS_CORRUPT, "history is empty");
    if (format != HISTORY_FORMAT)
        return error_set(error, STATUS_NEWER_FORMAT, "history has format %u, this program knows %u",
            format, HISTORY_FORMAT);
    if (span_take_u64(&in, &head.epoch) || take_time(&in, &head.run_ms) ||
        take_double(&in, &head.worst_share) || take_double(&in, &head.potential) ||
        span_take_sized(&in, &head.verdict) || span_take_varint(&in, &head.runs) ||
        span_take_varint(&in, &head.runs_with_moves) || span_take_varint(&in, &head.moves) ||
        span_take_varint(&in, &head.procedure_count) ||
        head.procedure_count > LIMIT_HISTORY_PROCEDURES ||
        span_take_varint(&in, &head.move_count) || head.move_count > LIMIT_HISTORY_MOVES)
        return error_set(error, STATUS_CORRUPT, "history has no head");
    *bytes = in;
    *out_head = head;
    return STATUS_OK;
}

enum status history_take_procedure(
    struct span *bytes, struct history_procedure *out_procedure, struct error *error)
{
    struct history_procedure made = {0};
    struct span in = *bytes;
    if (span_take_u64(&in, &made.id) || span_take_sized(&in, &made.kind) || made.kind.size == 0 ||
        take_time(&in, &made.submitted_ms) || take_time(&in, &made.ended_ms) ||
        take_time(&in, &made.asked_ms) || span_take_u64(&in, &made.nonce_group) ||
        span_take_u64(&in, &made.nonce) || span_take_sized(&in, &made.exception_class) ||
        span_take_sized(&in, &made.message))
        return error_set(error, STATUS_CORRUPT, "history ends in a procedure, or it has no kind");
    *bytes = in;
    *out_procedure = made;
    return STATUS_OK;
}

enum status history_take_move(
    struct span *bytes, struct history_move *out_move, struct error *error)
{
    struct history_move made = {0};
    struct span in = *bytes;
    uint8_t is_begun;
    if (take_time(&in, &made.time_ms) || span_take_sized(&in, &made.tablet) ||
        span_take_sized(&in, &made.table) || span_take_sized(&in, &made.from) ||
        span_take_sized(&in, &made.to) || span_take_sized(&in, &made.reason) ||
        take_double(&in, &made.gain) || span_take_u8(&in, &is_begun))
        return error_set(error, STATUS_CORRUPT, "history ends in a move");
    made.is_begun = is_begun != 0;
    *bytes = in;
    *out_move = made;
    return STATUS_OK;
}

enum status history_take_end(struct span bytes, struct error *error)
{
    return bytes.size ? error_set(error, STATUS_CORRUPT,
                            "history has %zu bytes after its last move", bytes.size)
                      : STATUS_OK;
}

/* ---- Writing ---- */

void history_put_head(struct buffer *out, const struct history_head *head)
{
    buffer_put_u8(out, HISTORY_FORMAT);
    buffer_put_u64(out, head->epoch);
    buffer_put_u64(out, (uint64_t)head->run_ms);
    put_double(out, head->worst_share);
    put_double(out, head->potential);
    buffer_put_sized(out, head->verdict);
    buffer_put_varint(out, head->runs);
    buffer_put_varint(out, head->runs_with_moves);
    buffer_put_varint(out, head->moves);
    buffer_put_varint(out, head->procedure_count);
    buffer_put_varint(out, head->move_count);
}

void history_put_procedure(struct buffer *out, const struct history_procedure *procedure)
{
    buffer_put_u64(out, procedure->id);
    buffer_put_sized(out, procedure->kind);
    buffer_put_u64(out, (uint64_t)procedure->submitted_ms);
    buffer_put_u64(out, (uint64_t)procedure->ended_ms);
    buffer_put_u64(out, (uint64_t)procedure->asked_ms);
    buffer_put_u64(out, procedure->nonce_group);
    buffer_put_u64(out, procedure->nonce);
    buffer_put_sized(out, procedure->exception_class);
    buffer_put_sized(out, procedure->message);
}

void history_put_move(struct buffer *out, const struct history_move *move)
{
    buffer_put_u64(out, (uint64_t)move->time_ms);
    buffer_put_sized(out, move->tablet);
    buffer_put_sized(out, move->table);
    buffer_put_sized(out, move->from);
    buffer_put_sized(out, move->to);
    buffer_put_sized(out, move->reason);
    put_double(out, move->gain);
    buffer_put_u8(out, move->is_begun);
}
