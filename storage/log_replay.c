#include "storage/log_replay.h"

#include <inttypes.h>

#include "base/log_lines.h"
#include "base/pause.h"
#include "storage/log_loss.h"

struct replay {
    const struct directory *directory;
    const struct plan *plan;
    const char *tablet_id;
    uint64_t from_sequence;
    uint64_t next_sequence; /* least that may come next */
    uint64_t whole_below;   /* nothing that is needed lacks below it */
    bool is_in_doubt;       /* there was damage since, */
    struct path doubt_path; /* here */
    uint64_t doubt_offset;
    log_record_function *each;
    void *context;
    const char *path; /* of the segment */
};

/* ---- Loss ---- */

/* What was lost, or may have been: told when a person has accepted it, else the reason to stop. */
static enum status lose(struct replay *replay, const struct error *what, struct error *error)
{
    bool is_accepted = false;
    enum status status = log_loss_is_accepted(
        replay->directory, replay->plan->incarnation, &is_accepted, error);
    if (status)
        return status;
    if (!is_accepted)
        return error_set(error, STATUS_CORRUPT, "%s (stele fsck --accept-loss=%s opens it without)",
            what->message, replay->plan->incarnation);
    log_line(LOG_WARN, "log.lost", "tablet=%s error=\"%s\"", replay->tablet_id, what->message);
    return STATUS_OK;
}

static enum status end_doubt(struct replay *replay, struct error *error)
{
    struct error what;
    replay->is_in_doubt = false;
    error_set(&what, STATUS_CORRUPT,
        "%s at offset %" PRIu64 ": damaged, and records of tablet %s from sequence %" PRIu64
        " on may have been there",
        replay->doubt_path.text, replay->doubt_offset, replay->tablet_id, replay->whole_below);
    return lose(replay, &what, error);
}

/* ---- Records ---- */

static enum status replay_frame(void *context, const struct log_frame *frame, uint64_t offset,
    uint64_t size, struct error *error)
{
    (void)size;
    struct replay *replay = context;
    struct log_record_reader reader;
    struct log_record record;
    enum status status = STATUS_OK;
    if (replay->is_in_doubt && frame->first_sequence > replay->whole_below)
        status = end_doubt(replay, error);
    replay->is_in_doubt = false;
    if (status)
        return status;
    log_record_reader_init(&reader, frame);
    while ((status = log_record_next(&reader, &record, error)) == STATUS_OK) {
        if (record.sequence < replay->next_sequence) {
            status = error_set(error, STATUS_CORRUPT, "sequence %" PRIu64 " comes after %" PRIu64,
                record.sequence, replay->next_sequence - 1);
            break;
        }
        replay->next_sequence = record.sequence + record.sequence_count;
        if (replay->next_sequence > replay->whole_below)
            replay->whole_below = replay->next_sequence;
        if (replay->next_sequence <= replay->from_sequence)
            continue;
        status = replay->each(replay->context, &record, error);
        if (status)
            break;
    }
    if (status == STATUS_END)
        return STATUS_OK;
    return error_prefix(error, status, "%s at offset %" PRIu64, replay->path, offset);
}

/* An extent, without what of it cannot be read when that was accepted. */
static enum status replay_extent(struct replay *replay, struct env_file *file, uint64_t file_size,
    uint64_t salt, const struct log_extent *extent, struct error *error)
{
    struct log_extent left = *extent;
    while (left.size) {
        struct error why = {0};
        uint64_t bad = 0;
        enum status status = log_extent_read(
            file, file_size, salt, &left, replay->tablet_id, replay_frame, replay, &bad, &why);
        if (status != STATUS_CORRUPT || bad == 0) {
            if (status && error)
                *error = why;
            return status;
        }
        status = lose(replay, &why, error);
        if (status)
            return status;
        status = log_extent_skip(file, file_size, salt, replay->tablet_id, bad, &left, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Damage that begins below offset puts in doubt what follows it. */
static void note_damages(
    struct replay *replay, const struct plan_segment *segment, size_t *next, uint64_t offset)
{
    for (; *next < segment->damage_count && segment->damages[*next].offset < offset; (*next)++) {
        if (replay->is_in_doubt) /* the first is told */
            continue;
        replay->is_in_doubt = true;
        replay->doubt_offset = segment->damages[*next].offset;
        directory_segment_path(
            replay->directory, replay->plan->incarnation, segment->number, &replay->doubt_path);
    }
}

static enum status replay_extents(struct replay *replay, const struct plan_segment *segment,
    const struct log_index_tablet *tablet, size_t *next_damage, struct error *error)
{
    struct path path;
    struct env_file *file = NULL;
    directory_segment_path(replay->directory, replay->plan->incarnation, segment->number, &path);
    struct error why = {0};
    enum status status = env_file_open(replay->directory->env, path.text, ENV_READ, 0, &file, &why);
    if (status == STATUS_NOT_FOUND) {
        struct error what;
        error_set(&what, STATUS_CORRUPT,
            "%s at offset 0: is not there, and had records of tablet %s", path.text, tablet->id);
        return lose(replay, &what, error);
    }
    if (status) {
        if (error)
            *error = why;
        return status;
    }
    struct env_stat stat;
    status = env_file_stat(file, &stat, error);
    replay->path = path.text;
    for (size_t i = 0; i < tablet->extent_count && status == STATUS_OK; i++) {
        note_damages(replay, segment, next_damage, tablet->extents[i].offset);
        status = replay_extent(replay, file, stat.size, segment->salt, &tablet->extents[i], error);
    }
    env_file_close(file);
    return status;
}

enum status log_replay(const struct directory *directory, const struct plan *plan,
    const char *tablet_id, uint64_t from_sequence, log_record_function *each, void *context,
    struct error *error)
{
    struct replay replay = {.directory = directory,
        .plan = plan,
        .tablet_id = tablet_id,
        .from_sequence = from_sequence,
        .whole_below = from_sequence,
        .each = each,
        .context = context};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < plan->segment_count && status == STATUS_OK; i++) {
        const struct plan_segment *segment = &plan->segments[i];
        const struct log_index_tablet *tablet = log_index_find(&segment->index, tablet_id);
        size_t next_damage = 0;
        if (tablet && tablet->last_sequence < from_sequence) {
            /* What lay before these frames is not needed either. */
            note_damages(
                &replay, segment, &next_damage, tablet->extents[tablet->extent_count - 1].offset);
            replay.is_in_doubt = false;
        } else if (tablet) {
            pause_point("recovery.segment.before");
            status = replay_extents(&replay, segment, tablet, &next_damage, error);
        }
        note_damages(&replay, segment, &next_damage, UINT64_MAX);
    }
    if (status == STATUS_OK && replay.is_in_doubt)
        status = end_doubt(&replay, error);
    return status;
}
