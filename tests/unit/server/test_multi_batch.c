/* Whole batches, from the message to the answer: what memory they take, what they say when there is none, and how many
 * words their failures get. */
#include "tests/support/tablet_world.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/memory.h"
#include "proto/multi_message.h"
#include "server/hbase/multi_service.h"
#include "server/net/loop.h"

#define TABLET "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct call_method method = {"Multi", multi_service_multi};

struct batch_world {
    struct tablet_world world;
    struct tablet_service *tablets;
    struct hbase_service service;
    struct reactor reactor;
    struct loop loop;
    struct call call;
    bool is_done;
    struct buffer message;
    struct buffer cells;
};

static struct batch_world *posting; /* to its reactor */

/* The call's answer is ready. */
static void post(struct reactor *reactor, struct task *task)
{
    (void)reactor;
    assert_ptr_equal(task, &posting->call.task);
    tablet_world_signal(&posting->world, &posting->is_done);
}

static const struct reactor_table table = {.post = post};

static int set_up(void **state)
{
    struct error error = {0};
    struct batch_world *self = memory_allocate_zeroed(1, sizeof *self);
    struct tablet_info tablet = {.id = TABLET, .region_id = 7, .state = TABLET_CLOSED};
    tablet_world_init(&self->world, 11, ENV_MEMORY_SEEDED);
    tablet_world_set_families(&self->world, "f");
    assert_ok(tablet_world_start(&self->world, &error), &error);
    strcpy(tablet.table_id, self->world.table_id);
    assert_ok(
        store_tablet_create(self->world.store, self->world.table_id, &tablet, 1, &error), &error);
    assert_ok(tablet_service_new(self->world.store, &self->tablets), NULL);
    assert_ok(tablet_service_begin_open(self->tablets, &self->world.schema, &tablet), NULL);
    assert_ok(tablet_service_open(
                  self->tablets, TABLET, self->world.table_id, &self->world.schema, &error),
        &error);
    self->reactor.table = &table;
    self->loop.reactor = &self->reactor;
    self->service = (struct hbase_service){.name_text = "here,1,2",
        .env = self->world.env,
        .store = self->world.store,
        .tablets = self->tablets,
        .requests.limit_bytes = 1 << 30};
    posting = self;
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    struct batch_world *self = *state;
    served_tablet_unref(tablet_service_take(self->tablets, TABLET));
    tablet_world_stop(&self->world);
    tablet_service_free(self->tablets);
    tablet_world_deinit(&self->world);
    buffer_deinit(&self->message);
    buffer_deinit(&self->cells);
    memory_free(self);
    return 0;
}

/* A put for each of `count` rows, into a family that is there or not. */
static void make_puts(struct batch_world *self, size_t count, struct span family)
{
    size_t mark = multi_region_begin(
        &self->message, (struct region_specifier){SPAN_LITERAL(TABLET), true}, false);
    for (size_t i = 0; i < count; i++) {
        char row[24];
        snprintf(row, sizeof row, "row%09zu", i);
        struct cell cell = {.row = span_string(row),
            .family = family,
            .qualifier = SPAN_LITERAL("q"),
            .value = SPAN_LITERAL("v"),
            .timestamp = TIMESTAMP_LATEST,
            .type = CELL_PUT};
        struct mutation mutation = {.kind = MUTATION_PUT,
            .row = cell.row,
            .cells = &cell,
            .cell_count = 1,
            .timestamp = TIMESTAMP_LATEST,
            .time_range = TIME_RANGE_ALL};
        multi_put_mutation(
            &self->message, &self->cells, (uint32_t)i, &mutation, CELL_CODEC_KEY_VALUE);
    }
    multi_region_end(&self->message, mark);
}

/* On a worker, to its end; its memory stays. */
static void run(struct batch_world *self)
{
    self->is_done = false;
    self->call = (struct call){.service = &self->service,
        .loop = &self->loop,
        .method = &method,
        .codec = CELL_CODEC_KEY_VALUE,
        .param = buffer_span(&self->message),
        .cell_block = buffer_span(&self->cells),
        .may_block = true,
        .arena.budget = &self->service.requests,
        .arena.uncounted_bytes = ARENA_CHUNK_BYTES_MIN};
    if (method.handler(&self->call) == CALL_PENDING)
        tablet_world_wait(&self->world, &self->is_done);
}

static void release(struct batch_world *self)
{
    arena_deinit(&self->call.arena);
    if (self->call.is_counted)
        memory_budget_give(&self->service.requests, self->call.counted_size);
    buffer_deinit(&self->call.own);
    buffer_deinit(&self->call.result);
    buffer_deinit(&self->call.cells);
    buffer_deinit(&self->call.exception_text);
}

struct tally {
    size_t failed, processed;
    size_t in_words; /* of the failed */
    size_t text_bytes;
};

static enum status count_one(
    void *context, const struct action_outcome *outcome, struct error *error)
{
    (void)error;
    struct tally *tally = context;
    if (outcome->index == UINT32_MAX)
        return STATUS_OK;
    tally->processed++;
    if (!outcome->has_exception)
        return STATUS_OK;
    tally->failed++;
    tally->text_bytes += outcome->text.size;
    tally->in_words += !span_equal(outcome->text, outcome->class_name);
    assert_spans_equal(outcome->class_name, span_string(EXCEPTION_NO_SUCH_FAMILY));
    assert_true(span_starts_with(outcome->text, outcome->class_name));
    return STATUS_OK;
}

static struct tally count_outcomes(struct batch_world *self)
{
    struct tally tally = {0};
    struct arena arena = {0};
    struct error error = {0};
    assert_false(self->call.is_failed);
    assert_ok(multi_response_decode(
                  buffer_span(&self->call.result), SPAN_EMPTY, &arena, count_one, &tally, &error),
        &error);
    arena_deinit(&arena);
    return tally;
}

static void what_a_batch_takes_is_counted_and_given_back(void **state)
{
    enum { PUTS = 20000 };
    struct batch_world *self = *state;
    make_puts(self, PUTS, SPAN_LITERAL("f"));
    run(self);
    assert_int_equal(count_outcomes(self).failed, 0);
    uint64_t held = memory_budget_used(&self->service.requests);
    uint64_t message = self->message.size + self->cells.size;
    print_message("a put of a batch holds %llu bytes beside its own\n",
        (unsigned long long)((held - message) / PUTS));
    assert_true(held >= message + self->call.arena.reserved_bytes - ARENA_CHUNK_BYTES_MIN);
    /* Bytes of each put: its action, cell, answer and operation. With a whole error in each it was 500 more. */
    assert_in_range((held - message) / PUTS, 144 + 104, 450);
    release(self);
    assert_int_equal(memory_budget_used(&self->service.requests), 0);
}

/* Wherever the memory ends, while the call is taken, decoded, or written: what others take of it may be given back, and clients
 * come again; what the call needs by itself may not. */
static void a_batch_without_memory_is_to_come_again_but_for_one_too_large(void **state)
{
    enum { PUTS = 3000, OTHERS = 64 << 20 };
    struct batch_world *self = *state;
    make_puts(self, PUTS, SPAN_LITERAL("f"));
    for (uint64_t others = 0; others <= OTHERS; others += OTHERS) {
        size_t refused = 0, unwritten = 0, written = 0;
        assert_true(memory_budget_take(&self->service.requests, others));
        for (uint64_t limit = 64 << 10; written == 0; limit += 64 << 10) {
            self->service.requests.limit_bytes = others + limit;
            run(self);
            struct span text = buffer_span(&self->call.exception_text);
            if (self->call.is_failed) {
                refused++;
                assert_string_equal(self->call.exception_class,
                    others ? EXCEPTION_CALL_QUEUE_TOO_BIG : EXCEPTION_REQUEST_TOO_BIG);
                assert_true(text.size > 0);
            } else if (memmem(self->call.result.data, self->call.result.size,
                           EXCEPTION_REGION_TOO_BUSY, strlen(EXCEPTION_REGION_TOO_BUSY))) {
                unwritten++;
            } else {
                written = count_outcomes(self).processed;
            }
            release(self);
            assert_int_equal(memory_budget_used(&self->service.requests), others);
        }
        memory_budget_give(&self->service.requests, others);
        assert_true(refused >= 5);
        assert_true(unwritten >= 1);
        assert_int_equal(written, PUTS);
        self->service.requests.limit_bytes = 1 << 30;
    }
}

static void failures_share_their_words_and_past_a_megabyte_have_none(void **state)
{
    enum { PUTS = 20000 };
    struct batch_world *self = *state;
    make_puts(self, PUTS, SPAN_LITERAL("none"));
    run(self);
    struct tally tally = count_outcomes(self);
    assert_int_equal(tally.failed, PUTS);
    assert_in_range(tally.in_words, 1000, PUTS - 1);
    assert_in_range(tally.text_bytes, LIMIT_ANSWER_TEXT_SIZE - 1000,
        LIMIT_ANSWER_TEXT_SIZE + PUTS * strlen(EXCEPTION_NO_SUCH_FAMILY));
    /* One text for all: no more memory than a batch of puts that go well. */
    uint64_t message = self->message.size + self->cells.size;
    assert_true((memory_budget_used(&self->service.requests) - message) / PUTS < 450);
    release(self);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_a_batch_takes_is_counted_and_given_back),
        TEST(a_batch_without_memory_is_to_come_again_but_for_one_too_large),
        TEST(failures_share_their_words_and_past_a_megabyte_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
