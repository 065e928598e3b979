#include "tests/support/linearizability.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "tests/support/history.h"

enum { CONFIGURATIONS_MAX = 2000000 };

/* ---- Values a row may have, each under a number; 0 = absent ---- */

struct values {
    struct span *items; /* [0] is not used */
    size_t count, capacity;
    struct arena arena;
};

static uint32_t value_number(struct values *values, struct span bytes)
{
    for (size_t i = values->count; i-- > 1;)
        if (span_equal(values->items[i], bytes))
            return (uint32_t)i;
    if (values->count >= values->capacity) {
        values->capacity = values->capacity ? values->capacity * 2 : 64;
        values->items = realloc(values->items, values->capacity * sizeof(values->items[0]));
        CHECK(values->items);
    }
    uint8_t *data = arena_allocate(&values->arena, bytes.size + 1);
    CHECK(data);
    if (bytes.size)
        memcpy(data, bytes.data, bytes.size);
    values->items[values->count] = span_make(data, bytes.size);
    return (uint32_t)values->count++;
}

/* ---- One row's search ---- */

/* The beginning of an operation, or its end; those not yet done are in a list in their order. Operations without an
 * answer are in a list of their own: they are tried when nothing else fits, for most never happened, or it does not
 * matter when. */
struct event {
    struct event *before, *after;
    struct event *end; /* of a beginning: its end; NULL: this is an end, or there is none */
    const struct operation *operation;
    size_t number; /* of the operation within the row */
    bool is_end;
};

/* An operation that was put next in the order, and what was before it. */
struct choice {
    struct event *event;
    uint32_t value;
};

struct search {
    struct values values;
    struct event head;       /* before the first */
    struct event unanswered; /* the same */
    struct event *events;
    size_t left; /* operations with an answer that are not done yet */
    uint64_t *done;
    size_t words; /* of done */
    uint32_t value;
    struct choice *choices;
    size_t depth, deepest;
    const struct operation *stuck; /* whose end could not be passed at the deepest point */

    uint64_t *configurations; /* `words` of done and the value, each */
    size_t configuration_count, configuration_capacity;
    uint32_t *table; /* hash table of their numbers, from 1 */
    size_t table_size;
};

static bool equals(const struct search *search, uint32_t number, const struct history_value *value)
{
    if (!value->is_there || number == 0)
        return !value->is_there && number == 0;
    return span_equal(search->values.items[number], value->bytes);
}

/* The value after an operation; false when its answer, if there is one, is not what the order
 * gives. */
static bool apply(struct search *search, const struct operation *operation, uint32_t *out_value)
{
    const struct history_call *call = &operation->call;
    const struct history_answer *answer = operation->ended == HISTORY_NEVER ? NULL
                                                                            : &operation->answer;
    uint32_t before = search->value;
    struct span old = before ? search->values.items[before] : SPAN_EMPTY;
    bool is_equal = false;
    *out_value = before;
    switch (call->kind) {
    case HISTORY_GET:
        return !answer || equals(search, before, &answer->value);
    case HISTORY_PUT:
        *out_value = value_number(&search->values, call->value);
        return true;
    case HISTORY_DELETE:
        *out_value = 0;
        return true;
    case HISTORY_CHECK_AND_PUT:
    case HISTORY_CHECK_AND_DELETE:
        is_equal = equals(search, before, &call->expected);
        if (is_equal)
            *out_value = call->kind == HISTORY_CHECK_AND_PUT
                             ? value_number(&search->values, call->value)
                             : 0;
        return !answer || answer->is_done == is_equal;
    case HISTORY_INCREMENT: {
        uint8_t sum[8];
        if (before && old.size != 8)
            return false;
        store_be64(sum, (before ? load_be64(old.data) : 0) + (uint64_t)call->amount);
        *out_value = value_number(&search->values, span_make(sum, 8));
        break;
    }
    case HISTORY_APPEND: {
        struct buffer both = {0};
        buffer_put(&both, old);
        buffer_put(&both, call->value);
        *out_value = value_number(&search->values, buffer_span(&both));
        buffer_deinit(&both);
        break;
    }
    }
    return !answer || answer->is_value_unknown || equals(search, *out_value, &answer->value);
}

/* ---- Configurations tried ---- */

static uint64_t hash_of(const uint64_t *key, size_t words)
{
    uint64_t hash = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < words; i++) {
        hash = (hash ^ key[i]) * 0xbf58476d1ce4e5b9u;
        hash ^= hash >> 29;
    }
    return hash;
}

static void table_put(struct search *search, uint32_t number)
{
    size_t words = search->words + 1;
    size_t at = hash_of(search->configurations + (number - 1) * words, words) &
                (search->table_size - 1);
    while (search->table[at])
        at = (at + 1) & (search->table_size - 1);
    search->table[at] = number;
}

static void grow(struct search *search)
{
    size_t words = search->words + 1;
    search->configuration_capacity = search->configuration_capacity
                                         ? search->configuration_capacity * 2
                                         : 256;
    search->configurations = realloc(
        search->configurations, search->configuration_capacity * words * sizeof(uint64_t));
    free(search->table);
    search->table_size = search->configuration_capacity * 2;
    search->table = calloc(search->table_size, sizeof(uint32_t));
    CHECK(search->configurations && search->table);
    for (size_t i = 1; i <= search->configuration_count; i++)
        table_put(search, (uint32_t)i);
}

/* Notes the present done set with this value; false when it was noted before. */
static bool is_new(struct search *search, uint32_t value)
{
    size_t words = search->words + 1;
    if (search->configuration_count == search->configuration_capacity)
        grow(search);
    uint64_t *key = search->configurations + search->configuration_count * words;
    memcpy(key, search->done, search->words * sizeof(uint64_t));
    key[search->words] = value;
    size_t at = hash_of(key, words) & (search->table_size - 1);
    for (; search->table[at]; at = (at + 1) & (search->table_size - 1)) {
        const uint64_t *other = search->configurations + (search->table[at] - 1) * words;
        if (memcmp(other, key, words * sizeof(uint64_t)) == 0)
            return false;
    }
    search->table[at] = (uint32_t)++search->configuration_count;
    return true;
}

/* ---- The walk ---- */

static void take_out(struct event *event)
{
    event->before->after = event->after;
    if (event->after)
        event->after->before = event->before;
}

static void put_back(struct event *event)
{
    event->before->after = event;
    if (event->after)
        event->after->before = event;
}

static bool choose(struct search *search, struct event *event)
{
    uint32_t value;
    uint64_t bit = UINT64_C(1) << event->number % 64;
    if (!apply(search, event->operation, &value))
        return false;
    search->done[event->number / 64] |= bit;
    if (!is_new(search, value)) {
        search->done[event->number / 64] &= ~bit;
        return false;
    }
    search->choices[search->depth++] = (struct choice){event, search->value};
    search->value = value;
    take_out(event);
    if (event->end) {
        take_out(event->end);
        search->left--;
    }
    return true;
}

/* The event that was chosen last, undone; NULL when there is none. */
static struct event *undo(struct search *search)
{
    if (search->depth == 0)
        return NULL;
    struct choice *choice = &search->choices[--search->depth];
    struct event *event = choice->event;
    search->value = choice->value;
    search->done[event->number / 64] &= ~(UINT64_C(1) << event->number % 64);
    if (event->end) {
        put_back(event->end);
        search->left++;
    }
    put_back(event);
    return event;
}

static bool is_alike(const struct operation *a, const struct operation *b)
{
    return a->call.kind == b->call.kind && a->call.amount == b->call.amount &&
           span_equal(a->call.value, b->call.value) &&
           a->call.expected.is_there == b->call.expected.is_there &&
           span_equal(a->call.expected.bytes, b->call.expected.bytes);
}

/* One like it began earlier, and is not done: whatever this one explains, that one does too, for neither has an end. */
static bool is_turn_of_another(const struct search *search, const struct event *event)
{
    for (const struct event *one = event->before; one != &search->unanswered; one = one->before)
        if (is_alike(one->operation, event->operation))
            return true;
    return false;
}

enum answer { EXPLAINED, NOT_EXPLAINED, GIVEN_UP };

static const struct event *first_end(const struct search *search)
{
    const struct event *event = search->head.after;
    while (!event->is_end)
        event = event->after;
    return event;
}

/* Notes how far the order came, for the report. */
static void note_stuck(struct search *search)
{
    if (search->depth < search->deepest)
        return;
    search->deepest = search->depth;
    search->stuck = first_end(search)->operation;
}

static enum answer walk(struct search *search)
{
    struct event *event = search->head.after;
    bool is_answered = true; /* which list `event` is of */
    while (search->left) {
        if (search->configuration_count > CONFIGURATIONS_MAX)
            return GIVEN_UP;
        if (is_answered && event->is_end) { /* of an operation that is not done: it should be */
            event = search->unanswered.after;
            is_answered = false;
        }
        if (event &&
            (is_answered || event->operation->begun < first_end(search)->operation->ended)) {
            if ((is_answered || !is_turn_of_another(search, event)) && choose(search, event)) {
                event = search->head.after;
                is_answered = true;
            } else {
                event = event->after;
            }
            continue;
        }
        note_stuck(search);
        event = undo(search);
        if (!event)
            return NOT_EXPLAINED;
        is_answered = event->end != NULL;
        event = event->after;
    }
    return EXPLAINED;
}

/* ---- A row ---- */

static int by_position(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    uint64_t px = x->is_end ? x->operation->ended : x->operation->begun;
    uint64_t py = y->is_end ? y->operation->ended : y->operation->begun;
    return px < py ? -1 : px > py;
}

/* Operations that failed, and reads without an answer, say nothing. */
static bool is_counted(const struct operation *operation)
{
    bool is_answered = operation->ended != HISTORY_NEVER;
    return is_answered ? operation->answer.outcome == HISTORY_OK
                       : operation->call.kind != HISTORY_GET;
}

static bool holds(struct span bytes, struct span part)
{
    return part.size == 0 || memmem(bytes.data, bytes.size, part.data, part.size) != NULL;
}

/* Of an operation without an answer: is what it wrote in any answer? An increment and a delete are taken as seen, for what
 * they leave has no mark of its own. */
static bool is_seen(
    const struct history *history, const struct history_row *row, const struct operation *operation)
{
    if (operation->call.kind != HISTORY_PUT && operation->call.kind != HISTORY_APPEND &&
        operation->call.kind != HISTORY_CHECK_AND_PUT)
        return true;
    for (size_t i = row->first; i != SIZE_MAX; i = history->operations[i].next_of_row) {
        const struct operation *one = &history->operations[i];
        bool has_value = one->answer.value.is_there;
        if (one == operation || one->ended == HISTORY_NEVER || one->answer.outcome != HISTORY_OK)
            continue;
        if ((has_value && holds(one->answer.value.bytes, operation->call.value)) ||
            (one->call.expected.is_there && holds(one->call.expected.bytes, operation->call.value)))
            return true;
    }
    return false;
}

/* has_unseen: with the operations without an answer that left nothing to see. */
static void prepare(struct search *search, const struct history *history,
    const struct history_row *row, bool has_unseen)
{
    size_t count = 0, operations = 0;
    *search = (struct search){.values = {.count = 1}};
    search->events = calloc(2 * row->count + 1, sizeof(struct event));
    CHECK(search->events);
    for (size_t i = row->first; i != SIZE_MAX; i = history->operations[i].next_of_row) {
        const struct operation *operation = &history->operations[i];
        if (!is_counted(operation) ||
            (!has_unseen && operation->ended == HISTORY_NEVER && !is_seen(history, row, operation)))
            continue;
        size_t number = operations++;
        search->events[count++] = (struct event){.operation = operation, .number = number};
        if (operation->ended == HISTORY_NEVER)
            continue;
        search->events[count++] = (struct event){
            .operation = operation, .number = number, .is_end = true};
        search->left++;
    }
    qsort(search->events, count, sizeof(struct event), by_position);
    struct event **ends = calloc(operations + 1, sizeof(struct event *));
    CHECK(ends);
    for (size_t i = count; i-- > 0;) {
        struct event *event = &search->events[i];
        if (event->is_end)
            ends[event->number] = event;
        else
            event->end = ends[event->number];
        struct event *head = event->is_end || event->end ? &search->head : &search->unanswered;
        event->before = head; /* from the last to the first */
        event->after = head->after;
        if (head->after)
            head->after->before = event;
        head->after = event;
    }
    free(ends);
    search->words = operations / 64 + 1;
    search->done = calloc(search->words, sizeof(uint64_t));
    search->choices = calloc(operations + 1, sizeof(struct choice));
    CHECK(search->done && search->choices);
}

static void search_deinit(struct search *search)
{
    arena_deinit(&search->values.arena);
    free(search->values.items);
    free(search->events);
    free(search->done);
    free(search->choices);
    free(search->configurations);
    free(search->table);
}

static void report(const struct history *history, const struct history_row *row,
    const struct search *search, struct buffer *out)
{
    buffer_put_format(out, "row %s: no order of its operations gives these answers", row->name);
    if (search->stuck)
        buffer_put_format(out, "; nothing fits before the end of #%zu",
            (size_t)(search->stuck - history->operations));
    buffer_put_format(out, "\n");
    history_print_operations(history, row, out);
}

bool history_check(
    const struct history *history, struct history_verdict *out_verdict, struct buffer *out_report)
{
    struct history_verdict verdict = {.rows = history->row_count};
    bool is_linearizable = true;
    for (size_t i = 0; i < history->row_count; i++) {
        const struct history_row *row = &history->rows[i];
        struct search search;
        prepare(&search, history, row, false);
        verdict.operations += row->count;
        for (size_t j = row->first; j != SIZE_MAX; j = history->operations[j].next_of_row)
            verdict.unknown += history->operations[j].ended == HISTORY_NEVER;
        enum answer answer = walk(&search);
        if (answer != EXPLAINED) { /* what left nothing to see may still have hidden something */
            search_deinit(&search);
            prepare(&search, history, row, true);
            answer = walk(&search);
        }
        verdict.undecided += answer == GIVEN_UP;
        if (answer == NOT_EXPLAINED) {
            is_linearizable = false;
            report(history, row, &search, out_report);
        }
        search_deinit(&search);
    }
    *out_verdict = verdict;
    return is_linearizable;
}
