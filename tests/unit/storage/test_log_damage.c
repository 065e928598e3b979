/* What damage in the log of a dead incarnation costs: nothing where its records are told another way or
 * follow on each other around it, and else the tablets that may have lost records, until that is accepted. */
#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/log_lines.h"
#include "storage/log_loss.h"
#include "storage/seal.h"
#include "tests/support/log_world.h"
#include "tests/support/support.h"

static const char root[] = "root";
static const char incarnation[] = "a,1,1";

/* ---- A log ---- */

enum { FRAMES = 64 };

/* Where the frames of a segment lie. */
struct frames {
    struct {
        uint64_t offset, size;
        int tablet; /* -1: the index */
    } items[FRAMES];
    size_t count;
};

static enum status note_frame(void *context, const struct log_frame *frame, uint64_t offset,
    uint64_t size, struct error *error)
{
    (void)error;
    struct frames *frames = context;
    int tablet = -1;
    for (unsigned i = 0; i < LOG_WORLD_TABLETS; i++)
        if (strcmp(frame->tablet_id, log_world_tablet_id(i)) == 0)
            tablet = (int)i;
    assert_true(frames->count < FRAMES);
    frames->items[frames->count].offset = offset;
    frames->items[frames->count].size = size;
    frames->items[frames->count++].tablet = tablet;
    return STATUS_OK;
}

static void segment_path(struct log_world *world, uint64_t number, struct path *out_path)
{
    directory_segment_path(&world->directory, incarnation, number, out_path);
}

static struct frames frames_of(struct log_world *world, uint64_t number)
{
    struct frames frames = {0};
    struct path path;
    struct log_segment segment;
    struct error error;
    segment_path(world, number, &path);
    assert_ok(log_segment_read(world->env, path.text, false, note_frame, &frames, &segment, &error),
        &error);
    log_segment_deinit(&segment);
    return frames;
}

static void open_world(struct log_world *world)
{
    struct error error;
    log_world_init(world, env_memory_new(1, ENV_MEMORY_SEEDED), root, incarnation);
    assert_ok(log_world_open(world, &error), &error);
}

static void close_world(struct log_world *world)
{
    struct env *env = world->env;
    log_world_deinit(world);
    env_memory_free(env);
}

/* One group with one frame for each letter: 'a' is tablet 0. */
static void write_groups(struct log_world *world, const char *tablets)
{
    for (; *tablets; tablets++) {
        log_world_append(world, (unsigned)(*tablets - 'a'), 100, DURABILITY_SYNC_WAL);
        log_world_run(world);
    }
}

static void flip(struct log_world *world, uint64_t number, uint64_t offset)
{
    struct path path;
    segment_path(world, number, &path);
    assert_int_equal(env_memory_flip(world->env, path.text, offset, 0x10), STATUS_OK);
}

static void flip_frame(struct log_world *world, uint64_t number, size_t frame)
{
    struct frames frames = frames_of(world, number);
    assert_true(frame < frames.count);
    flip(world, number, frames.items[frame].offset + 60);
}

/* ---- What is read of it ---- */

static enum status count_record(void *context, const struct log_record *record, struct error *error)
{
    (void)record;
    (void)error;
    (*(unsigned *)context)++;
    return STATUS_OK;
}

static void recovers(struct log_world *world, unsigned tablet, unsigned records)
{
    unsigned found = 0;
    struct error error;
    assert_ok(log_world_recover(world->env, root, incarnation, log_world_tablet_id(tablet),
                  count_record, &found, &error),
        &error);
    assert_int_equal(found, records);
}

static void is_refused(
    struct log_world *world, unsigned tablet, uint64_t number, uint64_t offset, const char *what)
{
    unsigned found = 0;
    struct error error;
    struct path path;
    char place[sizeof path.text + 40];
    segment_path(world, number, &path);
    snprintf(place, sizeof place, "%s at offset %llu: ", path.text, (unsigned long long)offset);
    assert_int_equal(log_world_recover(world->env, root, incarnation, log_world_tablet_id(tablet),
                         count_record, &found, &error),
        STATUS_CORRUPT);
    if (!strstr(error.message, place))
        fail_msg("%s: not in: %s", place, error.message);
    assert_non_null(strstr(error.message, what));
    assert_non_null(strstr(error.message, "--accept-loss=a,1,1"));
}

static void accept(struct log_world *world)
{
    struct error error;
    bool is_accepted = false;
    assert_ok(log_loss_accept(&world->directory, incarnation, &error), &error);
    assert_ok(log_loss_accept(&world->directory, incarnation, &error), &error);
    assert_ok(log_loss_is_accepted(&world->directory, incarnation, &is_accepted, &error), &error);
    assert_true(is_accepted);
}

/* ---- Tests ---- */

static void damage_in_the_open_segment_costs_who_may_have_lost_records(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world);
    write_groups(&world, "abcabaab");
    uint64_t damage = frames_of(&world, 1).items[3].offset;
    flip_frame(&world, 1, 3); /* a's second of four */
    recovers(&world, 1, 3);   /* b has records on both sides, which follow on each other */
    is_refused(&world, 0, 1, damage, "on may have been there");
    is_refused(&world, 2, 1, damage, "on may have been there"); /* c has none behind */
    accept(&world);
    recovers(&world, 0, 3);
    recovers(&world, 1, 3);
    recovers(&world, 2, 1);
    close_world(&world);
}

static void damage_at_the_front_and_the_last_group(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world);
    write_groups(&world, "aab");
    flip_frame(&world, 1, 0);
    uint64_t begin = LOG_SEGMENT_START;
    is_refused(&world, 0, 1, begin, "on may have been there");
    recovers(&world, 1, 1); /* its first record of all */
    accept(&world);
    recovers(&world, 0, 1);
    close_world(&world);

    open_world(&world);
    write_groups(&world, "aab");
    flip_frame(&world, 1, 2); /* nothing says that it was synced: a torn tail */
    recovers(&world, 0, 2);
    recovers(&world, 1, 0);
    close_world(&world);
}

/* The plan says it to every later recovery, and is read back as it was. */
static void the_plan_keeps_damage(void **state)
{
    (void)state;
    struct log_world world;
    struct plan plan;
    struct error error;
    open_world(&world);
    write_groups(&world, "abcabaabc");
    struct frames frames = frames_of(&world, 1);
    uint64_t begin = frames.items[3].offset;
    uint64_t end = frames.items[4].offset + frames.items[4].size;
    flip(&world, 1, begin + 60);
    flip(&world, 1, frames.items[4].offset + 60);
    flip(&world, 1, frames.items[6].offset + 60);
    recovers(&world, 2, 2);
    for (int look = 0; look < 2; look++) {
        assert_ok(plan_read(&world.directory, incarnation, &plan, &error), &error);
        assert_int_equal(plan_format_version(&plan), 2);
        assert_int_equal(plan.segment_count, 1);
        assert_int_equal(plan.segments[0].damage_count, 2);
        assert_int_equal(plan.segments[0].damages[0].offset, begin);
        assert_int_equal(plan.segments[0].damages[0].size, end - begin);
        assert_int_equal(plan.segments[0].damages[1].offset, frames.items[6].offset);
        plan_deinit(&plan);
        is_refused(&world, 1, 1, begin, "on may have been there");
    }
    close_world(&world);
}

static void a_plan_without_damage_is_what_it_was(void **state)
{
    (void)state;
    struct log_world world;
    struct plan plan;
    struct error error;
    open_world(&world);
    write_groups(&world, "ab");
    recovers(&world, 0, 1);
    assert_ok(plan_read(&world.directory, incarnation, &plan, &error), &error);
    assert_int_equal(plan_format_version(&plan), 1);
    plan_deinit(&plan);
    close_world(&world);
}

/* A closed segment says most things twice: header and closing page have the salt, index and frames the tablets. */
static void a_closed_segment_survives_one_damaged_page(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct log_world world;
        open_world(&world);
        write_groups(&world, "abab");
        log_roll(world.log);
        log_world_run(&world);
        write_groups(&world, "ab");
        struct frames frames = frames_of(&world, 1);
        uint64_t index = frames.items[frames.count - 1].offset;
        assert_int_equal(frames.items[frames.count - 1].tablet, -1);
        flip(&world, 1, what == 0 ? 24 : what == 1 ? LOG_SEGMENT_PAGE + 20 : index + 50);
        recovers(&world, 0, 3);
        recovers(&world, 1, 3);
        recovers(&world, 2, 0);
        close_world(&world);
    }
}

/* Its index says whose the frame was. */
static void damage_in_a_closed_segment_costs_its_tablet_alone(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world);
    write_groups(&world, "abcaab");
    log_roll(world.log);
    log_world_run(&world);
    write_groups(&world, "a");
    uint64_t damage = frames_of(&world, 1).items[3].offset;
    flip_frame(&world, 1, 3);
    recovers(&world, 1, 2);
    recovers(&world, 2, 1);
    is_refused(&world, 0, 1, damage, "no valid frame");
    accept(&world);
    recovers(&world, 0, 3);
    close_world(&world);
}

static void zero_block(struct log_world *world, uint64_t number, uint64_t offset)
{
    static const uint8_t zeros[ENV_BLOCK_SIZE];
    struct path path;
    struct env_file *file;
    segment_path(world, number, &path);
    assert_status(env_file_open(world->env, path.text, ENV_WRITE, 0, &file, NULL), STATUS_OK);
    assert_status(env_file_write(file, offset, span_make(zeros, sizeof zeros), NULL), STATUS_OK);
    env_file_close(file);
}

/* The closing page of the newest says how far all was synced, whatever became of frames and index. */
static void damage_at_the_end_of_a_closed_newest_segment_is_told(void **state)
{
    (void)state;
    for (int is_headless = 0; is_headless < 2; is_headless++) {
        struct log_world world;
        open_world(&world);
        write_groups(&world, "aab");
        log_world_close(&world);
        zero_block(&world, 1, LOG_SEGMENT_START);
        if (is_headless)
            flip(&world, 1, 24);
        /* Without header and frames nothing bears the closing page out. */
        is_refused(&world, 0, 1, is_headless ? 0 : LOG_SEGMENT_START, "on may have been there");
        accept(&world);
        recovers(&world, 0, 0);
        close_world(&world);
    }
}

/* Whatever its frames say: files are as long as they were made. */
static void a_newest_segment_that_is_cut_is_told(void **state)
{
    (void)state;
    struct log_world world;
    struct path path;
    struct env_file *file;
    open_world(&world);
    write_groups(&world, "aab");
    uint64_t cut = frames_of(&world, 1).items[1].offset;
    segment_path(&world, 1, &path);
    assert_status(env_file_open(world.env, path.text, ENV_WRITE, 0, &file, NULL), STATUS_OK);
    assert_status(env_file_truncate(file, cut, NULL), STATUS_OK);
    env_file_close(file);
    is_refused(&world, 0, 1, cut, "on may have been there");
    accept(&world);
    recovers(&world, 0, 1);
    close_world(&world);
}

/* Found by who reads the index, long after the plan was made. */
static void an_index_that_is_damaged_after_the_plan_is_made_of_the_frames(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world);
    write_groups(&world, "abab");
    log_roll(world.log);
    log_world_run(&world);
    write_groups(&world, "c");
    recovers(&world, 0, 2);
    struct frames frames = frames_of(&world, 1);
    flip(&world, 1, frames.items[frames.count - 1].offset + 50);
    recovers(&world, 0, 2);
    flip_frame(&world, 1, 2);
    flip(&world, 1, frames.items[frames.count - 1].offset + 50); /* whole again */
    is_refused(&world, 0, 1, frames.items[2].offset, "no valid frame");
    recovers(&world, 1, 2);
    close_world(&world);
}

static void a_segment_without_header_puts_all_in_doubt_that_have_nothing_behind(void **state)
{
    (void)state;
    struct log_world world;
    open_world(&world);
    write_groups(&world, "aab");
    log_roll(world.log);
    log_world_run(&world);
    write_groups(&world, "ab");
    flip(&world, 2, 24);
    is_refused(&world, 0, 2, 0, "on may have been there");
    is_refused(&world, 1, 2, 0, "on may have been there");
    accept(&world);
    recovers(&world, 0, 2);
    recovers(&world, 1, 1);
    close_world(&world);
}

static void a_loss_file_that_is_damaged_accepts_nothing(void **state)
{
    (void)state;
    struct log_world world;
    struct path path;
    struct error error;
    unsigned found = 0;
    open_world(&world);
    write_groups(&world, "aaab");
    flip_frame(&world, 1, 1);
    accept(&world);
    directory_server_path(&world.directory, incarnation, "loss", &path);
    assert_int_equal(env_memory_flip(world.env, path.text, 40, 1), STATUS_OK);
    assert_int_equal(log_world_recover(world.env, root, incarnation, log_world_tablet_id(0),
                         count_record, &found, &error),
        STATUS_CORRUPT);
    assert_non_null(strstr(error.message, path.text));
    close_world(&world);
}

/* ---- What stele fsck --accept-loss does ---- */

static void count_place(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)offset;
    (void)what;
    assert_non_null(strstr(path, "servers/a,1,1/"));
    (*(unsigned *)context)++;
}

static enum status accept_as_fsck_does(struct log_world *world, struct error *error)
{
    unsigned places = 0;
    enum status status = storage_accept_loss(
        world->env, root, incarnation, count_place, &places, error);
    assert_int_equal(status == STATUS_OK, places > 0);
    return status;
}

/* A segment that goes after the plan was made is damage, of the newest as of one with an index of its own. */
static void a_segment_that_is_gone_can_be_given_up(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 2; number++) {
        struct log_world world;
        struct path path;
        struct error error;
        open_world(&world);
        write_groups(&world, "ab");
        log_roll(world.log);
        log_world_run(&world);
        write_groups(&world, "aab");
        recovers(&world, 0, 3); /* and makes the plan */
        segment_path(&world, number, &path);
        assert_status(env_path_remove(world.env, path.text, NULL), STATUS_OK);
        is_refused(&world, 0, number, 0, number == 1 ? "may have been there" : "is not there");
        assert_status(accept_as_fsck_does(&world, &error), STATUS_OK);
        recovers(&world, 0, number == 1 ? 2 : 1);
        recovers(&world, 1, 1);
        close_world(&world);
    }
}

/* The plan passed over what can be read again: its word stays, and can be accepted. */
static void damage_that_only_the_plan_knows_can_be_given_up(void **state)
{
    (void)state;
    struct log_world world;
    struct error error;
    open_world(&world);
    write_groups(&world, "aaab");
    uint64_t damage = frames_of(&world, 1).items[1].offset;
    flip(&world, 1, damage + 60);
    is_refused(&world, 0, 1, damage, "may have been there");
    flip(&world, 1, damage + 60);
    is_refused(&world, 0, 1, damage, "may have been there");
    assert_status(accept_as_fsck_does(&world, &error), STATUS_OK);
    recovers(&world, 0, 2);
    close_world(&world);
}

/* Cut after the plan was made: the frames behind are gone, those before are not. */
static void a_segment_that_is_cut_after_the_plan_keeps_what_it_has(void **state)
{
    (void)state;
    struct log_world world;
    struct path path;
    struct env_file *file;
    open_world(&world);
    write_groups(&world, "aaab");
    recovers(&world, 0, 3);
    uint64_t cut = frames_of(&world, 1).items[2].offset;
    segment_path(&world, 1, &path);
    assert_status(env_file_open(world.env, path.text, ENV_WRITE, 0, &file, NULL), STATUS_OK);
    assert_status(env_file_truncate(file, cut + 20, NULL), STATUS_OK);
    env_file_close(file);
    is_refused(&world, 0, 1, cut, "no valid frame");
    accept(&world);
    recovers(&world, 0, 2);
    recovers(&world, 1, 0);
    close_world(&world);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_in_the_open_segment_costs_who_may_have_lost_records),
        cmocka_unit_test(damage_at_the_front_and_the_last_group),
        cmocka_unit_test(the_plan_keeps_damage),
        cmocka_unit_test(a_plan_without_damage_is_what_it_was),
        cmocka_unit_test(a_closed_segment_survives_one_damaged_page),
        cmocka_unit_test(damage_in_a_closed_segment_costs_its_tablet_alone),
        cmocka_unit_test(damage_at_the_end_of_a_closed_newest_segment_is_told),
        cmocka_unit_test(a_newest_segment_that_is_cut_is_told),
        cmocka_unit_test(an_index_that_is_damaged_after_the_plan_is_made_of_the_frames),
        cmocka_unit_test(a_segment_without_header_puts_all_in_doubt_that_have_nothing_behind),
        cmocka_unit_test(a_loss_file_that_is_damaged_accepts_nothing),
        cmocka_unit_test(a_segment_that_is_gone_can_be_given_up),
        cmocka_unit_test(damage_that_only_the_plan_knows_can_be_given_up),
        cmocka_unit_test(a_segment_that_is_cut_after_the_plan_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
