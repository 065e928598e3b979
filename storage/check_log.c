/* The part of storage_check that looks at incarnations: their logs, plans and seals (check.c). */
#include <inttypes.h>

#include "storage/cell_batch.h"
#include "storage/check.h"
#include "storage/log_loss.h"
#include "storage/plan.h"
#include "storage/seal.h"

static enum status check_frame(void *context, const struct log_frame *frame, uint64_t offset,
    uint64_t size, struct error *error)
{
    (void)context;
    (void)size;
    if (frame->kind == LOG_FRAME_INDEX)
        return STATUS_OK;
    struct log_record_reader reader;
    struct log_record record;
    enum status status;
    log_record_reader_init(&reader, frame);
    while ((status = log_record_next(&reader, &record, error)) == STATUS_OK) {
        struct cell_batch batch;
        enum status inner = cell_batch_open(record.body, &batch, error);
        while (inner == STATUS_OK) /* reads the cells before it on its way */
            inner = cell_batch_next_operation(&batch, error);
        if (inner != STATUS_END)
            return error_prefix(
                error, inner, "record %" PRIu64 " at offset %" PRIu64, record.sequence, offset);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static bool indexes_agree(const struct log_index *a, const struct log_index *b)
{
    struct buffer left = {0};
    struct buffer right = {0};
    log_index_encode(a, &left);
    log_index_encode(b, &right);
    bool agree = span_equal(buffer_span(&left), buffer_span(&right));
    buffer_deinit(&left);
    buffer_deinit(&right);
    return agree;
}

/* planned: what the plan says of it, or NULL. */
static enum status check_segment(struct check *check, const char *incarnation, uint64_t number,
    bool has_successor, const struct plan_segment *planned, struct error *error)
{
    struct path path;
    struct error why = {0};
    struct log_segment segment;
    directory_segment_path(&check->directory, incarnation, number, &path);
    enum status status = log_segment_read(
        check->env, path.text, has_successor, check_frame, check, &segment, &why);
    if (status)
        return check_judge(check, path.text, status, &why, error);
    if (segment.header.number != number || strcmp(segment.header.incarnation, incarnation) != 0)
        check_tell(check, path.text, 16, "header is of another segment");
    if (planned && planned->salt != segment.header.salt)
        check_tell(check, path.text, 24, "salt differs from the plan's");
    else if (planned && planned->end > segment.end)
        check_tell(check, path.text, segment.end, "ends before the plan says");
    else if (planned && planned->index_offset == 0 && planned->end == segment.end &&
             !indexes_agree(&planned->index, &segment.index))
        check_tell(check, path.text, LOG_SEGMENT_START, "the plan's index differs from the frames");
    log_segment_deinit(&segment);
    return STATUS_OK;
}

static const struct plan_segment *find_planned(const struct plan *plan, uint64_t number)
{
    for (size_t i = 0; i < plan->segment_count; i++)
        if (plan->segments[i].number == number)
            return &plan->segments[i];
    return NULL;
}

static enum status check_segments(struct check *check, const char *incarnation,
    const struct name_list *names, const struct plan *plan, struct error *error)
{
    uint64_t newest = 0;
    enum status status = STATUS_OK;
    uint64_t number;
    for (size_t i = 0; i < names->count; i++)
        if (directory_number_parse(names->items[i], "", ".log", &number) && number > newest)
            newest = number;
    for (size_t i = 0; i < names->count && status == STATUS_OK; i++)
        if (directory_number_parse(names->items[i], "", ".log", &number))
            status = check_segment(check, incarnation, number, number < newest,
                plan ? find_planned(plan, number) : NULL, error);
    return status;
}

enum status check_incarnation(struct check *check, const char *incarnation, struct error *error)
{
    struct path folder;
    struct path path;
    struct name_list names;
    struct plan plan;
    bool has_plan = false;
    struct error why = {0};
    directory_path(&check->directory, &folder, "servers/%s", incarnation);
    enum status status = check_names(check->env, folder.text, &names, error);
    if (status)
        goto done;
    status = plan_read(&check->directory, incarnation, &plan, &why);
    has_plan = status == STATUS_OK;
    check_join(folder.text, "plan", &path);
    status = status == STATUS_NOT_FOUND ? STATUS_OK
                                        : check_judge(check, path.text, status, &why, error);
    if (status == STATUS_OK) {
        bool is_accepted;
        check_join(folder.text, "loss", &path);
        status = log_loss_is_accepted(&check->directory, incarnation, &is_accepted, &why);
        status = check_judge(check, path.text, status, &why, error);
        check_join(folder.text, "plan", &path);
    }
    if (status == STATUS_OK)
        status = check_segments(check, incarnation, &names, has_plan ? &plan : NULL, error);
    if (has_plan && status == STATUS_OK) {
        bool is_sealed = false;
        status = seal_exists(&check->directory, incarnation, &is_sealed, error);
        if (status == STATUS_OK && !is_sealed)
            check_tell(check, path.text, 0, "a plan of an incarnation that is not sealed");
    }

done:
    if (has_plan)
        plan_deinit(&plan);
    name_list_deinit(&names);
    return status;
}

enum status check_seal(struct check *check, const char *incarnation, struct error *error)
{
    struct path seal;
    struct path alive;
    struct env_stat seal_stat;
    struct env_stat alive_stat;
    directory_seal_path(&check->directory, incarnation, &seal);
    directory_server_path(&check->directory, incarnation, "alive", &alive);
    enum status status = env_path_stat(check->env, seal.text, &seal_stat, error);
    if (status)
        return status;
    if (seal_stat.mode != 0)
        check_tell(check, seal.text, 0, "the seal has not taken the mode of alive");
    status = env_path_stat(check->env, alive.text, &alive_stat, error);
    if (status == STATUS_NOT_FOUND) /* being collected */
        return STATUS_OK;
    if (status == STATUS_OK && alive_stat.inode != seal_stat.inode)
        check_tell(check, seal.text, 0, "is not a link to the alive of its incarnation");
    return status;
}
