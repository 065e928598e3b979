#include "storage/block_cache.h"

#include "base/env.h"
#include "tests/support/support.h"

#define BLOCK 4096u

static struct block_cache *cache_of(size_t budget_bytes)
{
    struct error error;
    struct block_cache *cache = NULL;
    assert_ok(block_cache_new(budget_bytes, &cache, &error), &error);
    return cache;
}

/* What block (file, offset) holds. */
static uint8_t content(uint64_t file, uint64_t offset, size_t at)
{
    return (uint8_t)(file * 31 + offset * 7 + at);
}

static void fill(struct block_pin *pin, uint64_t file, uint64_t offset)
{
    for (size_t at = 0; at < pin->size; at += 97)
        pin->data[at] = content(file, offset, at);
}

static bool is_right(const struct block_pin *pin, uint64_t file, uint64_t offset)
{
    for (size_t at = 0; at < pin->size; at += 97) {
        if (pin->data[at] != content(file, offset, at))
            return false;
    }
    return true;
}

static void insert(struct block_cache *cache, uint64_t file, uint64_t offset, size_t size)
{
    struct block_pin pin;
    assert_status(block_cache_reserve(cache, file, offset, size, true, &pin), STATUS_OK);
    fill(&pin, file, offset);
    block_cache_publish(cache, file, offset, &pin);
    block_unpin(&pin);
}

/* Reads through the cache; true on a hit. */
static bool touch(struct block_cache *cache, uint64_t file, uint64_t offset, size_t size)
{
    struct block_pin pin;
    if (!block_cache_get(cache, file, offset, &pin)) {
        insert(cache, file, offset, size);
        return false;
    }
    assert_int_equal(pin.size, size);
    assert_true(is_right(&pin, file, offset));
    block_unpin(&pin);
    return true;
}

static void a_published_block_is_found_and_others_are_not(void **state)
{
    (void)state;
    struct block_cache *cache = cache_of(1u << 20);
    struct block_pin pin;
    assert_false(block_cache_get(cache, 1, 0, &pin));
    insert(cache, 1, 0, BLOCK);
    assert_true(block_cache_get(cache, 1, 0, &pin));
    assert_true(is_right(&pin, 1, 0) && (size_t)pin.data % 64 == 0);
    block_unpin(&pin);
    assert_false(block_cache_get(cache, 2, 0, &pin));
    assert_false(block_cache_get(cache, 1, 1, &pin));
    block_cache_free(cache);
}

static void an_unpublished_block_is_seen_by_nobody(void **state)
{
    (void)state;
    struct block_cache *cache = cache_of(1u << 20);
    struct block_pin pin, other;
    assert_status(block_cache_reserve(cache, 1, 0, BLOCK, true, &pin), STATUS_OK);
    assert_false(block_cache_get(cache, 1, 0, &other));
    block_unpin(&pin);
    assert_false(block_cache_get(cache, 1, 0, &other));
    block_cache_free(cache);
}

static void the_second_of_two_fillers_stays_unshared(void **state)
{
    (void)state;
    struct block_cache *cache = cache_of(1u << 20);
    struct block_pin first, second, found;
    assert_status(block_cache_reserve(cache, 1, 0, BLOCK, true, &first), STATUS_OK);
    assert_status(block_cache_reserve(cache, 1, 0, BLOCK, true, &second), STATUS_OK);
    fill(&first, 1, 0);
    fill(&second, 1, 0);
    block_cache_publish(cache, 1, 0, &first);
    block_cache_publish(cache, 1, 0, &second);
    assert_true(block_cache_get(cache, 1, 0, &found));
    assert_ptr_equal(found.data, first.data);
    assert_true(is_right(&second, 1, 0));
    block_unpin(&first);
    block_unpin(&second);
    block_unpin(&found);
    block_cache_free(cache);
}

static void the_budget_holds_and_what_is_left_is_right(void **state)
{
    (void)state;
    struct block_cache *cache = cache_of(2u << 20);
    struct dice dice = {1};
    for (uint64_t i = 0; i < 20000; i++)
        touch(cache, dice_below(&dice, 3), dice_below(&dice, 2000), 3100);
    struct block_cache_stats stats;
    block_cache_stats(cache, &stats);
    assert_true(stats.used_bytes <= stats.budget_bytes && stats.budget_bytes <= 2u << 20);
    assert_true(stats.evictions > 1000 && stats.hits > 1000);
    block_cache_free(cache);
}

static void a_scan_leaves_the_hot_blocks_alone(void **state)
{
    (void)state;
    struct block_cache *cache = cache_of(4u << 20);
    const uint64_t hot = 300; /* of about 1000 that fit */
    for (int round = 0; round < 20; round++)
        for (uint64_t i = 0; i < hot; i++)
            touch(cache, 1, i, BLOCK);
    for (uint64_t i = 0; i < 20000; i++) { /* twenty caches full, with now and then a hot block */
        touch(cache, 2, i, BLOCK);
        if (i % 4 == 0)
            touch(cache, 1, i / 4 % hot, BLOCK);
    }
    unsigned hits = 0;
    for (uint64_t i = 0; i < hot; i++)
        hits += touch(cache, 1, i, BLOCK);
    print_message("%u of %u hot blocks survived\n", hits, (unsigned)hot);
    assert_true(hits > hot * 9 / 10);
    block_cache_free(cache);
}

static void pinned_blocks_survive_everything(void **state)
{
    (void)state;
    struct block_cache *cache = cache_of(1u << 20);
    struct block_pin pins[8];
    for (uint64_t i = 0; i < 8; i++) {
        insert(cache, 1, i, BLOCK);
        assert_true(block_cache_get(cache, 1, i, &pins[i]));
    }
    for (uint64_t i = 0; i < 5000; i++)
        touch(cache, 2, i, BLOCK);
    for (uint64_t i = 0; i < 8; i++) {
        assert_true(is_right(&pins[i], 1, i));
        block_unpin(&pins[i]);
    }
    block_cache_free(cache);
}

static void when_all_is_pinned_blocks_get_memory_of_their_own(void **state)
{
    (void)state;
    enum { MANY = 600 };
    struct block_cache *cache = cache_of(1u << 20);
    struct block_pin pins[MANY];
    for (uint64_t i = 0; i < MANY; i++) {
        assert_status(block_cache_reserve(cache, 1, i, BLOCK, true, &pins[i]), STATUS_OK);
        fill(&pins[i], 1, i);
        block_cache_publish(cache, 1, i, &pins[i]);
    }
    struct block_cache_stats stats;
    block_cache_stats(cache, &stats);
    assert_true(stats.bypasses > 0 && stats.used_bytes <= stats.budget_bytes);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_true(is_right(&pins[i], 1, i));
        block_unpin(&pins[i]);
    }
    block_cache_free(cache);
}

static void large_blocks_and_no_budget_at_all_work(void **state)
{
    (void)state;
    struct block_pin pin;
    for (size_t budget = 0; budget <= 1u << 20; budget += 1u << 20) {
        struct block_cache *cache = cache_of(budget);
        assert_status(block_cache_reserve(cache, 1, 0, 1u << 20, true, &pin), STATUS_OK);
        fill(&pin, 1, 0);
        block_cache_publish(cache, 1, 0, &pin);
        block_unpin(&pin);
        assert_false(block_cache_get(cache, 1, 0, &pin));
        block_cache_free(cache);
    }
}

/* ---- Many threads ---- */

struct worker {
    struct task task;
    struct block_cache *cache;
    uint64_t seed;
    unsigned *done;
    unsigned wrong;
};

static void read_at_random(struct task *task)
{
    struct worker *worker = (struct worker *)(void *)task;
    struct dice dice = {worker->seed};
    struct block_pin held = {0};
    uint64_t held_offset = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t offset = dice_below(&dice, 10) < 7 ? dice_below(&dice, 60)
                                                    : dice_below(&dice, 2000);
        struct block_pin pin;
        if (!block_cache_get(worker->cache, 1, offset, &pin)) {
            if (block_cache_reserve(worker->cache, 1, offset, BLOCK, true, &pin))
                continue;
            fill(&pin, 1, offset);
            block_cache_publish(worker->cache, 1, offset, &pin);
        }
        worker->wrong += !is_right(&pin, 1, offset);
        if (held.data)
            worker->wrong += !is_right(&held, 1, held_offset);
        block_unpin(&held);
        held = pin;
        held_offset = offset;
    }
    block_unpin(&held);
    __atomic_add_fetch(worker->done, 1, __ATOMIC_SEQ_CST);
}

static void threads_never_see_a_wrong_block(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct error error;
    struct executor *executor;
    struct worker workers[THREADS] = {0};
    unsigned done = 0;
    struct block_cache *cache = cache_of(2u << 20);
    assert_ok(env_executor_new(env_real(), "cache", THREADS, &executor, &error), &error);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .task.run = read_at_random, .cache = cache, .seed = i + 1, .done = &done};
        executor_submit(executor, &workers[i].task);
    }
    wait_for_count(&done, THREADS);
    executor_free(executor);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].wrong, 0);
    block_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_block_is_found_and_others_are_not),
        cmocka_unit_test(an_unpublished_block_is_seen_by_nobody),
        cmocka_unit_test(the_second_of_two_fillers_stays_unshared),
        cmocka_unit_test(the_budget_holds_and_what_is_left_is_right),
        cmocka_unit_test(a_scan_leaves_the_hot_blocks_alone),
        cmocka_unit_test(pinned_blocks_survive_everything),
        cmocka_unit_test(when_all_is_pinned_blocks_get_memory_of_their_own),
        cmocka_unit_test(large_blocks_and_no_budget_at_all_work),
        cmocka_unit_test(threads_never_see_a_wrong_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
