/* What the master does by itself: its switches, and doing it now. */
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/wire.h"

/* ---- switches ---- */

enum { SPLIT_TYPE = 0, MERGE_TYPE = 1 }; /* MasterSwitchType */

struct switch_methods {
    const char *get; /* answers {is on = 1} */
    const char *set; /* {on = 1, synchronous = 2} answers {was on = 1} */
    int type;        /* of splits and merges, which share their methods; -1: none */
};

static const struct switch_methods switches[] = {
    [STELE_SWITCH_BALANCER] = {"IsBalancerEnabled", "SetBalancerRunning", -1},
    [STELE_SWITCH_SPLIT] = {"IsSplitOrMergeEnabled", "SetSplitOrMergeEnabled", SPLIT_TYPE},
    [STELE_SWITCH_MERGE] = {"IsSplitOrMergeEnabled", "SetSplitOrMergeEnabled", MERGE_TYPE},
    [STELE_SWITCH_NORMALIZER] = {"IsNormalizerEnabled", "SetNormalizerRunning", -1},
    [STELE_SWITCH_CATALOG_JANITOR] = {"IsCatalogJanitorEnabled", "EnableCatalogJanitor", -1},
    [STELE_SWITCH_CLEANER] = {"IsCleanerChoreEnabled", "SetCleanerChoreRunning", -1},
    [STELE_SWITCH_SNAPSHOT_CLEANUP] = {"IsSnapshotCleanupEnabled", "SwitchSnapshotCleanup", -1},
};

static const struct switch_methods *methods_of(enum stele_switch which, struct stele_error *error)
{
    if ((size_t)which < sizeof(switches) / sizeof(switches[0]))
        return &switches[which];
    failure_set(error, STELE_INVALID, "there is no switch %d", (int)which);
    return &switches[0];
}

/* A question whose number is field 1. */
static struct question *ask_number(struct stele_client *client, const char *method)
{
    struct question *question = question_new(client, method, question_decode_number);
    if (question)
        question->field = 1;
    return question;
}

static struct job *get_switch(struct stele_client *client, enum stele_switch which)
{
    struct stele_error error = {.status = STELE_OK};
    const struct switch_methods *methods = methods_of(which, &error);
    struct question *question = ask_number(client, methods->get);
    if (!question)
        return NULL;
    question->job.error = error;
    if (methods->type >= 0)
        wire_put_varint(&question->request, 1, (uint64_t)methods->type);
    return &question->job;
}

static struct job *set_switch(
    struct stele_client *client, enum stele_switch which, bool on, bool waits)
{
    struct stele_error error = {.status = STELE_OK};
    const struct switch_methods *methods = methods_of(which, &error);
    struct question *question = ask_number(client, methods->set);
    if (!question)
        return NULL;
    question->job.error = error;
    wire_put_bool(&question->request, 1, on);
    wire_put_bool(&question->request, 2, waits);
    if (methods->type >= 0)
        wire_put_varint(&question->request, 3, (uint64_t)methods->type);
    return &question->job;
}

enum stele_status stele_get_switch(struct stele_client *client, enum stele_switch which,
    bool *out_is_on, struct stele_error *error)
{
    return job_run_bool(get_switch(client, which), out_is_on, error);
}

void stele_get_switch_async(struct stele_client *client, enum stele_switch which,
    stele_number_function *done, void *context)
{
    job_start_number(get_switch(client, which), done, context);
}

enum stele_status stele_set_switch(struct stele_client *client, enum stele_switch which, bool on,
    bool waits, bool *out_was_on, struct stele_error *error)
{
    return job_run_bool(set_switch(client, which, on, waits), out_was_on, error);
}

void stele_set_switch_async(struct stele_client *client, enum stele_switch which, bool on,
    bool waits, stele_number_function *done, void *context)
{
    job_start_number(set_switch(client, which, on, waits), done, context);
}

/* ---- balance ---- */

/* {balancer_ran = 1, moves_calculated = 2, moves_executed = 3} */
static enum stele_status decode_balance(struct question *question, struct span answer)
{
    struct stele_balance *balance = &question->job.result.balance;
    struct wire_field field;
    while (!wire_take(&answer, &field)) {
        if (wire_is(&field, 1, WIRE_VARINT))
            balance->has_run = field.value != 0;
        else if (wire_is(&field, 2, WIRE_VARINT))
            balance->moves_calculated = (uint32_t)field.value;
        else if (wire_is(&field, 3, WIRE_VARINT))
            balance->moves_executed = (uint32_t)field.value;
    }
    return STELE_OK;
}

/* {ignore_rit = 1, dry_run = 2} */
static struct job *balance(struct stele_client *client, bool is_dry, bool ignores_transitions)
{
    struct question *question = question_new(client, "Balance", decode_balance);
    if (!question)
        return NULL;
    wire_put_bool(&question->request, 1, ignores_transitions);
    wire_put_bool(&question->request, 2, is_dry);
    return &question->job;
}

static void deliver_balance(struct job *job)
{
    ((stele_balance_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.balance);
}

enum stele_status stele_balance(struct stele_client *client, bool is_dry, bool ignores_transitions,
    struct stele_balance *out_balance, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(
        balance(client, is_dry, ignores_transitions), &result, error);
    if (!status)
        *out_balance = result.balance;
    return status;
}

void stele_balance_async(struct stele_client *client, bool is_dry, bool ignores_transitions,
    stele_balance_function *done, void *context)
{
    job_start(balance(client, is_dry, ignores_transitions), deliver_balance, (void (*)(void))done,
        context);
}

/* ---- the others ---- */

/* {table_names* = 1, regex = 2, namespace = 3} */
static struct job *normalize(struct stele_client *client, const struct stele_bytes *tables,
    size_t count, const char *regex, struct stele_bytes namespace)
{
    struct question *question = ask_number(client, "Normalize");
    if (!question)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!question->job.error.status)
            admin_check_table_name(tables[i], &question->job.error);
        admin_put_table_name(&question->request, 1, tables[i]);
    }
    if (regex)
        wire_put_bytes(&question->request, 2, span_string(regex));
    if (namespace.size)
        wire_put_bytes(&question->request, 3, span_of(namespace));
    return &question->job;
}

enum stele_status stele_normalize(struct stele_client *client, const struct stele_bytes *tables,
    size_t count, const char *regex, struct stele_bytes namespace_, bool *out_has_run,
    struct stele_error *error)
{
    return job_run_bool(normalize(client, tables, count, regex, namespace_), out_has_run, error);
}

void stele_normalize_async(struct stele_client *client, const struct stele_bytes *tables,
    size_t count, const char *regex, struct stele_bytes namespace_, stele_number_function *done,
    void *context)
{
    job_start_number(normalize(client, tables, count, regex, namespace_), done, context);
}

/* {scan_result = 1}, {cleaner_chore_ran = 1} */
static struct job *run_chore(struct stele_client *client, const char *method)
{
    struct question *question = ask_number(client, method);
    return question ? &question->job : NULL;
}

enum stele_status stele_run_catalog_janitor(
    struct stele_client *client, int64_t *out_count, struct stele_error *error)
{
    return job_run_number(run_chore(client, "RunCatalogScan"), out_count, error);
}

void stele_run_catalog_janitor_async(
    struct stele_client *client, stele_number_function *done, void *context)
{
    job_start_number(run_chore(client, "RunCatalogScan"), done, context);
}

enum stele_status stele_run_cleaner(
    struct stele_client *client, bool *out_has_run, struct stele_error *error)
{
    return job_run_bool(run_chore(client, "RunCleanerChore"), out_has_run, error);
}

void stele_run_cleaner_async(
    struct stele_client *client, stele_number_function *done, void *context)
{
    job_start_number(run_chore(client, "RunCleanerChore"), done, context);
}
