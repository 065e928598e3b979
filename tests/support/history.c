#include "tests/support/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

struct history *history_new(void)
{
    struct history *history = calloc(1, sizeof(*history));
    CHECK(history);
    return history;
}

void history_free(struct history *history)
{
    if (!history)
        return;
    arena_deinit(&history->arena);
    free(history->operations);
    free(history->rows);
    free(history);
}

static struct span copy(struct history *history, struct span bytes)
{
    if (bytes.size == 0)
        return SPAN_EMPTY;
    uint8_t *data = arena_allocate(&history->arena, bytes.size);
    CHECK(data);
    memcpy(data, bytes.data, bytes.size);
    return span_make(data, bytes.size);
}

static struct history_row *row_of(struct history *history, const char *name)
{
    for (size_t i = 0; i < history->row_count; i++)
        if (strcmp(history->rows[i].name, name) == 0)
            return &history->rows[i];
    if (history->row_count == history->row_capacity) {
        history->row_capacity = history->row_capacity ? history->row_capacity * 2 : 64;
        history->rows = realloc(history->rows, history->row_capacity * sizeof(history->rows[0]));
        CHECK(history->rows);
    }
    struct history_row *row = &history->rows[history->row_count++];
    struct span text = copy(history, span_make(name, strlen(name) + 1));
    *row = (struct history_row){.name = (const char *)text.data, .first = SIZE_MAX};
    return row;
}

/* A new operation of unknown outcome, in its row. */
static struct operation *add(
    struct history *history, const struct history_call *call, uint64_t begun, uint64_t now_ns)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity ? history->capacity * 2 : 1024;
        history->operations = realloc(
            history->operations, history->capacity * sizeof(history->operations[0]));
        CHECK(history->operations);
    }
    struct history_row *row = row_of(history, call->row);
    size_t index = history->count++;
    struct operation *operation = &history->operations[index];
    *operation = (struct operation){.call = *call,
        .begun = begun,
        .ended = HISTORY_NEVER,
        .begun_ns = now_ns,
        .next_of_row = SIZE_MAX};
    operation->call.row = row->name;
    operation->call.value = copy(history, call->value);
    operation->call.expected.bytes = copy(history, call->expected.bytes);
    if (row->first == SIZE_MAX)
        row->first = index;
    else
        history->operations[row->last].next_of_row = index;
    row->last = index;
    row->count++;
    return operation;
}

size_t history_invoke(struct history *history, const struct history_call *call, uint64_t now_ns)
{
    return (size_t)(add(history, call, ++history->events, now_ns) - history->operations);
}

void history_repeat(struct history *history, size_t index, unsigned times)
{
    while (times--) {
        const struct operation original = history->operations[index];
        (void)add(history, &original.call, original.begun, original.begun_ns);
    }
}

void history_return(
    struct history *history, size_t index, const struct history_answer *answer, uint64_t now_ns)
{
    struct operation *operation = &history->operations[index];
    CHECK(operation->ended == HISTORY_NEVER);
    operation->answer = *answer;
    operation->answer.value.bytes = copy(history, answer->value.bytes);
    operation->ended_ns = now_ns;
    if (answer->outcome != HISTORY_UNKNOWN)
        operation->ended = ++history->events;
}

/* ---- For people ---- */

static void put_value(struct buffer *out, const struct history_value *value)
{
    if (!value->is_there) {
        buffer_put_format(out, "absent");
        return;
    }
    buffer_put_format(out, "\"");
    buffer_put_escaped(out, value->bytes);
    buffer_put_format(out, "\"");
}

static void put_call(struct buffer *out, const struct history_call *call)
{
    static const char *const names[] = {[HISTORY_GET] = "get",
        [HISTORY_PUT] = "put",
        [HISTORY_DELETE] = "delete",
        [HISTORY_CHECK_AND_PUT] = "check and put",
        [HISTORY_CHECK_AND_DELETE] = "check and delete",
        [HISTORY_INCREMENT] = "increment",
        [HISTORY_APPEND] = "append"};
    struct history_value value = {true, call->value};
    buffer_put_format(out, "%s", names[call->kind]);
    if (call->kind == HISTORY_CHECK_AND_PUT || call->kind == HISTORY_CHECK_AND_DELETE) {
        buffer_put_format(out, " if ");
        put_value(out, &call->expected);
    }
    if (call->kind == HISTORY_INCREMENT) {
        buffer_put_format(out, " by %lld", (long long)call->amount);
    } else if (call->kind == HISTORY_PUT || call->kind == HISTORY_CHECK_AND_PUT ||
               call->kind == HISTORY_APPEND) {
        buffer_put_format(out, " ");
        put_value(out, &value);
    }
}

static void put_answer(struct buffer *out, const struct operation *operation)
{
    const struct history_answer *answer = &operation->answer;
    if (operation->ended == HISTORY_NEVER || answer->outcome == HISTORY_FAILED) {
        buffer_put_format(
            out, operation->ended == HISTORY_NEVER ? "nobody knows" : "did not happen");
        return;
    }
    switch (operation->call.kind) {
    case HISTORY_PUT:
    case HISTORY_DELETE:
        buffer_put_format(out, "done");
        break;
    case HISTORY_CHECK_AND_PUT:
    case HISTORY_CHECK_AND_DELETE:
        buffer_put_format(out, answer->is_done ? "done" : "not equal");
        break;
    default:
        put_value(out, &answer->value);
    }
}

void history_print_operations(
    const struct history *history, const struct history_row *row, struct buffer *out)
{
    for (size_t i = row->first; i != SIZE_MAX; i = history->operations[i].next_of_row) {
        const struct operation *operation = &history->operations[i];
        buffer_put_format(out, "  #%zu client %u  events %llu-", i, operation->call.client,
            (unsigned long long)operation->begun);
        if (operation->ended != HISTORY_NEVER)
            buffer_put_format(out, "%llu", (unsigned long long)operation->ended);
        buffer_put_format(out, "  %.6f-%.6f s  ", (double)operation->begun_ns / 1e9,
            (double)operation->ended_ns / 1e9);
        put_call(out, &operation->call);
        buffer_put_format(out, " -> ");
        put_answer(out, operation);
        buffer_put_format(out, "\n");
    }
}

void history_print_row(const struct history *history, const char *name, struct buffer *out_text)
{
    for (size_t i = 0; i < history->row_count; i++)
        if (strcmp(history->rows[i].name, name) == 0)
            history_print_operations(history, &history->rows[i], out_text);
}
