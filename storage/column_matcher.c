/* The cell pipeline (column_matcher.h): HBase's ScanQueryMatcher, its trackers of columns and
 * deletes, and the store's paging, as one state machine. */
#include "storage/column_matcher.h"

/* Stages answer this when they have no objection. */
#define MATCH_GO_ON ((enum match_code)(MATCH_DONE + 1))

static bool is_read(const struct column_matcher *matcher)
{
    return matcher->config.mode == MATCH_READ || matcher->config.mode == MATCH_READ_RAW;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void init_read(struct column_matcher *matcher)
{
    const struct column_matcher_config *config = &matcher->config;
    const struct read_request *request = config->request;
    const struct family_selection *selection = config->selection;
    bool is_raw = config->mode == MATCH_READ_RAW;
    uint32_t wanted = is_raw ? request->max_versions
                             : least(request->max_versions, config->family->max_versions);
    /* A filter may pass over newer versions, so it sees all that the family keeps. */
    matcher->max_after_filter = wanted;
    matcher->max_versions = !config->filter ? wanted
                            : is_raw        ? UINT32_MAX
                                            : config->family->max_versions;
    matcher->time_range = selection && selection->has_time_range ? selection->time_range
                                                                 : request->time_range;
    matcher->store_limit = request->store_limit;
    matcher->store_offset = request->store_offset;
    if (selection && selection->qualifiers) {
        matcher->wanted = selection->qualifiers;
        matcher->wanted_count = selection->qualifier_count;
    }
}

void column_matcher_init(struct column_matcher *matcher, const struct column_matcher_config *config)
{
    *matcher = (struct column_matcher){.config = *config, .time_range = TIME_RANGE_ALL};
    const struct family_schema *family = config->family;
    matcher->oldest_unexpired_ms = INT64_MIN;
    if (family->ttl_ms != TTL_FOREVER_MS && config->mode != MATCH_READ_RAW &&
        __builtin_sub_overflow(config->now_ms, family->ttl_ms, &matcher->oldest_unexpired_ms))
        matcher->oldest_unexpired_ms = INT64_MIN;
    matcher->is_history_on = family->is_new_version_behavior && config->mode != MATCH_READ_RAW;
    if (is_read(matcher)) {
        init_read(matcher);
    } else {
        matcher->max_versions = family->max_versions;
        matcher->config.filter = NULL;
    }
}

void column_matcher_deinit(struct column_matcher *matcher)
{
    delete_tracker_deinit(&matcher->deletes);
    version_history_deinit(&matcher->history);
    tracked_bytes_deinit(&matcher->qualifier);
}

void column_matcher_row(struct column_matcher *matcher)
{
    matcher->wanted_index = 0;
    matcher->given = 0;
    matcher->has_column = false;
    matcher->is_column_done = false;
    delete_tracker_reset(&matcher->deletes);
    if (matcher->is_history_on)
        version_history_reset(&matcher->history);
}

/* Notes which column this is; counters start anew with a new one. */
static void enter_column(struct column_matcher *matcher, const struct cell *cell)
{
    if (matcher->has_column && span_equal(tracked_bytes_get(&matcher->qualifier), cell->qualifier))
        return;
    if (!tracked_bytes_set(&matcher->qualifier, cell->qualifier)) {
        matcher->is_out_of_memory = true;
        return;
    }
    matcher->has_column = true;
    matcher->is_column_done = false;
    matcher->versions = 0;
    matcher->versions_after_filter = 0;
    matcher->has_last = false;
}

static bool is_expired(const struct column_matcher *matcher, int64_t timestamp)
{
    return timestamp < matcher->oldest_unexpired_ms;
}

static bool is_expired_by_tag(const struct column_matcher *matcher, const struct cell *cell)
{
    int64_t ttl_ms;
    int64_t end_ms;
    return cell->tags.size && cell_ttl_ms(cell, &ttl_ms) &&
           !__builtin_add_overflow(cell->timestamp, ttl_ms, &end_ms) &&
           end_ms < matcher->config.now_ms;
}

/* Nothing more of this column: past it, or past the row when it was the last one wanted. */
static enum match_code leave_column(struct column_matcher *matcher, const struct cell *cell)
{
    matcher->is_column_done = true;
    if (!matcher->wanted)
        return MATCH_NEXT_COLUMN;
    while (matcher->wanted_index < matcher->wanted_count &&
           span_compare(matcher->wanted[matcher->wanted_index], cell->qualifier) <= 0)
        matcher->wanted_index++;
    return matcher->wanted_index == matcher->wanted_count ? MATCH_NEXT_ROW : MATCH_NEXT_COLUMN;
}

static enum match_code include_and_leave_column(
    struct column_matcher *matcher, const struct cell *cell)
{
    return leave_column(matcher, cell) == MATCH_NEXT_ROW ? MATCH_INCLUDE_NEXT_ROW
                                                         : MATCH_INCLUDE_NEXT_COLUMN;
}

/* Whether the column is wanted at all. */
static enum match_code check_column(struct column_matcher *matcher, const struct cell *cell)
{
    if (!matcher->wanted)
        return MATCH_GO_ON;
    while (matcher->wanted_index < matcher->wanted_count) {
        int order = span_compare(matcher->wanted[matcher->wanted_index], cell->qualifier);
        if (order == 0)
            return MATCH_GO_ON;
        if (order > 0) {
            matcher->is_column_done = true;
            return MATCH_NEXT_COLUMN;
        }
        matcher->wanted_index++;
    }
    return MATCH_NEXT_ROW;
}

static bool is_same_as_last(const struct column_matcher *matcher, const struct cell *cell)
{
    return matcher->has_last && matcher->last_timestamp == cell->timestamp &&
           matcher->last_type == cell->type;
}

static bool is_of_family(const struct cell *cell)
{
    return cell->type == CELL_DELETE_FAMILY || cell->type == CELL_DELETE_FAMILY_VERSION;
}

/* Versions, minimum versions and family TTL. Markers take the place of the put before them. */
static enum match_code check_versions(struct column_matcher *matcher, const struct cell *cell)
{
    if (is_same_as_last(matcher, cell))
        return MATCH_SKIP;
    if (!cell_is_delete(cell))
        matcher->versions++;
    if (matcher->versions > matcher->max_versions)
        return leave_column(matcher, cell);
    if (matcher->versions > matcher->config.family->min_versions &&
        is_expired(matcher, cell->timestamp))
        return leave_column(matcher, cell);
    matcher->has_last = true;
    matcher->last_timestamp = cell->timestamp;
    matcher->last_type = cell->type;
    /* With columns named there is a place to seek to, so do not look at further versions. */
    if (matcher->wanted && matcher->versions == matcher->max_versions && !matcher->config.filter)
        return include_and_leave_column(matcher, cell);
    return MATCH_INCLUDE;
}

/* Whether a marker seen before masks this put. */
static enum match_code check_deleted(struct column_matcher *matcher, const struct cell *cell)
{
    if (matcher->is_history_on) {
        bool is_visible = false;
        if (!version_history_judge(
                &matcher->history, cell, matcher->config.family->max_versions, &is_visible))
            matcher->is_out_of_memory = true;
        return is_visible ? MATCH_GO_ON : MATCH_SKIP;
    }
    switch (delete_tracker_judge(&matcher->deletes, cell)) {
    case DELETE_NOT:
        return MATCH_GO_ON;
    case DELETE_VERSION:
        return MATCH_SKIP;
    case DELETE_REST:
        break;
    }
    return leave_column(matcher, cell);
}

static void note_marker(struct column_matcher *matcher, const struct cell *marker)
{
    bool is_noted = matcher->is_history_on ? version_history_add(&matcher->history, marker)
                                           : delete_tracker_add(&matcher->deletes, marker);
    if (!is_noted)
        matcher->is_out_of_memory = true;
}

/* The filter's word on a cell that columns and versions let pass; its survivors are counted anew.
 */
static enum match_code check_filter(
    struct column_matcher *matcher, struct cell *cell, enum match_code code)
{
    bool is_row_done = false;
    switch (filter_cell(matcher->config.filter, cell)) {
    case FILTER_SKIP_CELL:
        return MATCH_SKIP;
    case FILTER_NEXT_COLUMN:
        return leave_column(matcher, cell);
    case FILTER_NEXT_ROW:
        return MATCH_NEXT_ROW;
    case FILTER_SEEK_HINT:
        return MATCH_SEEK_HINT;
    case FILTER_INCLUDE:
        break;
    case FILTER_INCLUDE_AND_NEXT_COLUMN:
        code = include_and_leave_column(matcher, cell);
        break;
    case FILTER_INCLUDE_AND_NEXT_ROW:
        is_row_done = true;
        break;
    }
    /* The column is left only when the filter has seen, and kept, one version too many: a filter may
     * find in it what it looks for (HBase UserScanQueryMatcher). */
    if (++matcher->versions_after_filter > matcher->max_after_filter)
        return is_row_done ? MATCH_NEXT_ROW : leave_column(matcher, cell);
    filter_transform(matcher->config.filter, cell);
    return is_row_done ? MATCH_INCLUDE_NEXT_ROW : code;
}

/* The reader's paging within the family: skips the first ones, ends the row after the last. */
static enum match_code check_paging(struct column_matcher *matcher, enum match_code code)
{
    if (!match_is_include(code) || (!matcher->store_limit && !matcher->store_offset))
        return code;
    matcher->given++;
    if (matcher->given > matcher->store_offset) {
        /* The filter sees nothing past the last cell of the page, as in HBase. */
        bool is_last = matcher->store_limit &&
                       matcher->given >= (uint64_t)matcher->store_limit + matcher->store_offset;
        return is_last ? MATCH_INCLUDE_NEXT_ROW : code;
    }
    return code == MATCH_INCLUDE               ? MATCH_SKIP
           : code == MATCH_INCLUDE_NEXT_COLUMN ? MATCH_NEXT_COLUMN
                                               : MATCH_NEXT_ROW;
}

/* A put, or anything in a raw read, past expiry and markers. */
static enum match_code match_visible(struct column_matcher *matcher, struct cell *cell)
{
    if (cell->timestamp >= matcher->time_range.to)
        return MATCH_SKIP;
    if (cell->timestamp < matcher->time_range.from)
        return leave_column(matcher, cell);
    enum match_code code = check_column(matcher, cell);
    if (code == MATCH_GO_ON)
        code = check_versions(matcher, cell);
    if (match_is_include(code) && matcher->config.filter)
        code = check_filter(matcher, cell, code);
    return check_paging(matcher, code);
}

static enum match_code match_read_marker(struct column_matcher *matcher, const struct cell *marker)
{
    if (!is_of_family(marker)) {
        enum match_code code = check_column(matcher, marker);
        if (code != MATCH_GO_ON)
            return code;
    }
    /* A reader of the past sees behind later markers only where deleted cells are kept. */
    bool is_behind = matcher->config.family->keep_deleted != KEEP_DELETED_FALSE &&
                     marker->timestamp >= matcher->time_range.to;
    if (marker->timestamp >= matcher->time_range.from && !is_behind)
        note_marker(matcher, marker);
    return MATCH_SKIP;
}

static enum match_code match_read(struct column_matcher *matcher, struct cell *cell)
{
    if (cell->sequence > matcher->config.read_point)
        return MATCH_SKIP;
    if (matcher->config.filter && filter_is_done(matcher->config.filter))
        return MATCH_DONE;
    bool is_raw = matcher->config.mode == MATCH_READ_RAW;
    if (!is_raw && matcher->config.family->min_versions == 0 &&
        is_expired(matcher, cell->timestamp))
        return leave_column(matcher, cell);
    if (is_expired_by_tag(matcher, cell))
        return MATCH_SKIP;
    if (is_raw)
        return match_visible(matcher, cell);
    if (cell_is_delete(cell))
        return match_read_marker(matcher, cell);
    enum match_code code = check_deleted(matcher, cell);
    return code == MATCH_GO_ON ? match_visible(matcher, cell) : code;
}

/* Whether compactions let this marker mask: where deleted cells are kept, only versions and time
 * remove. */
static bool is_masking(const struct column_matcher *matcher, const struct cell *marker)
{
    switch (matcher->config.family->keep_deleted) {
    case KEEP_DELETED_FALSE:
        return true;
    case KEEP_DELETED_TRUE:
        return false;
    case KEEP_DELETED_TTL:
        return is_expired(matcher, marker->timestamp);
    }
    return true;
}

/* What a major compaction does with a marker that no reader is older than. */
static enum match_code match_major_marker(struct column_matcher *matcher, const struct cell *marker)
{
    const struct column_matcher_config *config = &matcher->config;
    int64_t age_ms;
    if (config->purge_deletes_after_ms > 0 &&
        !__builtin_sub_overflow(config->now_ms, marker->timestamp, &age_ms) &&
        age_ms <= config->purge_deletes_after_ms)
        return MATCH_INCLUDE;
    if (is_masking(matcher, marker))
        return MATCH_SKIP;
    if (marker->timestamp < config->earliest_put_ms)
        return MATCH_SKIP; /* there is nothing left that it could mask */
    return is_of_family(marker) ? MATCH_INCLUDE : MATCH_GO_ON;
}

/* A marker that every reader sees. A merge keeps all of them: they may mask cells of other files.
 */
static enum match_code match_compaction_marker(
    struct column_matcher *matcher, const struct cell *marker)
{
    if (is_masking(matcher, marker))
        note_marker(matcher, marker);
    return matcher->config.mode == MATCH_MERGE ? MATCH_INCLUDE
                                               : match_major_marker(matcher, marker);
}

static enum match_code match_compaction(struct column_matcher *matcher, const struct cell *cell)
{
    if (matcher->config.family->min_versions == 0 && is_expired(matcher, cell->timestamp))
        return leave_column(matcher, cell);
    if (is_expired_by_tag(matcher, cell))
        return MATCH_SKIP;
    bool is_newer = cell->sequence > matcher->config.oldest_read_point;
    /* The order of writing needs every cell of it: only a major compaction has them all. */
    if (matcher->is_history_on && (is_newer || matcher->config.mode == MATCH_MERGE))
        return MATCH_INCLUDE;
    bool is_marker = cell_is_delete(cell);
    if (is_marker && is_newer)
        return MATCH_INCLUDE;
    enum match_code code = is_marker ? match_compaction_marker(matcher, cell)
                                     : check_deleted(matcher, cell);
    if (code == MATCH_GO_ON)
        code = is_newer ? MATCH_INCLUDE : check_versions(matcher, cell);
    /* Further markers of the column stay. */
    return code == MATCH_NEXT_COLUMN && matcher->config.mode == MATCH_MERGE ? MATCH_SKIP : code;
}

/* What still matters of a column that is done: family markers, which lie within the empty
 * qualifier, and the markers that a merge keeps. */
static enum match_code match_done_column(
    const struct column_matcher *matcher, const struct cell *cell)
{
    bool is_kept = matcher->config.mode == MATCH_MERGE && cell_is_delete(cell);
    return is_of_family(cell) || is_kept ? MATCH_GO_ON : MATCH_SKIP;
}

/* Keeps callers from skipping family markers: nothing is skipped within the empty qualifier. */
static enum match_code stay_in_empty_column(const struct cell *cell, enum match_code code)
{
    if (cell->qualifier.size)
        return code;
    switch (code) {
    case MATCH_INCLUDE_NEXT_COLUMN:
        return MATCH_INCLUDE;
    case MATCH_NEXT_COLUMN:
    case MATCH_SEEK_HINT:
        return MATCH_SKIP;
    default:
        return code;
    }
}

/* Takes the filter's hint; one that does not lead forward is a plain skip. */
static enum match_code take_hint(struct column_matcher *matcher, const struct cell *cell)
{
    struct cell *hint = &matcher->hint;
    if (!filter_hint(matcher->config.filter, cell, hint))
        return MATCH_SKIP;
    int order = row_compare(matcher->config.row_order, hint->row, cell->row);
    if (order)
        return (order > 0) == !matcher->config.is_reversed ? MATCH_SEEK_HINT : MATCH_SKIP;
    hint->family = cell->family;
    if (cell_compare(matcher->config.row_order, hint, cell) <= 0)
        return MATCH_SKIP;
    if (!span_equal(hint->qualifier, cell->qualifier))
        matcher->is_column_done = true;
    return stay_in_empty_column(cell, MATCH_SEEK_HINT);
}

enum status column_matcher_match(struct column_matcher *matcher, struct cell *cell,
    enum match_code *out_code, struct error *error)
{
    enum match_code code = MATCH_GO_ON;
    enter_column(matcher, cell);
    if (matcher->is_column_done)
        code = match_done_column(matcher, cell);
    if (code == MATCH_GO_ON)
        code = is_read(matcher) ? match_read(matcher, cell) : match_compaction(matcher, cell);
    if (code == MATCH_SEEK_HINT)
        code = take_hint(matcher, cell);
    else
        code = stay_in_empty_column(cell, code);
    if (matcher->is_out_of_memory)
        return error_set(error, STATUS_NO_MEMORY, "no memory to match cells");
    *out_code = code;
    return STATUS_OK;
}

struct cell column_matcher_probe(
    const struct column_matcher *matcher, enum match_code code, const struct cell *cell)
{
    struct cell probe = {.row = cell->row};
    switch (code) {
    case MATCH_SEEK_HINT:
        return matcher->hint;
    case MATCH_NEXT_COLUMN:
    case MATCH_INCLUDE_NEXT_COLUMN:
        probe.family = cell->family;
        if (matcher->wanted) {
            probe.qualifier = matcher->wanted[matcher->wanted_index];
            probe.timestamp = TIMESTAMP_LATEST;
            probe.type = CELL_MAXIMUM;
            probe.sequence = UINT64_MAX;
        } else {
            probe.qualifier = cell->qualifier;
            probe.timestamp = INT64_MIN;
            probe.type = CELL_MINIMUM;
        }
        return probe;
    default:
        probe.timestamp = INT64_MIN;
        probe.type = CELL_MINIMUM;
        return probe;
    }
}
