#include "bench/study/study_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "bench/bench_table.h"
#include "bench/output_file.h"
#include "bench/study/local_cluster.h"
#include "model/balance.h"

/* What a live study asks of one machine, and what is modelled when there is none to spare. */
#define LIVE_RATE         2000
#define LIVE_SECONDS      75
#define LIVE_ROWS         20000
#define CAPACITY_OF_RATE  0.4
#define SPLIT_OF_RATE     0.125
#define LIVE_TABLE_PREFIX "stele_study"

#define HISTORY_MINUTES      60
#define HISTORY_MINUTES_MOST 50400 /* five weeks: what servers keep */

static const char usage[] =
    "usage: stele bench study SCENARIO [--simulate] [options]\n"
    "       stele bench study --advise FILE [--json]\n"
    "       stele bench study --advise --table=NAME [--minutes=N] [--connect=... | "
    "--zookeeper=...] [--json]\n"
    "\n"
    "Compares row key designs on one trace of requests: how unevenly they load tablets and "
    "servers, whether\n"
    "splits and a balancer cure it, what a query costs. Predicts it by a model, then measures it "
    "on a cluster:\n"
    "the given one, or one that it starts on this machine for the while. --list tells the "
    "scenarios.\n"
    "--advise: what is wrong with the keys of FILE (lines of key, tab, weight), or of a table in "
    "use, from\n"
    "the heat that its server measured in the last N minutes (60; up to five weeks), else from its "
    "counters.\n"
    "\n"
    "  --simulate           only predict: no server, some seconds; --model=experiment, or stele: "
    "who splits and moves\n"
    "  --connect=HOST:PORT | --zookeeper=HOST:PORT,...   measure on this cluster; its tables are "
    "study's to make\n"
    "  --mappers=A;B;...    designs (default: the scenario's): raw, promote, swap, order:a,b, "
    "reverse,\n"
    "                       bit-reverse, salt:N[:fields], random-salt:N, md5:K, md5, uuid, "
    "latest:FIELD,\n"
    "                       template:{field}text{field:2-8}\n"
    "  --presplit=rows,none,bytes  --split=on,off  --balancer=on,off     a cell for each (default "
    "rows, on, on)\n"
    "  --repeats=N          of each measured cell; middle, least and most are told (1)\n"
    "  --servers=N          to start, or to model (4)\n"
    "  --rate=N             requests a second (2000; --simulate 20000)\n"
    "  --capacity=N         requests a second that a server can serve, modelled (40 % of the "
    "rate)\n"
    "  --split-at=N         requests a second at which a tablet is split (an eighth of the rate)\n"
    "  --seconds=N          at most, of a run (75; --simulate 180)\n"
    "  --rows=N             of the table (20000; --simulate 200000)      --tablets=N   of the "
    "fixed cut (32)\n"
    "  --table=PREFIX       of the tables' names (stele_study)           --overwrite   drops them "
    "if they are there\n"
    "  --html=FILE  --svg=FILE  --json     a page; a picture; JSON (stele.study/2) instead of the "
    "text\n"
    "  --seed=N  -q, --quiet\n"
    "\n"
    "Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 no cluster or it broke, 130 interrupted "
    "(reports of\n"
    "what was measured are written all the same).\n";

enum {
    OPTION_MAPPERS,
    OPTION_TABLETS,
    OPTION_SERVERS,
    OPTION_CAPACITY,
    OPTION_RATE,
    OPTION_SECONDS,
    OPTION_SPLIT,
    OPTION_BALANCER,
    OPTION_SEED,
    OPTION_JSON,
    OPTION_LIST,
    OPTION_SIMULATE,
    OPTION_MODEL,
    OPTION_CONNECT,
    OPTION_ZOOKEEPER,
    OPTION_PRESPLIT,
    OPTION_REPEATS,
    OPTION_SPLIT_AT,
    OPTION_ROWS,
    OPTION_TABLE,
    OPTION_OVERWRITE,
    OPTION_HTML,
    OPTION_SVG,
    OPTION_QUIET,
    OPTION_ADVISE,
    OPTION_MINUTES,
    OPTION_COUNT
};

static const struct option_value option_table[OPTION_COUNT] = {
    [OPTION_MAPPERS] = {.name = "mappers"},
    [OPTION_TABLETS] = {.name = "tablets"},
    [OPTION_SERVERS] = {.name = "servers"},
    [OPTION_CAPACITY] = {.name = "capacity"},
    [OPTION_RATE] = {.name = "rate"},
    [OPTION_SECONDS] = {.name = "seconds"},
    [OPTION_SPLIT] = {.name = "split"},
    [OPTION_BALANCER] = {.name = "balancer"},
    [OPTION_SEED] = {.name = "seed"},
    [OPTION_JSON] = {.name = "json", .is_flag = true},
    [OPTION_LIST] = {.name = "list", .is_flag = true},
    [OPTION_SIMULATE] = {.name = "simulate", .is_flag = true},
    [OPTION_MODEL] = {.name = "model"},
    [OPTION_CONNECT] = {.name = "connect"},
    [OPTION_ZOOKEEPER] = {.name = "zookeeper"},
    [OPTION_PRESPLIT] = {.name = "presplit"},
    [OPTION_REPEATS] = {.name = "repeats"},
    [OPTION_SPLIT_AT] = {.name = "split-at"},
    [OPTION_ROWS] = {.name = "rows"},
    [OPTION_TABLE] = {.name = "table"},
    [OPTION_OVERWRITE] = {.name = "overwrite", .is_flag = true},
    [OPTION_HTML] = {.name = "html"},
    [OPTION_SVG] = {.name = "svg"},
    [OPTION_QUIET] = {.name = "quiet", .letter = 'q', .is_flag = true},
    [OPTION_ADVISE] = {.name = "advise", .is_flag = true, .is_optional = true},
    [OPTION_MINUTES] = {.name = "minutes"},
};

int study_complain(const char *what, const char *name, const char *nearest)
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

/* "on", "off" or both: which of the words, in order; each once. */
static bool take_words(const struct options *options, const char *name, const char *const *words,
    size_t word_count, size_t *out_picked, size_t *out_count)
{
    const char *text = options_get(options, name);
    *out_count = 0;
    for (const char *at = text; at && *at;) {
        size_t size = strcspn(at, ","), word = 0;
        while (word < word_count &&
               (strlen(words[word]) != size || strncmp(words[word], at, size) != 0))
            word++;
        if (word == word_count || *out_count == word_count) {
            fprintf(stderr, "stele: bench study: --%s takes %s%s%s%s%s, not '%s'\n", name, words[0],
                word_count > 2 ? ", " : " or ", words[1], word_count > 2 ? " or " : "",
                word_count > 2 ? words[2] : "", text);
            return false;
        }
        out_picked[(*out_count)++] = word;
        at += size + (at[size] == ',');
    }
    if (text && *out_count == 0) {
        fprintf(stderr, "stele: bench study: --%s is empty\n", name);
        return false;
    }
    if (*out_count == 0)
        out_picked[(*out_count)++] = 0;
    return true;
}

static bool take_axes(const struct options *options, struct study_axes *axes)
{
    static const char *const presplits[] = {"rows", "none", "bytes"};
    static const char *const switches[] = {"on", "off"};
    size_t presplit[3], split[2], balancer[2];
    if (!take_words(options, "presplit", presplits, 3, presplit, &axes->presplit_count) ||
        !take_words(options, "split", switches, 2, split, &axes->split_count) ||
        !take_words(options, "balancer", switches, 2, balancer, &axes->balancer_count))
        return false;
    for (size_t i = 0; i < axes->presplit_count; i++)
        axes->presplits[i] = (enum presplit)presplit[i];
    for (size_t i = 0; i < axes->split_count; i++)
        axes->splits[i] = split[i] == 0;
    for (size_t i = 0; i < axes->balancer_count; i++)
        axes->balancers[i] = balancer[i] == 0;
    return true;
}

static bool take_model(
    const struct options *options, const struct study_options *own, struct model_settings *settings)
{
    static const char *const models[] = {"experiment", "stele"};
    const char *text = options_get(options, "model");
    settings->is_stele = !own->is_simulated || (text && strcmp(text, models[1]) == 0);
    if (settings->is_stele)
        settings->balance_s = BALANCE_PERIOD_S;
    if (text && !own->is_simulated) {
        study_complain("--model goes with --simulate", NULL, NULL);
        return false;
    }
    if (text && !settings->is_stele && strcmp(text, models[0]) != 0) {
        study_complain("--model: there is no", text, options_nearest(text, models, 2));
        return false;
    }
    return true;
}

static bool take_settings(
    const struct options *options, struct study *study, const struct study_options *own)
{
    struct model_settings *settings = &study->settings;
    bool is_live = !own->is_simulated;
    if (is_live)
        settings->rate = LIVE_RATE;
    double tablets = (double)study->tablets, servers = (double)settings->servers,
           seconds = is_live ? LIVE_SECONDS : settings->seconds, seed = (double)settings->seed,
           repeats = 1, rows = is_live ? LIVE_ROWS : (double)study->scenario.population;
    if (is_live && rows > (double)study->scenario.population)
        rows = (double)study->scenario.population;
    if (!take_number(options, "rate", 100, 1e9, &settings->rate))
        return false;
    settings->capacity = settings->rate * CAPACITY_OF_RATE;
    settings->split_qps = settings->rate * SPLIT_OF_RATE;
    if (!take_number(options, "tablets", 1, STUDY_TABLETS_MOST, &tablets) ||
        !take_number(options, "servers", 1, own->is_local ? LOCAL_SERVERS_MOST : 256, &servers) ||
        !take_number(options, "capacity", 1, 1e9, &settings->capacity) ||
        !take_number(options, "split-at", 1, 1e9, &settings->split_qps) ||
        !take_number(options, "seconds", 1, 36000, &seconds) ||
        !take_number(options, "rows", 100, 1e7, &rows) ||
        !take_number(options, "repeats", 1, STUDY_REPEATS_MOST, &repeats) ||
        !take_number(options, "seed", 0, 1e15, &seed))
        return false;
    study->is_capacity_guessed = is_live && !own->is_local && !options_get(options, "capacity");
    study->tablets = (size_t)tablets;
    study->repeats = (unsigned)repeats;
    study->scenario.population = (size_t)rows;
    settings->servers = settings->tablets = (size_t)servers;
    settings->seconds = (unsigned)seconds;
    settings->seed = (uint64_t)seed;
    /* about 2,000 drawn requests a second, however many arrive */
    settings->weight = settings->rate < 4000 ? 1 : (unsigned)(settings->rate / 2000);
    return true;
}

/* "--advise=FILE", "--advise FILE", "--advise --table=NAME": an exit code, or -1 to go on. */
static int take_advising(
    const struct options *options, const char *advise_text, struct study_options *own)
{
    double minutes = HISTORY_MINUTES;
    own->advise_file = advise_text && *advise_text ? advise_text : NULL;
    if (own->advise_file && options->argument_count > 0)
        return study_complain("--advise=FILE takes no scenario", NULL, NULL);
    if (options->argument_count > 0)
        own->advise_file = options->arguments[0];
    if (!own->advise_file && !own->table)
        return study_complain("--advise takes a file of keys, or --table=NAME", NULL, NULL);
    if (own->advise_file && own->table)
        return study_complain("--advise: a file or --table=NAME, not both", NULL, NULL);
    if (own->advise_file && options_get(options, "minutes"))
        return study_complain("--minutes goes with --table", NULL, NULL);
    if (!take_number(options, "minutes", 1, HISTORY_MINUTES_MOST, &minutes))
        return EXIT_USAGE;
    own->minutes = (unsigned)minutes;
    return -1;
}

/* An exit code, or -1 to go on. */
int study_options_parse(int argc, char **argv, struct study *study, struct study_options *own)
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
    own->mappers = options_get(&options, "mappers");
    own->html = options_get(&options, "html");
    own->svg = options_get(&options, "svg");
    own->connect = options_get(&options, "connect");
    own->zookeeper = options_get(&options, "zookeeper");
    own->table = options_get(&options, "table");
    own->is_simulated = options_get(&options, "simulate") != NULL;
    own->is_json = options_get(&options, "json") != NULL;
    own->is_overwriting = options_get(&options, "overwrite") != NULL;
    own->is_quiet = options_get(&options, "quiet") != NULL;
    own->is_local = !own->is_simulated && !own->connect && !own->zookeeper;
    if (own->connect && own->zookeeper)
        return study_complain(
            "--connect and --zookeeper both say where the cluster is", NULL, NULL);
    if (own->is_simulated && (own->connect || own->zookeeper))
        return study_complain("--simulate asks no cluster", NULL, NULL);
    code = bench_place_check("bench study", own->connect, own->zookeeper);
    if (code >= 0)
        return code;
    const struct output_file files[] = {
        {"html", own->html}, {"svg", own->svg}, {"json", own->is_json ? "-" : NULL}};
    code = output_files_check("bench study", files, sizeof files / sizeof *files);
    if (code >= 0)
        return code;
    const char *advise_text = options_get(&options, "advise");
    own->is_advising = advise_text || (options.argument_count == 0 && own->table);
    if (own->is_advising && (own->html || own->svg))
        return study_complain(
            "--advise tells in words or with --json: it has no page and no picture", NULL, NULL);
    if (own->is_advising)
        return take_advising(&options, advise_text, own);
    if (options_get(&options, "minutes"))
        return study_complain("--minutes goes with --advise", NULL, NULL);
    if (options.argument_count == 0)
        return study_complain(
            "name a scenario; 'stele bench study --list' tells which there are", NULL, NULL);
    const struct scenario *scenario = scenario_find(arguments[0]);
    if (!scenario)
        return study_complain("there is no scenario", arguments[0], scenario_nearest(arguments[0]));
    study->scenario = *scenario;
    if (!own->table)
        own->table = LIVE_TABLE_PREFIX;
    bool is_good = take_axes(&options, &own->axes) && take_model(&options, own, &study->settings) &&
                   take_settings(&options, study, own);
    return is_good ? -1 : EXIT_USAGE;
}

void study_note_command(struct study *study, int argc, char **argv)
{
    size_t size = (size_t)snprintf(study->command, sizeof study->command, "stele bench");
    for (int i = 0; i < argc && size + 1 < sizeof study->command; i++) {
        bool is_plain = strcspn(argv[i], " ;{}*$&|<>'\"\\") == strlen(argv[i]);
        size += (size_t)snprintf(study->command + size, sizeof study->command - size,
            is_plain ? " %s" : " '%s'", argv[i]);
    }
}
