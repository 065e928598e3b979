#include "model/split_policy.h"

#include <stdlib.h>
#include <string.h>

#define ACROSS_MOST     0.5
#define DIFFERENCE_MOST 0.25
#define HOT_AGREEMENT   2.0 /* a hot row has half its share of the samples, at least */
#define TABLETS_GROWING 100 /* IncreasingToUpperBound: more of them here use the full size */

enum policy { POLICY_STEPPING, POLICY_CONSTANT, POLICY_INCREASING, POLICY_DISABLED };

struct split_settings split_settings_default(void)
{
    return (struct split_settings){
        .by_size = true,
        .by_load = true,
        .requests_per_s = 2500,
        .bytes_per_s = 30 << 20,
        .cpu = 0.25,
        .sample_count_least = 16,
        .flush_bytes = 128u << 20,
        .file_bytes_most = 10ull << 30,
    };
}

/* ---- What the table says ---- */

/* A table's word: its attribute, or its configuration. */
static bool find_word(const struct table_schema *schema, const char *key, struct span *out_value)
{
    return schema && (attributes_find(schema->attributes, schema->attribute_count, span_string(key),
                          out_value) ||
                         attributes_find(schema->configuration, schema->configuration_count,
                             span_string(key), out_value));
}

/* The class without its package; empty when the table names none. */
static struct span policy_class(const struct table_schema *schema)
{
    struct span name;
    if (!find_word(schema, "SPLIT_POLICY", &name) &&
        !find_word(schema, "hbase.regionserver.region.split.policy", &name))
        return SPAN_EMPTY;
    size_t dot = span_find_last(name, '.');
    return dot == SIZE_MAX ? name : span_slice(name, dot + 1, name.size - dot - 1);
}

static enum policy policy_of(const struct table_schema *schema)
{
    static const struct {
        struct span name;
        enum policy policy;
    } policies[] = {
        {SPAN_LITERAL("ConstantSizeRegionSplitPolicy"), POLICY_CONSTANT},
        {SPAN_LITERAL("DisabledRegionSplitPolicy"), POLICY_DISABLED},
        {SPAN_LITERAL("IncreasingToUpperBoundRegionSplitPolicy"), POLICY_INCREASING},
        {SPAN_LITERAL("KeyPrefixRegionSplitPolicy"), POLICY_INCREASING},
        {SPAN_LITERAL("DelimitedKeyPrefixRegionSplitPolicy"), POLICY_INCREASING},
        {SPAN_LITERAL("BusyRegionSplitPolicy"), POLICY_INCREASING},
    };
    struct span enabled, name = policy_class(schema);
    if (find_word(schema, "SPLIT_ENABLED", &enabled) && span_equal(enabled, SPAN_LITERAL("false")))
        return POLICY_DISABLED;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (span_equal(name, policies[i].name))
            return policies[i].policy;
    return POLICY_STEPPING;
}

uint64_t split_policy_size_limit(const struct split_candidate *candidate,
    const struct table_schema *schema, const struct split_settings *settings)
{
    uint64_t most = schema && schema->max_file_size_bytes > 0
                        ? (uint64_t)schema->max_file_size_bytes
                        : settings->file_bytes_most;
    uint64_t flush = schema && schema->memtable_flush_bytes > 0
                         ? (uint64_t)schema->memtable_flush_bytes
                         : settings->flush_bytes;
    uint64_t here = candidate->tablets_here, limit = most;
    uint64_t young = flush < UINT64_MAX / 2 ? 2 * flush : most;
    switch (policy_of(schema)) {
    case POLICY_DISABLED:
        return UINT64_MAX;
    case POLICY_CONSTANT:
        return most;
    case POLICY_STEPPING:
        limit = here == 1 ? young : most;
        break;
    case POLICY_INCREASING:
        if (here > 0 && here <= TABLETS_GROWING && young < UINT64_MAX / (here * here * here))
            limit = young * here * here * here;
        break;
    }
    return limit < most ? limit : most;
}

double split_policy_requests(
    const struct table_schema *schema, const struct split_settings *settings)
{
    struct span word;
    char text[16] = {0}, *end;
    if (!find_word(schema, SPLIT_REQUESTS_WORD, &word) || word.size == 0 ||
        word.size >= sizeof text)
        return settings->requests_per_s;
    memcpy(text, word.data, word.size);
    double number = strtod(text, &end);
    return *end == '\0' && number > 0 ? number : settings->requests_per_s;
}

/* As many bytes as the decimal number says; all of the row when it is none. */
static struct span cut_to_length(struct span row, struct span length)
{
    char text[16] = {0};
    if (length.size == 0 || length.size >= sizeof text)
        return row;
    memcpy(text, length.data, length.size);
    unsigned long size = strtoul(text, NULL, 10);
    return size > 0 && size < row.size ? span_slice(row, 0, size) : row;
}

static struct span cut_at_delimiter(struct span row, struct span delimiter)
{
    for (size_t i = 0; delimiter.size > 0 && i + delimiter.size <= row.size; i++)
        if (span_equal(span_slice(row, i, delimiter.size), delimiter))
            return span_slice(row, 0, i);
    return row;
}

struct span split_policy_cut_row(const struct table_schema *schema, struct span row)
{
    struct span word, name = policy_class(schema);
    if (span_equal(name, SPAN_LITERAL("KeyPrefixRegionSplitPolicy")) &&
        find_word(schema, "KeyPrefixRegionSplitPolicy.prefix_length", &word))
        return cut_to_length(row, word);
    if (span_equal(name, SPAN_LITERAL("DelimitedKeyPrefixRegionSplitPolicy")) &&
        find_word(schema, "DelimitedKeyPrefixRegionSplitPolicy.delimiter", &word))
        return cut_at_delimiter(row, word);
    return row;
}

/* ---- A row judged by samples ---- */

static bool is_inside(const struct split_candidate *candidate, struct span row)
{
    return span_compare(row, candidate->start_row) > 0 &&
           (candidate->end_row.size == 0 || span_compare(row, candidate->end_row) < 0);
}

/* What lies where when the tablet is cut before `row`. */
static struct split_decision judge(const struct split_sample *judges, size_t count, struct span row)
{
    float one = 1.0f / (float)count;
    struct split_decision decision = {.row = row};
    for (size_t i = 0; i < count; i++) {
        if (span_compare(judges[i].last_row, row) < 0)
            decision.left += one;
        else if (span_compare(judges[i].first_row, row) >= 0)
            decision.right += one;
        else
            decision.across += one;
    }
    return decision;
}

static double difference(const struct split_decision *decision)
{
    double difference = (double)(decision->left - decision->right);
    return difference < 0 ? -difference : difference;
}

/* ---- What is measured ---- */

struct measure {
    const struct split_stretch *stretches;
    size_t count; /* 0: nothing */
    double total;
};

static struct measure measure_of(const struct split_candidate *candidate)
{
    struct measure measure = {candidate->stretches, candidate->stretch_count, 0};
    for (size_t i = 0; i < measure.count; i++)
        measure.total += measure.stretches[i].load;
    if (measure.count < 2 || measure.total <= 0)
        measure.count = 0;
    return measure;
}

/* The part of stretch k that lies before `row`, by the samples inside it; a half when there are none. */
static double part_before(const struct measure *measure, size_t k,
    const struct split_sample *judges, size_t count, struct span row)
{
    struct span start = measure->stretches[k].start_row;
    bool is_last = k + 1 == measure->count;
    size_t before = 0, behind = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_inside = span_compare(judges[i].first_row, start) >= 0 &&
                         (is_last || span_compare(judges[i].last_row,
                                         measure->stretches[k + 1].start_row) < 0);
        before += is_inside && span_compare(judges[i].last_row, row) < 0;
        behind += is_inside && span_compare(judges[i].first_row, row) >= 0;
    }
    return before + behind ? (double)before / (double)(before + behind) : 0.5;
}

/* Sets left and right by what was measured; what lies across is the samples' to say. */
static void weigh(const struct measure *measure, const struct split_sample *judges, size_t count,
    struct split_decision *decision)
{
    double left = 0;
    size_t k = 0;
    if (measure->count == 0)
        return;
    for (; k + 1 < measure->count &&
           span_compare(measure->stretches[k + 1].start_row, decision->row) <= 0;
         k++)
        left += measure->stretches[k].load;
    left += measure->stretches[k].load * part_before(measure, k, judges, count, decision->row);
    double single = 1 - (double)decision->across;
    decision->left = (float)(left / measure->total * single);
    decision->right = (float)((1 - left / measure->total) * single);
}

/* ---- The key ---- */

struct search {
    const struct split_candidate *candidate;
    const struct table_schema *schema;
    const struct split_sample *judges;
    size_t judge_count;
    struct measure measure;
    struct split_decision best;
    bool is_found;
};

/* The cut row is what counts: it may be left of the one that is tried. */
static void try_row(struct search *search, struct span tried)
{
    struct span row = split_policy_cut_row(search->schema, tried);
    if (!is_inside(search->candidate, row))
        return;
    struct split_decision decision = judge(search->judges, search->judge_count, row);
    weigh(&search->measure, search->judges, search->judge_count, &decision);
    double cost = difference(&decision) + (double)decision.across;
    if (search->is_found && cost >= difference(&search->best) + (double)search->best.across)
        return;
    search->best = decision;
    search->is_found = true;
}

/* SPLIT_NO_OBSTACLE: *out_decision says where. */
static enum split_obstacle find_row(const struct split_candidate *candidate,
    const struct table_schema *schema, uint32_t sample_count_least,
    struct split_decision *out_decision)
{
    size_t half = candidate->sample_count / 2;
    struct search search = {.candidate = candidate,
        .schema = schema,
        .judges = candidate->samples + half,
        .judge_count = candidate->sample_count - half,
        .measure = measure_of(candidate)};
    if (half < sample_count_least || half == 0)
        return SPLIT_FEW_SAMPLES;
    for (size_t i = 0; i < half; i++)
        try_row(&search, candidate->samples[i].first_row);
    for (size_t i = 1; i < search.measure.count; i++)
        try_row(&search, search.measure.stretches[i].start_row);
    if (!search.is_found || (double)search.best.across > ACROSS_MOST ||
        difference(&search.best) > DIFFERENCE_MOST)
        return SPLIT_NO_KEY;
    *out_decision = search.best;
    return SPLIT_NO_OBSTACLE;
}

/* ---- The decision ---- */

/* What the hottest row takes for sure. It was counted over a minute or two: the samples must know it still. */
static double hot_share(const struct split_candidate *candidate)
{
    size_t seen = 0;
    if (candidate->hot_row.size == 0 || candidate->sample_count == 0)
        return 0;
    for (size_t i = 0; i < candidate->sample_count; i++) {
        const struct split_sample *sample = &candidate->samples[i];
        seen += span_starts_with(sample->first_row, candidate->hot_row) &&
                span_equal(sample->first_row, sample->last_row);
    }
    double still = HOT_AGREEMENT * (double)seen / (double)candidate->sample_count;
    return candidate->hot_share < still ? candidate->hot_share : still;
}

bool split_policy_is_loaded(const float load[VIEW_RESOURCES], const struct table_schema *schema,
    const struct split_settings *settings, enum view_resource *out_resource)
{
    const double thresholds[VIEW_RESOURCES] = {
        [VIEW_REQUESTS] = split_policy_requests(schema, settings),
        [VIEW_BYTES] = settings->bytes_per_s,
        [VIEW_CPU] = settings->cpu,
    };
    double worst = 1;
    bool is_found = false;
    for (unsigned r = 0; r < VIEW_RESOURCES; r++) {
        double times = thresholds[r] > 0 ? (double)load[r] / thresholds[r] : 0;
        if (times <= worst)
            continue;
        worst = times;
        *out_resource = (enum view_resource)r;
        is_found = true;
    }
    return is_found;
}

const char *split_obstacle_text(enum split_obstacle obstacle)
{
    static const char *const texts[] = {[SPLIT_NO_OBSTACLE] = "",
        [SPLIT_ONE_ROW] = "one row takes most of it",
        [SPLIT_FEW_SAMPLES] = "too little is known yet of where its load lies",
        [SPLIT_NO_KEY] = "no key halves its load"};
    return texts[obstacle];
}

bool split_policy_pays(
    const float load[VIEW_RESOURCES], const double total[VIEW_RESOURCES], size_t live_servers)
{
    static const enum view_resource spread[] = {VIEW_REQUESTS, VIEW_BYTES, VIEW_CPU};
    if (live_servers < 2)
        return false;
    for (size_t i = 0; i < sizeof spread / sizeof *spread; i++)
        if (total[spread[i]] > 0 &&
            (double)load[spread[i]] * (double)live_servers >= SPLIT_SHARE_LEAST * total[spread[i]])
            return true;
    return false;
}

struct split_decision split_policy_decide(const struct split_candidate *candidate,
    const struct table_schema *schema, const struct split_settings *settings)
{
    struct split_decision decision = {.reason = SPLIT_NONE};
    enum view_resource resource;
    if (candidate->is_meta || policy_of(schema) == POLICY_DISABLED)
        return decision;
    if (settings->by_size && !candidate->is_shared &&
        candidate->size_bytes > split_policy_size_limit(candidate, schema, settings)) {
        decision.reason = SPLIT_BY_SIZE;
        return decision;
    }
    if (!settings->by_load || !split_policy_is_loaded(candidate->load, schema, settings, &resource))
        return decision;
    double row_share = hot_share(candidate);
    float movable[VIEW_RESOURCES];
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        movable[r] = (float)((double)candidate->load[r] * (1 - row_share));
    if (!split_policy_is_loaded(movable, schema, settings, &resource)) {
        decision.obstacle = SPLIT_ONE_ROW;
        return decision;
    }
    enum split_obstacle obstacle = find_row(
        candidate, schema, settings->sample_count_least, &decision);
    if (obstacle) {
        decision.obstacle = obstacle == SPLIT_NO_KEY && row_share > DIFFERENCE_MOST ? SPLIT_ONE_ROW
                                                                                    : obstacle;
        return decision;
    }
    decision.reason = SPLIT_BY_LOAD;
    decision.resource = resource;
    return decision;
}
