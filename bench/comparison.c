#include "bench/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench/operation.h"
#include "bench/significance.h"

#define SCHEMA       "stele.load/1"
#define RUNS_LEAST   3
#define SECOND_LEAST 0.5 /* shorter ones at the ends of a run tell too little */
#define REPORTS_MOST 1000

enum figure { FIGURE_RATE, FIGURE_MEAN, FIGURE_P50, FIGURE_P99, FIGURE_P999, FIGURES };

static const struct {
    const char *name;
    const char *key; /* of the latencies; NULL: the rate */
    bool is_timed;   /* seconds have it too */
} figures[FIGURES] = {{"rate /s", NULL, true}, {"mean us", "mean", true}, {"p50 us", "p50", true},
    {"p99 us", "p99", true}, {"p99.9 us", "p99.9", false}};

struct values {
    double *list; /* owned */
    size_t count;
    double typical; /* the median of the runs' totals */
};

/* ---- Reading ---- */

/* The latencies that users felt: intended where there are. */
static const json_t *latencies_of(const json_t *part)
{
    const json_t *intended = json_object_get(part, "intended_us");
    return intended ? intended : json_object_get(part, "service_us");
}

/* Figures that are there are numbers: one that is text would be left out as if it had not been measured. */
static bool check_part(const json_t *part, const char *name, const char *of, struct error *error)
{
    const json_t *latencies = latencies_of(part), *rate = json_object_get(part, "rate");
    const char *wrong = rate && !json_is_number(rate) ? "rate" : NULL;
    for (size_t i = 0; i < FIGURES && !wrong; i++) {
        const json_t *value = figures[i].key ? json_object_get(latencies, figures[i].key) : NULL;
        if (value && !json_is_number(value) && !json_is_null(value))
            wrong = figures[i].key;
    }
    if (wrong)
        error_set(error, STATUS_INVALID, "%s: %s of %s is not a number", name, wrong, of);
    return !wrong;
}

static bool check_numbers(json_t *report, const char *name, struct error *error)
{
    const char *operation;
    json_t *part;
    json_object_foreach(json_object_get(report, "operations"), operation,
        part) if (!check_part(part, name, operation, error)) return false;
    size_t i;
    json_array_foreach(json_object_get(report, "timeline"), i,
        part) if (!check_part(part, name, "a second", error)) return false;
    return check_part(json_object_get(report, "totals"), name, "the totals", error);
}

/* The next report of the file, appended; *out_is_end when there is none. */
static enum status read_one(
    FILE *file, const char *name, json_t *reports, bool *out_is_end, struct error *error)
{
    json_error_t problem;
    int next;
    while ((next = fgetc(file)) == '\n' || next == ' ' || next == '\r' || next == '\t')
        ;
    *out_is_end = next == EOF;
    if (next == EOF)
        return STATUS_OK;
    ungetc(next, file);
    json_t *report = json_loadf(file, JSON_DISABLE_EOF_CHECK, &problem);
    const char *schema = json_string_value(json_object_get(report, "schema"));
    enum status status = STATUS_OK;
    if (!report)
        status = error_set(
            error, STATUS_INVALID, "%s, line %d: %s", name, problem.line, problem.text);
    else if (!schema || strcmp(schema, SCHEMA) != 0)
        status = error_set(error, STATUS_INVALID,
            "%s is no report of 'bench load --json' (schema %s)", name, SCHEMA);
    else if (!json_is_object(json_object_get(report, "totals")) ||
             !json_is_object(json_object_get(report, "operations")))
        status = error_set(error, STATUS_INVALID, "%s: a report without totals", name);
    else if (!check_numbers(report, name, error))
        status = STATUS_INVALID;
    else if (json_array_size(reports) == REPORTS_MOST)
        status = error_set(error, STATUS_LIMIT, "%s has more than %d reports", name, REPORTS_MOST);
    if (status)
        json_decref(report);
    else
        json_array_append_new(reports, report);
    return status;
}

enum status comparison_read_stream(
    FILE *file, const char *name, json_t **out_reports, struct error *error)
{
    json_t *reports = json_array();
    enum status status = STATUS_OK;
    bool is_end = false;
    while (!status && !is_end)
        status = read_one(file, name, reports, &is_end, error);
    if (!status && ferror(file))
        status = error_set(error, STATUS_INVALID, "%s: %s", name, strerror(errno));
    if (!status && json_array_size(reports) == 0)
        status = error_set(error, STATUS_INVALID, "%s is empty", name);
    if (status)
        json_decref(reports);
    else
        *out_reports = reports;
    return status;
}

enum status comparison_read(const char *path, json_t **out_reports, struct error *error)
{
    if (strcmp(path, "-") == 0)
        return comparison_read_stream(stdin, "standard input", out_reports, error);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(error, STATUS_NOT_FOUND, "%s: %s", path, strerror(errno));
    enum status status = comparison_read_stream(file, path, out_reports, error);
    fclose(file);
    return status;
}

/* ---- Values ---- */

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* operation NULL: all together. */
static const json_t *total_of(const json_t *report, const char *operation)
{
    return operation ? json_object_get(json_object_get(report, "operations"), operation)
                     : json_object_get(report, "totals");
}

static double figure_of(const json_t *part, enum figure figure)
{
    return figures[figure].key ? number_of(latencies_of(part), figures[figure].key)
                               : number_of(part, "rate");
}

static double figure_of_second(const json_t *second, const char *operation, enum figure figure)
{
    double length = number_of(second, "length_s");
    const json_t *part = operation ? json_object_get(json_object_get(second, "of"), operation)
                                   : second;
    if (!(number_of(second, "second") >= 0) || !(length >= SECOND_LEAST))
        return NAN;
    return figures[figure].key ? number_of(latencies_of(part), figures[figure].key)
                               : number_of(part, "operations") / length;
}

static void add_value(struct values *values, double value)
{
    if (!isnan(value))
        values->list[values->count++] = value;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const json_t *reports, const char *operation, enum figure figure)
{
    double *list = memory_allocate(json_array_size(reports) * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; list && i < json_array_size(reports); i++) {
        double value = figure_of(total_of(json_array_get(reports, i), operation), figure);
        if (!isnan(value))
            list[count++] = value;
    }
    if (count)
        qsort(list, count, sizeof *list, compare_numbers);
    double middle = count ? (list[(count - 1) / 2] + list[count / 2]) / 2 : NAN;
    memory_free(list);
    return middle;
}

static void take_values(const json_t *reports, const char *operation, enum figure figure,
    bool is_by_run, struct values *out_values)
{
    size_t room = 1, runs = json_array_size(reports);
    for (size_t i = 0; i < runs; i++)
        room += 1 + json_array_size(json_object_get(json_array_get(reports, i), "timeline"));
    *out_values = (struct values){.list = memory_allocate_zeroed(room, sizeof(double)),
        .typical = median(reports, operation, figure)};
    for (size_t i = 0; out_values->list && i < runs; i++) {
        const json_t *report = json_array_get(reports, i);
        const json_t *timeline = json_object_get(report, "timeline");
        if (is_by_run)
            add_value(out_values, figure_of(total_of(report, operation), figure));
        for (size_t j = 0; !is_by_run && j < json_array_size(timeline); j++)
            add_value(out_values, figure_of_second(json_array_get(timeline, j), operation, figure));
    }
}

/* ---- The table ---- */

static enum verdict judge(const struct comparison_plan *plan, double change_percent,
    double probability, bool is_more_better)
{
    if (!(fabs(change_percent) >= plan->least_percent))
        return VERDICT_SAME;
    if (!(probability < plan->probability))
        return VERDICT_UNSURE;
    return (change_percent > 0) == is_more_better ? VERDICT_BETTER : VERDICT_WORSE;
}

/* JSON has no infinities. */
static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void add_line(json_t *figures_made, const char *operation, const char *name, double a,
    double b, double probability, const char *verdict)
{
    json_array_append_new(figures_made,
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s?}", "operation", operation, "figure",
            name, "a", number_or_null(a), "b", number_or_null(b), "ratio", number_or_null(b / a),
            "change_percent", number_or_null(100 * (b / a - 1)), "chance",
            number_or_null(probability), "verdict", verdict));
}

struct counted {
    size_t worse, unsure;
};

static void compare_figure(json_t *lines, const struct comparison_plan *plan, const json_t *a,
    const json_t *b, const char *operation, enum figure figure, bool is_by_run,
    struct counted *counted)
{
    static const char *const names[] = {"same", "better", "worse", "not sure"};
    struct values left, right;
    bool has_values = is_by_run || figures[figure].is_timed;
    take_values(a, operation, figure, is_by_run, &left);
    take_values(b, operation, figure, is_by_run, &right);
    if (left.list && right.list && left.typical > 0 && right.typical >= 0) {
        double probability = has_values ? significance_of(left.list, left.count, right.list,
                                              right.count, !is_by_run)
                                        : NAN;
        enum verdict verdict = judge(
            plan, 100 * (right.typical / left.typical - 1), probability, figure == FIGURE_RATE);
        counted->worse += verdict == VERDICT_WORSE;
        counted->unsure += verdict == VERDICT_UNSURE && has_values;
        add_line(lines, operation ? operation : "all", figures[figure].name, left.typical,
            right.typical, probability, names[verdict]);
    }
    memory_free(left.list);
    memory_free(right.list);
}

/* One number a run: told without a verdict unless the runs are many. */
static void compare_cpu(
    json_t *lines, const json_t *a, const json_t *b, const char *key, const char *name)
{
    double left = number_of(total_of(json_array_get(a, 0), NULL), key);
    double right = number_of(total_of(json_array_get(b, 0), NULL), key);
    if (left > 0 && right > 0)
        add_line(lines, "all", name, left, right, NAN, NULL);
}

static const json_t *first_config(const json_t *reports)
{
    return json_object_get(json_array_get(reports, 0), "config");
}

static json_t *differences(const json_t *a, const json_t *b)
{
    json_t *list = json_array(), *value;
    const char *key;
    json_object_foreach((json_t *)first_config(a), key, value)
    {
        json_t *other = json_object_get(first_config(b), key);
        if (strcmp(key, "place") != 0 && !json_equal(value, other))
            json_array_append_new(
                list, json_pack("{s:s, s:O, s:O?}", "setting", key, "a", value, "b", other));
    }
    return list;
}

static const char *text_of(const json_t *report, const char *key)
{
    const char *text = json_string_value(json_object_get(report, key));
    return text ? text : "?";
}

static json_t *side(const json_t *reports)
{
    const json_t *report = json_array_get(reports, 0);
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:b}", "runs", (json_int_t)json_array_size(reports),
        "name", text_of(report, "name"), "place", text_of(report, "place"), "revision",
        text_of(report, "revision"), "seconds",
        number_or_null(number_of(json_object_get(report, "totals"), "seconds")), "is_partial",
        (int)(strcmp(text_of(report, "end"), "complete") != 0));
}

json_t *comparison_make(const struct comparison_plan *plan, const json_t *a, const json_t *b)
{
    struct counted counted = {0};
    bool is_by_run = json_array_size(a) >= RUNS_LEAST && json_array_size(b) >= RUNS_LEAST;
    json_t *lines = json_array();
    for (int i = -1; i < OPERATION_COUNT; i++) {
        const char *operation = i < 0 ? NULL : operation_name((enum operation)i);
        if (operation && (!total_of(json_array_get(a, 0), operation) ||
                             !total_of(json_array_get(b, 0), operation)))
            continue;
        for (int figure = 0; figure < FIGURES; figure++)
            compare_figure(lines, plan, a, b, operation, (enum figure)figure, is_by_run, &counted);
    }
    compare_cpu(lines, a, b, "server_cpu_us", "server CPU us");
    compare_cpu(lines, a, b, "client_cpu_us", "client CPU us");
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:f, s:f, s:o, s:I, s:I}", "schema", "stele.diff/1",
        "a", side(a), "b", side(b), "settings_differ", differences(a, b), "by",
        is_by_run ? "runs" : "seconds", "least_percent", plan->least_percent, "chance_percent",
        100 * plan->probability, "figures", lines, "worse", (json_int_t)counted.worse, "unsure",
        (json_int_t)counted.unsure);
}

size_t comparison_worse(const json_t *comparison)
{
    return (size_t)json_integer_value(json_object_get(comparison, "worse"));
}

/* ---- For people ---- */

static void print_side(FILE *out, const char *name, const json_t *told)
{
    json_int_t runs = json_integer_value(json_object_get(told, "runs"));
    fprintf(out, "%s: %" JSON_INTEGER_FORMAT " run%s of '%s' at %s, %.0f s, revision %s%s\n", name,
        runs, runs == 1 ? "" : "s", text_of(told, "name"), text_of(told, "place"),
        number_of(told, "seconds"), text_of(told, "revision"),
        json_is_true(json_object_get(told, "is_partial")) ? " (partial)" : "");
}

static void print_differences(FILE *out, const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        char *left = json_dumps(json_object_get(one, "a"), JSON_ENCODE_ANY),
             *right = json_dumps(json_object_get(one, "b"), JSON_ENCODE_ANY);
        fprintf(out, "settings differ: %s is %s in A, %s in B\n", text_of(one, "setting"),
            left ? left : "?", right ? right : "?");
        free(left);
        free(right);
    }
}

static void print_line(FILE *out, const json_t *line)
{
    const char *verdict = json_string_value(json_object_get(line, "verdict"));
    double probability = number_of(line, "chance");
    fprintf(out, "%-13s %-13s %11.1f %11.1f %7.3f %+7.1f %% ", text_of(line, "operation"),
        text_of(line, "figure"), number_of(line, "a"), number_of(line, "b"),
        number_of(line, "ratio"), number_of(line, "change_percent"));
    if (isnan(probability))
        fprintf(out, "%7s %s\n", "-", verdict ? verdict : "");
    else if (probability < 1e-4)
        fprintf(out, "%7s %s\n", "<0.0001", verdict ? verdict : "");
    else
        fprintf(out, "%7.4f %s\n", probability, verdict ? verdict : "");
}

void comparison_print(FILE *out, const json_t *comparison)
{
    bool is_by_run = strcmp(text_of(comparison, "by"), "runs") == 0;
    size_t i;
    json_t *line;
    print_side(out, "A", json_object_get(comparison, "a"));
    print_side(out, "B", json_object_get(comparison, "b"));
    print_differences(out, json_object_get(comparison, "settings_differ"));
    fprintf(out, "\n%-13s %-13s %11s %11s %7s %9s %7s\n", "operation", "figure", "A", "B", "B/A",
        "change", "chance");
    json_array_foreach(json_object_get(comparison, "figures"), i, line)
    {
        print_line(out, line);
    }
    fprintf(out,
        "\n%s.\nA change counts from %g %% on and when chance makes it in fewer than %g %% of "
        "cases.\n",
        is_by_run ? "Mann-Whitney U test, two-sided, over the runs"
                  : "Mann-Whitney U test and Welch's t of the logarithms, two-sided, over the\n"
                    "seconds of the runs, widened by their lag-1 correlation",
        number_of(comparison, "least_percent"), number_of(comparison, "chance_percent"));
    if (json_integer_value(json_object_get(comparison, "unsure")) > 0)
        fputs(is_by_run ? "Not sure: more runs tell more.\n"
                        : "Not sure: longer runs tell more, and so do three of each side, one "
                          "object after the other in a file.\n",
            out);
}
