/* The log of a dead incarnation under random damage, before and after its plan is made: a tablet is
 * recovered only when nothing of it that was acknowledged is lost, and with the loss accepted it is, and
 * no record comes wrong, twice or out of order. What nothing tells is not asked for: damage at the end
 * of a segment that was never closed, and segments that are gone when the plan is made. */
#include <stdio.h>
#include <stdlib.h>

#include "base/env_memory.h"
#include "base/log_lines.h"
#include "storage/log_loss.h"
#include "storage/log_replay.h"
#include "storage/seal.h"
#include "tests/support/log_world.h"
#include "tests/support/support.h"

static const char root[] = "root";
static const char incarnation[] = "a,1,1";

enum { SEGMENT_BYTES = 20 << 10, SEGMENTS = 200, GONE = -1 };

/* A segment's bytes before the damage and after it; size 0: there is none. */
struct image {
    uint8_t was[SEGMENT_BYTES], is[SEGMENT_BYTES];
    int64_t size, size_now;
};

struct life {
    struct log_world world; /* first */
    struct dice dice;
    uint64_t from[LOG_WORLD_TABLETS]; /* what is recovered: all below is flushed */
    struct image images[SEGMENTS];    /* by number */
    uint64_t newest;
    bool has_plan;
};

struct counts {
    size_t opened, refused, records, unasked;
};

static void live(struct life *life, struct env *env)
{
    static const enum durability durabilities[] = {DURABILITY_SYNC_WAL, DURABILITY_SYNC_WAL,
        DURABILITY_SYNC_WAL, DURABILITY_ASYNC_WAL, DURABILITY_SKIP_WAL};
    struct dice *dice = &life->dice;
    struct log_world *world = &life->world;
    log_world_init(world, env, root, incarnation);
    world->segment_bytes = SEGMENT_BYTES;
    assert_status(log_world_open(world, NULL), STATUS_OK);
    bool is_cut = dice_chance(dice, 30);
    if (is_cut)
        env_memory_cut_at(env, env_memory_call_count(env) + 1 + dice_below(dice, 300));
    for (size_t step = 1 + dice_below(dice, 60); step > 0 && !world->has_died; step--) {
        unsigned tablet = (unsigned)dice_below(dice, LOG_WORLD_TABLETS);
        for (size_t i = 1 + dice_below(dice, 4); i > 0; i--)
            log_world_append(world, (unsigned)dice_below(dice, LOG_WORLD_TABLETS),
                20 + dice_below(dice, dice_chance(dice, 20) ? 3000 : 300),
                durabilities[dice_below(dice, 5)]);
        if (dice_chance(dice, 85))
            log_world_run(world);
        if (dice_chance(dice, 8))
            log_roll(world->log);
        struct log_world_entry *barrier = dice_chance(dice, 8) ? log_world_barrier(world, tablet)
                                                               : NULL;
        if (!barrier)
            continue;
        log_world_run(world);
        if (!barrier->is_durable)
            continue;
        life->from[tablet] = barrier->entry.sequence + 1;
        log_flushed(world->log, &world->tablets[tablet], barrier->entry.sequence);
    }
    if (!world->has_died && dice_chance(dice, 30))
        log_world_close(world);
    if (is_cut || dice_chance(dice, 20))
        env_memory_power_cut(env, ENV_CUT_RANDOM);
}

/* ---- Damage ---- */

static enum status read_image(void *context, const char *name, struct error *error)
{
    struct life *life = context;
    struct path path;
    struct buffer bytes = {0};
    uint64_t number;
    if (!directory_number_parse(name, "", ".log", &number))
        return STATUS_OK;
    assert_true(number < SEGMENTS);
    directory_segment_path(&life->world.directory, incarnation, number, &path);
    assert_ok(env_read_file(life->world.env, path.text, SEGMENT_BYTES, &bytes, error), error);
    struct image *image = &life->images[number];
    image->size = image->size_now = (int64_t)bytes.size;
    memcpy(image->was, bytes.data, bytes.size);
    memcpy(image->is, bytes.data, bytes.size);
    buffer_deinit(&bytes);
    life->newest = number > life->newest ? number : life->newest;
    return STATUS_OK;
}

static struct image *some_image(struct life *life)
{
    struct image *image;
    do {
        bool is_newest = dice_chance(&life->dice, 40);
        image = &life->images[is_newest ? life->newest : dice_below(&life->dice, life->newest + 1)];
    } while (image->size == 0);
    return image;
}

static void damage_once(struct life *life)
{
    struct dice *dice = &life->dice;
    struct image *image = some_image(life);
    struct image *other = some_image(life);
    size_t size = dice_chance(dice, 50) ? 512 : 4096;
    size_t blocks = (dice_chance(dice, 70) ? 12 << 10 : SEGMENT_BYTES) / size;
    uint8_t *at = image->is + dice_below(dice, blocks) * size;
    uint8_t *from = other->is + dice_below(dice, blocks) * size;
    uint8_t kept[4096];
    switch (dice_below(dice, 8)) {
    case 0:
    case 1:
        at[dice_below(dice, size)] ^= (uint8_t)(1u << dice_below(dice, 8));
        break;
    case 2:
    case 3:
        memset(at, 0, size);
        break;
    case 4:
        memcpy(kept, at, size);
        memmove(at, from, size);
        memcpy(from, kept, size);
        break;
    case 5:
        memmove(at, from, size);
        break;
    case 6:
        image->size_now = (int64_t)(dice_below(dice, SEGMENT_BYTES) & -(uint64_t)size);
        break;
    default:
        image->size_now = GONE;
    }
}

static void write_image(struct life *life, uint64_t number)
{
    const struct image *image = &life->images[number];
    struct env *env = life->world.env;
    struct path path;
    struct env_file *file;
    directory_segment_path(&life->world.directory, incarnation, number, &path);
    if (image->size_now == GONE) {
        assert_status(env_path_remove(env, path.text, NULL), STATUS_OK);
    } else if (image->size) {
        struct span bytes = span_make(image->is, (size_t)image->size);
        assert_status(env_file_open(env, path.text, ENV_WRITE, 0, &file, NULL), STATUS_OK);
        assert_status(env_file_write(file, 0, bytes, NULL), STATUS_OK);
        assert_status(env_file_truncate(file, (uint64_t)image->size_now, NULL), STATUS_OK);
        env_file_close(file);
    }
}

/* ---- What may be missing ---- */

static bool is_whole(const struct image *image, uint64_t offset, uint64_t size)
{
    return (int64_t)(offset + size) <= image->size_now &&
           memcmp(image->was + offset, image->is + offset, size) == 0;
}

/* Where the record's frame is in the segment (0: it is not), and below what all was synced, as what is whole says. */
static uint64_t find_frame(
    const struct image *image, const struct log_world_entry *entry, uint64_t *out_synced)
{
    struct log_segment_header header;
    struct log_segment_closing closing;
    struct log_frame frame;
    size_t size;
    uint64_t found = 0;
    *out_synced = 0;
    if (image->size == 0 || log_segment_header_decode(image->was, &header, NULL))
        return 0;
    for (uint64_t at = LOG_SEGMENT_START;
         log_frame_decode(span_make(image->was + at, (size_t)image->size - at), header.salt, at,
             &frame, &size) == STATUS_OK;
         at += size) {
        if (is_whole(image, at, size) && frame.synced_offset > *out_synced)
            *out_synced = frame.synced_offset;
        if (strcmp(frame.tablet_id, log_world_tablet_id(entry->tablet)) == 0 &&
            frame.first_sequence <= entry->entry.sequence)
            found = at;
    }
    if (is_whole(image, LOG_SEGMENT_PAGE, LOG_SEGMENT_PAGE) &&
        !log_segment_closing_decode(image->was + LOG_SEGMENT_PAGE, &closing, NULL) &&
        closing.salt == header.salt)
        *out_synced = closing.index_offset;
    if (is_whole(image, 0, LOG_SEGMENT_PAGE) && image->size_now < image->size)
        *out_synced = UINT64_MAX; /* cut, and the header says so */
    return found;
}

static bool may_lack(const struct life *life, const struct log_world_entry *entry)
{
    uint64_t last = life->newest;
    while (last > 0 && (life->images[last].size == 0 || life->images[last].size_now == GONE))
        last--;
    for (uint64_t number = life->newest; number > 0 && !life->has_plan; number--) {
        uint64_t synced;
        uint64_t at = find_frame(&life->images[number], entry, &synced);
        if (at)
            return life->images[number].size_now == GONE || (number == last && at >= synced);
    }
    return false;
}

/* ---- What is found ---- */

struct found {
    struct life *life;
    struct log_world_entry *next;
    unsigned tablet;
    bool *has; /* by number of the entry */
    size_t count;
};

static bool is_asked_for(const struct found *found, const struct log_world_entry *entry)
{
    return entry->tablet == found->tablet && entry->entry.sequence_count &&
           entry->entry.durability != DURABILITY_SKIP_WAL &&
           entry->entry.sequence + entry->entry.sequence_count > found->life->from[found->tablet];
}

static enum status take_record(void *context, const struct log_record *record, struct error *error)
{
    struct found *found = context;
    struct log_world_entry *entry = found->next;
    while (entry && (!is_asked_for(found, entry) || entry->entry.sequence < record->sequence))
        entry = entry->next;
    if (!entry || entry->entry.sequence != record->sequence ||
        entry->entry.sequence_count != record->sequence_count ||
        !span_equal(entry->entry.body, record->body))
        return error_set(error, STATUS_OUT_OF_RANGE, "record %llu is none that comes next",
            (unsigned long long)record->sequence);
    found->next = entry->next;
    found->has[entry->number] = true;
    found->count++;
    return STATUS_OK;
}

/* Recovers a tablet as recovery.c does; is_strict: the loss is not accepted. */
static enum status recover(
    struct life *life, unsigned tablet, bool is_strict, struct counts *counts, struct error *error)
{
    struct directory *directory = &life->world.directory;
    struct plan plan = {0};
    struct found found = {.life = life, .next = life->world.first_appended, .tablet = tablet};
    found.has = calloc(life->world.entry_count + 1, sizeof(*found.has));
    enum status status = seal_make(directory, incarnation, error);
    if (status == STATUS_OK)
        status = plan_make(directory, incarnation, &plan, error);
    for (size_t i = 0; i < plan.segment_count && status == STATUS_OK; i++)
        status = plan_load_index(directory, &plan, &plan.segments[i], error);
    if (status == STATUS_OK)
        status = log_replay(directory, &plan, log_world_tablet_id(tablet), life->from[tablet],
            take_record, &found, error);
    plan_deinit(&plan);
    if (status && (is_strict ? status != STATUS_CORRUPT : true))
        fail_msg("tablet %u: %s: %s", tablet, status_name(status), error->message);
    for (struct log_world_entry *at = life->world.first_appended;
         at && status == STATUS_OK && is_strict; at = at->next) {
        bool is_lost = is_asked_for(&found, at) && at->is_durable &&
                       at->entry.durability == DURABILITY_SYNC_WAL && !found.has[at->number];
        if (is_lost && !may_lack(life, at))
            fail_msg("acknowledged record %llu of tablet %u is lost and not told",
                (unsigned long long)at->entry.sequence, tablet);
        counts->unasked += is_lost;
    }
    counts->records += found.count;
    free(found.has);
    return status;
}

static void damage_and_recover(uint64_t seed, void *context)
{
    struct counts *counts = context;
    struct env *env = env_memory_new(seed, ENV_MEMORY_SEEDED);
    struct life *life = calloc(1, sizeof(*life));
    struct error error = {0};
    struct path folder;
    life->dice = (struct dice){seed};
    live(life, env);
    if (dice_chance(&life->dice, 30)) {
        assert_ok(recover(life, 0, true, counts, &error), &error);
        life->has_plan = true;
    }
    directory_path(&life->world.directory, &folder, "servers/%s", incarnation);
    assert_status(env_directory_list(env, folder.text, read_image, life, NULL), STATUS_OK);
    for (size_t i = life->newest ? 1 + dice_below(&life->dice, 4) : 0; i > 0; i--)
        damage_once(life);
    for (uint64_t number = 1; number <= life->newest; number++)
        write_image(life, number);
    for (unsigned i = 0; i < LOG_WORLD_TABLETS; i++) {
        bool is_named = dice_chance(&life->dice, 70);
        enum status status = recover(life, i, true, counts, is_named ? &error : NULL);
        counts->opened += status == STATUS_OK;
        counts->refused += status != STATUS_OK;
        if (status && is_named)
            assert_non_null(strstr(error.message, folder.text));
    }
    assert_ok(log_loss_accept(&life->world.directory, incarnation, &error), &error);
    for (unsigned i = 0; i < LOG_WORLD_TABLETS; i++)
        (void)recover(life, i, false, counts, &error);
    log_world_deinit(&life->world);
    env_memory_free(env);
    free(life);
}

static void random_damage_loses_nothing_untold(void **state)
{
    (void)state;
    struct counts counts = {0};
    bool is_whole_run = for_each_seed(2000, damage_and_recover, &counts);
    printf("tablets opened: %zu, refused: %zu; records: %zu; lost where nothing tells: %zu\n",
        counts.opened, counts.refused, counts.records, counts.unasked);
    if (is_whole_run)
        assert_true(counts.opened >= 2000 && counts.refused >= 2000 && counts.records >= 50000);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_damage_loses_nothing_untold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
