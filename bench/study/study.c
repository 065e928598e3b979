/* The command: the order of things, and what it means to the caller. */
#include "bench/study/study.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "bench/study/advise.h"
#include "bench/study/live.h"
#include "bench/study/local_cluster.h"
#include "bench/study/study_output.h"

#define EXIT_UNREACHED   3 /* no cluster, or one that broke: what was measured is in the reports */
#define EXIT_INTERRUPTED 130 /* likewise */

static volatile sig_atomic_t is_stopped;

/* ---- Live ---- */

struct progress {
    const struct study *study;
    const struct study_options *own;
    bool is_terminal;
};

/* One line, rewritten on a terminal. */
static void on_progress(void *context, const char *text)
{
    const struct progress *progress = context;
    if (progress->own->is_quiet)
        return;
    fprintf(stderr, progress->is_terminal ? "\r\x1b[K%s" : "%s\n", text); /* NOLINT: both ours */
    fflush(stderr);
}

static void on_cell_done(void *context)
{
    const struct progress *progress = context;
    (void)study_write_reports(progress->study, progress->own);
}

static void on_signal(int number)
{
    (void)number;
    is_stopped = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void say_place(struct study *study, const struct study_options *own)
{
    if (own->is_local)
        snprintf(study->place, sizeof study->place,
            "%zu tablet servers started on this machine, each with a modelled capacity of %.0f "
            "calls a second",
            study->settings.servers, study->settings.capacity);
    else
        snprintf(study->place, sizeof study->place, "%zu tablet server%s at %.150s",
            study->settings.servers, study->settings.servers == 1 ? "" : "s",
            own->connect ? own->connect : own->zookeeper);
}

/* What the end of a live study means to the caller. */
static int code_of(struct study *study, enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return EXIT_DONE;
    snprintf(study->unfinished, sizeof study->unfinished, "%.250s", error->message);
    fprintf(stderr, "stele: bench study: %s\n", error->message);
    return status == STATUS_CANCELLED ? EXIT_INTERRUPTED
           : status == STATUS_REMOTE || status == STATUS_IO || status == STATUS_TIMEOUT
               ? EXIT_UNREACHED
               : EXIT_FAILED;
}

/* Predictions are made in the middle: once it is known how many servers there are, before anything is measured. */
static int run_live(struct study *study, const struct study_options *own)
{
    struct progress progress = {study, own, isatty(STDERR_FILENO)};
    struct live_config config = {.connect = own->connect,
        .zookeeper = own->zookeeper,
        .table = own->table,
        .is_overwriting = own->is_overwriting,
        .stop = &is_stopped,
        .progress = on_progress,
        .cell_done = on_cell_done,
        .context = &progress};
    struct live *live = NULL;
    struct error error = {0};
    enum status status = STATUS_OK;
    catch_signals();
    if (own->is_local) {
        on_progress(&progress, "starting a cluster: ZooKeeper, a master, tablet servers");
        status = local_cluster_start(
            study->settings.servers, (uint32_t)study->settings.capacity, &config.cluster, &error);
        if (status == STATUS_UNSUPPORTED) {
            fprintf(stderr,
                "stele: bench study: predicted only: %s; --simulate says that this is meant\n",
                error.message);
            study->is_live = false;
            status = study_plan_predict(study, study->settings.seed, false, &error);
            int code = code_of(study, status, &error);
            return status || study_tell(study, own) ? code : EXIT_FAILED;
        }
        if (!status)
            config.zookeeper = local_cluster_zookeeper(config.cluster);
    }
    if (!status)
        status = live_open(study, &config, &live, &error);
    if (!own->is_local || !status) {
        study->settings.tablets = study->settings.servers;
        say_place(study, own);
    }
    bool is_reached = !status;
    if (is_reached)
        status = study_plan_predict(study, study->settings.seed, true, &error);
    bool is_predicted = is_reached && !status;
    if (is_predicted) {
        (void)study_write_reports(study, own);
        status = live_measure(live, &error);
    }
    if (progress.is_terminal && !own->is_quiet)
        fputs("\r\x1b[K", stderr);
    int code = code_of(study, status, &error);
    live_close(live);
    local_cluster_stop(config.cluster);
    if (is_predicted && !study_tell(study, own) && code == EXIT_DONE)
        code = EXIT_FAILED;
    return code;
}

int command_bench_study(int argc, char **argv)
{
    struct study study = {
        .settings = model_settings_default(), .tablets = 32, .requests = 300000, .repeats = 1};
    struct study_options own = {0};
    struct arena arena = {0};
    struct error error = {0};
    study_note_command(&study, argc, argv);
    int code = study_options_parse(argc, argv, &study, &own);
    if (code >= 0)
        return code;
    if (own.is_advising)
        return advise(&(struct advice_wanted){.file = own.advise_file,
            .table = own.table,
            .connect = own.connect,
            .zookeeper = own.zookeeper,
            .minutes = own.minutes,
            .is_json = own.is_json});
    study.is_live = !own.is_simulated;
    enum status status = study_plan_make(&study, own.mappers, &own.axes, &arena, &error);
    if (status == STATUS_INVALID) {
        code = study_complain(error.message, NULL, NULL);
    } else if (status) {
        code = code_of(&study, status, &error);
    } else if (own.is_simulated) {
        catch_signals();
        study.settings.stop = &is_stopped;
        status = study_plan_predict(&study, study.settings.seed, false, &error);
        code = code_of(&study, status, &error);
        bool has_some = !status || (status == STATUS_CANCELLED && study.design_count > 0);
        if (has_some && !study_tell(&study, &own) && code == EXIT_DONE)
            code = EXIT_FAILED;
    } else {
        code = run_live(&study, &own);
    }
    study_plan_deinit(&study);
    arena_deinit(&arena);
    return code;
}
