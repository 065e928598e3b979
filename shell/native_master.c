/* Shell::Native: what the master does by itself, its procedures, and its servers. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <string.h>

#include "base/arena.h"
#include "shell/native.h"

/* ---- switches and chores ---- */

static const struct {
    const char *name;
    enum stele_switch which;
} switches[] = {
    {"balancer", STELE_SWITCH_BALANCER},
    {"split", STELE_SWITCH_SPLIT},
    {"merge", STELE_SWITCH_MERGE},
    {"normalizer", STELE_SWITCH_NORMALIZER},
    {"catalogjanitor", STELE_SWITCH_CATALOG_JANITOR},
    {"cleaner", STELE_SWITCH_CLEANER},
    {"snapshot_cleanup", STELE_SWITCH_SNAPSHOT_CLEANUP},
};

static enum stele_switch switch_of(mrb_state *mrb, const char *name)
{
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (strcmp(switches[i].name, name) == 0)
            return switches[i].which;
    mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"), "there is no switch %s", name);
    return STELE_SWITCH_BALANCER;
}

static mrb_value get_switch(mrb_state *mrb, mrb_value self)
{
    char *name;
    bool is_on = false;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "z", &name);
    if (stele_get_switch(native_client(mrb), switch_of(mrb, name), &is_on, &error))
        native_raise(mrb, &error);
    return mrb_bool_value(is_on);
}

/* Sets it and tells what it was. */
static mrb_value set_switch(mrb_state *mrb, mrb_value self)
{
    char *name;
    mrb_bool on;
    bool was_on = false;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "zb", &name, &on);
    if (stele_set_switch(native_client(mrb), switch_of(mrb, name), on, false, &was_on, &error))
        native_raise(mrb, &error);
    return mrb_bool_value(was_on);
}

/* balance(is_dry, ignores_transitions) -> [has run, calculated, executed] */
static mrb_value balance(mrb_state *mrb, mrb_value self)
{
    mrb_bool is_dry, ignores_transitions;
    struct stele_balance answer;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "bb", &is_dry, &ignores_transitions);
    if (stele_balance(native_client(mrb), is_dry, ignores_transitions, &answer, &error))
        native_raise(mrb, &error);
    mrb_value parts[3] = {mrb_bool_value(answer.has_run),
        mrb_int_value(mrb, (mrb_int)answer.moves_calculated),
        mrb_int_value(mrb, (mrb_int)answer.moves_executed)};
    return mrb_ary_new_from_values(mrb, 3, parts);
}

/* normalize(tables, regex or nil, namespace or nil) */
static mrb_value normalize(mrb_state *mrb, mrb_value self)
{
    mrb_value tables, regex, space;
    struct arena arena = {0};
    struct stele_error error = {0};
    bool has_run = false;
    size_t count;
    (void)self;
    mrb_get_args(mrb, "Aoo", &tables, &regex, &space);
    struct stele_client *client = native_client(mrb);
    struct stele_bytes *names = native_texts(&arena, tables, &count);
    enum stele_status status = stele_normalize(client, names, count,
        mrb_string_p(regex) ? mrb_string_cstr(mrb, regex) : NULL, native_bytes(space), &has_run,
        &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
    return mrb_bool_value(has_run);
}

static mrb_value run_catalog_janitor(mrb_state *mrb, mrb_value self)
{
    int64_t count = 0;
    struct stele_error error = {0};
    (void)self;
    if (stele_run_catalog_janitor(native_client(mrb), &count, &error))
        native_raise(mrb, &error);
    return mrb_int_value(mrb, (mrb_int)count);
}

static mrb_value run_cleaner(mrb_state *mrb, mrb_value self)
{
    bool has_run = false;
    struct stele_error error = {0};
    (void)self;
    if (stele_run_cleaner(native_client(mrb), &has_run, &error))
        native_raise(mrb, &error);
    return mrb_bool_value(has_run);
}

/* ---- procedures ---- */

static mrb_value procedure_value(mrb_state *mrb, const struct stele_procedure *procedure)
{
    mrb_value hash = mrb_hash_new(mrb);
    native_hash_set(mrb, hash, "id", mrb_int_value(mrb, (mrb_int)procedure->id));
    native_hash_set(mrb, hash, "name", native_string(mrb, procedure->name));
    native_hash_set(mrb, hash, "state", native_string(mrb, procedure->state));
    native_hash_set(
        mrb, hash, "submitted_ms", mrb_int_value(mrb, (mrb_int)procedure->submitted_ms));
    native_hash_set(mrb, hash, "updated_ms", mrb_int_value(mrb, (mrb_int)procedure->updated_ms));
    native_hash_set(mrb, hash, "parameters", native_string(mrb, procedure->parameters));
    return hash;
}

static mrb_value procedures(mrb_state *mrb, mrb_value self)
{
    struct stele_procedure_list list = {0};
    struct stele_error error = {0};
    (void)self;
    if (stele_list_procedures(native_client(mrb), &list, &error))
        native_raise(mrb, &error);
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++)
        mrb_ary_push(mrb, values, procedure_value(mrb, &list.procedures[i]));
    stele_procedure_list_free(&list);
    return values;
}

static mrb_value lock_value(mrb_state *mrb, const struct stele_lock *lock)
{
    mrb_value hash = mrb_hash_new(mrb), waiting = mrb_ary_new(mrb);
    native_hash_set(mrb, hash, "kind", native_string(mrb, lock->kind));
    native_hash_set(mrb, hash, "name", native_string(mrb, lock->name));
    native_hash_set(mrb, hash, "exclusive", mrb_bool_value(lock->is_exclusive));
    native_hash_set(mrb, hash, "owner", mrb_int_value(mrb, (mrb_int)lock->owner.id));
    native_hash_set(mrb, hash, "shared", mrb_int_value(mrb, (mrb_int)lock->shared_count));
    native_hash_set(mrb, hash, "waiting", waiting);
    for (size_t i = 0; i < lock->waiting_count; i++)
        mrb_ary_push(mrb, waiting, mrb_int_value(mrb, (mrb_int)lock->waiting[i].id));
    return hash;
}

static mrb_value locks(mrb_state *mrb, mrb_value self)
{
    struct stele_lock_list list = {0};
    struct stele_error error = {0};
    (void)self;
    if (stele_list_locks(native_client(mrb), &list, &error))
        native_raise(mrb, &error);
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++)
        mrb_ary_push(mrb, values, lock_value(mrb, &list.locks[i]));
    stele_lock_list_free(&list);
    return values;
}

/* ---- servers ---- */

static mrb_value server_values(mrb_state *mrb, struct stele_server_list *list)
{
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list->count; i++)
        mrb_ary_push(mrb, values, native_server_text(mrb, &list->servers[i]));
    stele_server_list_free(list);
    return values;
}

static mrb_value decommissioned(mrb_state *mrb, mrb_value self)
{
    struct stele_server_list list = {0};
    struct stele_error error = {0};
    (void)self;
    if (stele_list_decommissioned_servers(native_client(mrb), &list, &error))
        native_raise(mrb, &error);
    return server_values(mrb, &list);
}

static mrb_value decommission(mrb_state *mrb, mrb_value self)
{
    mrb_value servers;
    mrb_bool is_offloading;
    struct arena arena = {0};
    struct stele_error error = {0};
    size_t count;
    (void)self;
    mrb_get_args(mrb, "Ab", &servers, &is_offloading);
    struct stele_client *client = native_client(mrb);
    struct stele_bytes *names = native_texts(&arena, servers, &count);
    enum stele_status status = stele_decommission_servers(
        client, names, count, is_offloading, &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value recommission(mrb_state *mrb, mrb_value self)
{
    mrb_value server, regions;
    struct arena arena = {0};
    struct stele_error error = {0};
    size_t count;
    (void)self;
    mrb_get_args(mrb, "SA", &server, &regions);
    struct stele_client *client = native_client(mrb);
    struct stele_bytes *names = native_texts(&arena, regions, &count);
    enum stele_status status = stele_recommission_server(
        client, native_bytes(server), names, count, &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
    return mrb_nil_value();
}

/* Those that could not be forgotten. */
static mrb_value clear_dead(mrb_state *mrb, mrb_value self)
{
    mrb_value servers;
    struct arena arena = {0};
    struct stele_error error = {0};
    struct stele_server_list list = {0};
    size_t count;
    (void)self;
    mrb_get_args(mrb, "A", &servers);
    struct stele_client *client = native_client(mrb);
    struct stele_bytes *names = native_texts(&arena, servers, &count);
    enum stele_status status = stele_clear_dead_servers(client, names, count, &list, &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
    return server_values(mrb, &list);
}

static mrb_value compaction_switch(mrb_state *mrb, mrb_value self)
{
    mrb_value server;
    mrb_bool on;
    bool was_on = false;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "Sb", &server, &on);
    if (stele_set_compaction_switch(native_client(mrb), native_bytes(server), on, &was_on, &error))
        native_raise(mrb, &error);
    return mrb_bool_value(was_on);
}

static mrb_value clear_compaction_queues(mrb_state *mrb, mrb_value self)
{
    mrb_value server;
    mrb_bool small, large;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "Sbb", &server, &small, &large);
    if (stele_clear_compaction_queues(
            native_client(mrb), native_bytes(server), small, large, &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value roll_log(mrb_state *mrb, mrb_value self)
{
    mrb_value server;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "S", &server);
    if (stele_roll_log(native_client(mrb), native_bytes(server), &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value stop_server(mrb_state *mrb, mrb_value self)
{
    mrb_value server;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "S", &server);
    if (stele_stop_server(native_client(mrb), native_bytes(server), &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

void native_define_master(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "switch?", get_switch, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "switch", set_switch, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "balance", balance, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "normalize", normalize, MRB_ARGS_REQ(3));
    mrb_define_module_function(
        mrb, native, "run_catalog_janitor", run_catalog_janitor, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "run_cleaner", run_cleaner, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "procedures", procedures, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "locks", locks, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "decommissioned", decommissioned, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "decommission", decommission, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "recommission", recommission, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "clear_dead", clear_dead, MRB_ARGS_REQ(1));
    mrb_define_module_function(
        mrb, native, "compaction_switch", compaction_switch, MRB_ARGS_REQ(2));
    mrb_define_module_function(
        mrb, native, "clear_compaction_queues", clear_compaction_queues, MRB_ARGS_REQ(3));
    mrb_define_module_function(mrb, native, "roll_log", roll_log, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "stop_server", stop_server, MRB_ARGS_REQ(1));
}
