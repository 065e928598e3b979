/* The command: options, the cells, and the checks that all designs hold the same rows. */
#include "bench/study/study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/options.h"

static const char usage[] =
    "usage: stele bench study SCENARIO --simulate [options]\n"
    "\n"
    "Compares row key designs on one trace of requests: how unevenly they load tablets and "
    "servers, whether splits and\n"
    "a balancer cure it, and what a query costs. --simulate computes this without a server.\n"
    "\n"
    "  --mappers=A;B;...    designs (default: the scenario's): raw, promote, swap, order:a,b, "
    "reverse, salt:N[:fields],\n"
    "                       random-salt:N, md5:K, md5, uuid, latest:FIELD, "
    "template:{field}text{field:2-8}\n"
    "  --tablets=N          of the fixed cut, equal rows each (default 32)\n"
    "  --servers=N          (default 4)\n"
    "  --capacity=N         requests a second that a server can serve (default 8000)\n"
    "  --rate=N             requests a second that arrive (default 20000)\n"
    "  --seconds=N          of the run (default 180)\n"
    "  --split=on|off --balancer=on|off    (default on)\n"
    "  --seed=N             (default 1)\n"
    "  --json               one JSON object (schema stele-study-1)\n"
    "  --list               the scenarios\n"
    "\n"
    "Exit codes: 0 done, 1 it failed, 2 wrong usage.\n";

struct study_options {
    const char *scenario;
    const char *mappers;
    uint64_t seed;
    bool is_json;
};

static const struct option_value option_table[] = {{.name = "mappers"}, {.name = "tablets"},
    {.name = "servers"}, {.name = "capacity"}, {.name = "rate"}, {.name = "seconds"},
    {.name = "split"}, {.name = "balancer"}, {.name = "seed"}, {.name = "json", .is_flag = true},
    {.name = "list", .is_flag = true}, {.name = "simulate", .is_flag = true}};

#define OPTION_COUNT (sizeof option_table / sizeof *option_table)

static int complain(const char *what, const char *name, const char *nearest)
{
    fprintf(stderr, "stele: bench study: %s", what);
    if (name)
        fprintf(stderr, " '%s'", name);
    if (nearest)
        fprintf(stderr, "; did you mean '%s'?", nearest);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static void list_scenario(void *context, const struct scenario *scenario)
{
    (void)context;
    printf("  %-15s %s\n", scenario->name, scenario->summary);
}

/* True when the option is absent or good. */
static bool take_number(
    const struct options *options, const char *name, double least, double most, double *out_number)
{
    const char *text = options_get(options, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    double number = strtod(text, &end);
    if (errno || end == text || *end || !(number >= least && number <= most)) {
        fprintf(stderr, "stele: bench study: --%s takes a number from %.0f to %.0f, not '%s'\n",
            name, least, most, text);
        return false;
    }
    *out_number = number;
    return true;
}

static bool take_switch(const struct options *options, const char *name, bool *out_is_on)
{
    const char *text = options_get(options, name);
    if (!text)
        return true;
    *out_is_on = strcmp(text, "on") == 0;
    if (*out_is_on || strcmp(text, "off") == 0)
        return true;
    fprintf(stderr, "stele: bench study: --%s takes on or off, not '%s'\n", name, text);
    return false;
}

static bool take_settings(
    const struct options *options, struct study *study, struct study_options *own)
{
    struct model_settings *settings = &study->settings;
    double tablets = (double)study->tablets, servers = (double)settings->servers,
           seconds = settings->seconds, seed = (double)own->seed;
    if (!take_number(options, "tablets", 1, STUDY_TABLETS_MOST, &tablets) ||
        !take_number(options, "servers", 1, 256, &servers) ||
        !take_number(options, "capacity", 1, 1e9, &settings->capacity) ||
        !take_number(options, "rate", 100, 1e9, &settings->rate) ||
        !take_number(options, "seconds", 1, 36000, &seconds) ||
        !take_number(options, "seed", 0, 1e15, &seed) ||
        !take_switch(options, "split", &settings->has_split) ||
        !take_switch(options, "balancer", &settings->has_balancer))
        return false;
    study->tablets = (size_t)tablets;
    settings->servers = settings->tablets = (size_t)servers;
    settings->seconds = (unsigned)seconds;
    settings->seed = own->seed = (uint64_t)seed;
    /* about 2,000 drawn requests a second, however many arrive */
    settings->weight = settings->rate < 4000 ? 1 : (unsigned)(settings->rate / 2000);
    return true;
}

/* An exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct study *study, struct study_options *own)
{
    struct option_value values[OPTION_COUNT];
    const char *arguments[1];
    memcpy(values, option_table, sizeof values);
    struct options options = {.command = "bench study",
        .usage = usage,
        .values = values,
        .value_count = OPTION_COUNT,
        .arguments = arguments,
        .argument_limit = 1};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    if (options_get(&options, "list")) {
        scenario_each(list_scenario, NULL);
        return EXIT_DONE;
    }
    if (options.argument_count == 0)
        return complain(
            "name a scenario; 'stele bench study --list' tells which there are", NULL, NULL);
    study->scenario = scenario_find(arguments[0]);
    if (!study->scenario)
        return complain("there is no scenario", arguments[0], scenario_nearest(arguments[0]));
    if (!options_get(&options, "simulate"))
        return complain("live studies are not built yet; add --simulate", NULL, NULL);
    own->mappers = options_get(&options, "mappers");
    own->is_json = options_get(&options, "json") != NULL;
    return take_settings(&options, study, own) ? -1 : EXIT_USAGE;
}

/* ---- Cells ---- */

static enum status parse_mappers(
    struct study *study, const char *list, struct arena *arena, struct error *error)
{
    enum status status = STATUS_OK;
    study->cells = memory_allocate_zeroed(STUDY_MAPPERS_MOST, sizeof *study->cells);
    if (!study->cells)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a study");
    if (!list) {
        for (size_t i = 0; i < SCENARIO_MAPPERS && study->scenario->mappers[i] && !status; i++)
            status = key_mapper_parse(study->scenario->mappers[i], &study->scenario->layout, arena,
                &study->cells[study->cell_count++].mapper, error);
        return status;
    }
    char *text = arena_copy_string(arena, span_string(list)), *rest = NULL;
    if (!text)
        return error_set(error, STATUS_NO_MEMORY, "no memory for a study");
    for (char *one = strtok_r(text, ";", &rest); one && !status; one = strtok_r(NULL, ";", &rest)) {
        if (study->cell_count == STUDY_MAPPERS_MOST)
            return error_set(
                error, STATUS_INVALID, "a study has at most %d designs", STUDY_MAPPERS_MOST);
        status = key_mapper_parse(
            one, &study->scenario->layout, arena, &study->cells[study->cell_count++].mapper, error);
    }
    if (!status && study->cell_count == 0)
        status = error_set(error, STATUS_INVALID, "--mappers names no design");
    return status;
}

/* Every row of a design that keeps its key gives that very key back. */
static enum status check_decoding(
    const struct row_set *set, struct study_cell *cell, struct error *error)
{
    struct study_key key;
    for (size_t i = 0; i < set->count; i++) {
        const struct study_row *row = &set->rows[i];
        if (!key_mapper_decode(&cell->mapper, span_make(row->bytes, row->size), &key))
            return STATUS_OK; /* its kind does not, or a template that drops bytes */
        if (!study_key_matches(&key, &set->population->keys[i]))
            return error_set(error, STATUS_CORRUPT,
                "design '%s' gives another key back than it was given (row %.*s)",
                cell->mapper.name, (int)row->size, (const char *)row->bytes);
    }
    cell->is_decodable = true;
    return STATUS_OK;
}

static enum status run_cell(const struct study *study, const struct population *population,
    struct study_cell *cell, struct error *error)
{
    struct row_set set;
    enum status status = row_set_make(population, &cell->mapper, study->settings.seed, &set, error);
    if (status)
        return status;
    status = check_decoding(&set, cell, error);
    if (!status) {
        model_static(&set, study->tablets, study->settings.servers, study->requests,
            study->settings.seed, &cell->fixed);
        for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario->queries[i].name; i++) {
            struct study_key partial;
            scenario_query_key(study->scenario, &study->scenario->queries[i], &partial);
            cell->queries[i] = row_set_query(&set, &partial, study->tablets);
        }
        cell->get_cost = key_mapper_get_cost(&cell->mapper);
        status = model_run(&set, &study->settings, &cell->run, error);
    }
    row_set_deinit(&set);
    return status;
}

/* All designs see one trace: what a query finds must be the same for each. */
static enum status check_answers(const struct study *study, struct error *error)
{
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario->queries[i].name; i++)
        for (size_t j = 1; j < study->cell_count; j++)
            if (study->cells[j].queries[i].rows_wanted != study->cells[0].queries[i].rows_wanted)
                return error_set(error, STATUS_CORRUPT,
                    "'%s' finds %zu rows with '%s' and %zu with '%s'",
                    study->scenario->queries[i].name, study->cells[j].queries[i].rows_wanted,
                    study->cells[j].mapper.name, study->cells[0].queries[i].rows_wanted,
                    study->cells[0].mapper.name);
    return STATUS_OK;
}

static unsigned terminal_colours(void)
{
    const char *colour = getenv("COLORTERM"), *none = getenv("NO_COLOR"), *term = getenv("TERM");
    const char *language = getenv("LC_ALL");
    if (!language || !*language)
        language = getenv("LC_CTYPE");
    if (!language || !*language)
        language = getenv("LANG");
    if ((none && *none) || !isatty(STDOUT_FILENO) || !term || strcmp(term, "dumb") == 0 ||
        !language || !strcasestr(language, "utf-8"))
        return 0;
    return colour && (strstr(colour, "truecolor") || strstr(colour, "24bit")) ? 1u << 24 : 256;
}

int command_bench_study(int argc, char **argv)
{
    struct study study = {.settings = model_settings_default(), .tablets = 32, .requests = 300000};
    struct study_options own = {.seed = 1};
    struct population population = {0};
    struct arena arena = {0};
    struct error error = {0};
    int code = parse_options(argc, argv, &study, &own);
    if (code >= 0)
        return code;
    enum status status = parse_mappers(&study, own.mappers, &arena, &error);
    if (status == STATUS_INVALID) {
        code = complain(error.message, NULL, NULL);
        goto done;
    }
    if (!status)
        status = population_make(study.scenario, own.seed, &population, &error);
    for (size_t i = 0; i < study.cell_count && !status; i++)
        status = run_cell(&study, &population, &study.cells[i], &error);
    if (!status)
        status = check_answers(&study, &error);
    if (status) {
        fprintf(stderr, "stele: bench study: %s\n", error.message);
        code = EXIT_FAILED;
        goto done;
    }
    code = EXIT_DONE;
    if (own.is_json)
        study_print_json(&study);
    else
        study_print(&study, terminal_colours());
done:
    for (size_t i = 0; i < study.cell_count; i++)
        model_result_deinit(&study.cells[i].run);
    memory_free(study.cells);
    population_deinit(&population);
    arena_deinit(&arena);
    return code;
}
