/* Shell::Native: regions that are split, merged and moved, and snapshots. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/string.h>
#include <string.h>

#include "base/arena.h"
#include "shell/native.h"

/* ---- regions ---- */

static mrb_value split(mrb_state *mrb, mrb_value self)
{
    mrb_value target, key;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "So", &target, &key);
    if (stele_split(native_client(mrb), native_bytes(target), native_bytes(key), &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value merge(mrb_state *mrb, mrb_value self)
{
    mrb_value regions;
    mrb_bool is_forced;
    struct arena arena = {0};
    struct stele_error error = {0};
    size_t count;
    (void)self;
    mrb_get_args(mrb, "Ab", &regions, &is_forced);
    struct stele_client *client = native_client(mrb);
    struct stele_bytes *names = native_texts(&arena, regions, &count);
    enum stele_status status = stele_merge_regions(client, names, count, is_forced, &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value move(mrb_state *mrb, mrb_value self)
{
    mrb_value region, server;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "So", &region, &server);
    if (stele_move_region(native_client(mrb), native_bytes(region), native_bytes(server), &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

typedef enum stele_status name_function(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error);

static mrb_value on_name(mrb_state *mrb, name_function *function)
{
    mrb_value name;
    struct stele_error error = {0};
    mrb_get_args(mrb, "S", &name);
    if (function(native_client(mrb), native_bytes(name), &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value assign(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_name(mrb, stele_assign_region);
}

static mrb_value unassign(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_name(mrb, stele_unassign_region);
}

/* ---- snapshots ---- */

/* take_snapshot(name, table, skips_flush, ttl seconds, max file size): 0 = none. */
static mrb_value take_snapshot(mrb_state *mrb, mrb_value self)
{
    mrb_value name, table;
    mrb_bool skips_flush;
    mrb_int ttl_s, max_file_size;
    struct stele_snapshot snapshot;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "SSbii", &name, &table, &skips_flush, &ttl_s, &max_file_size);
    stele_snapshot_init(&snapshot, native_bytes(name), native_bytes(table));
    if (skips_flush)
        snapshot.kind = STELE_SNAPSHOT_SKIP_FLUSH;
    snapshot.ttl_s = ttl_s;
    snapshot.max_file_size = max_file_size;
    if (stele_take_snapshot(native_client(mrb), &snapshot, &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

/* [[name, table, created ms, ttl seconds]...] */
static mrb_value snapshots(mrb_state *mrb, mrb_value self)
{
    struct stele_snapshot_list list = {0};
    struct stele_error error = {0};
    (void)self;
    if (stele_list_snapshots(native_client(mrb), &list, &error))
        native_raise(mrb, &error);
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++) {
        const struct stele_snapshot *snapshot = &list.snapshots[i];
        mrb_value parts[4] = {native_string(mrb, snapshot->name),
            native_string(mrb, snapshot->table), mrb_int_value(mrb, (mrb_int)snapshot->created_ms),
            mrb_int_value(mrb, (mrb_int)snapshot->ttl_s)};
        mrb_ary_push(mrb, values, mrb_ary_new_from_values(mrb, 4, parts));
    }
    stele_snapshot_list_free(&list);
    return values;
}

static mrb_value delete_snapshot(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_name(mrb, stele_delete_snapshot);
}

static mrb_value restore_snapshot(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_name(mrb, stele_restore_snapshot);
}

static mrb_value clone_snapshot(mrb_state *mrb, mrb_value self)
{
    mrb_value name, table;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "SS", &name, &table);
    if (stele_clone_snapshot(native_client(mrb), native_bytes(name), native_bytes(table), &error))
        native_raise(mrb, &error);
    return mrb_nil_value();
}

void native_define_changes(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "split", split, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "merge", merge, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "move", move, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "assign", assign, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "unassign", unassign, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "take_snapshot", take_snapshot, MRB_ARGS_REQ(5));
    mrb_define_module_function(mrb, native, "snapshots", snapshots, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "delete_snapshot", delete_snapshot, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "restore_snapshot", restore_snapshot, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "clone_snapshot", clone_snapshot, MRB_ARGS_REQ(2));
}
