/* Shell::Native: tables, schemas, namespaces, flush and compaction. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/string.h>
#include <string.h>

#include "base/arena.h"
#include "shell/native.h"

/* Runs `call` (which may use `client` and `error`) and raises when it failed. */
#define RUN(mrb, call)                                                                             \
    do {                                                                                           \
        struct stele_error error;                                                                  \
        memset(&error, 0, sizeof error);                                                           \
        if (call)                                                                                  \
            native_raise(mrb, &error);                                                             \
    } while (0)

/* ---- Schemas: [name, attributes, configuration, [[family, attributes, configuration]...]] ---- */

static mrb_value schema_value(mrb_state *mrb, const struct stele_schema *schema)
{
    mrb_value families = mrb_ary_new(mrb);
    for (size_t i = 0; i < schema->family_count; i++) {
        const struct stele_family *family = &schema->families[i];
        mrb_value parts[3] = {native_string(mrb, family->name),
            native_pairs(mrb, family->attributes, family->attribute_count),
            native_pairs(mrb, family->configuration, family->configuration_count)};
        mrb_ary_push(mrb, families, mrb_ary_new_from_values(mrb, 3, parts));
    }
    mrb_value parts[4] = {native_string(mrb, schema->name),
        native_pairs(mrb, schema->attributes, schema->attribute_count),
        native_pairs(mrb, schema->configuration, schema->configuration_count), families};
    return mrb_ary_new_from_values(mrb, 4, parts);
}

/* Borrows the strings of `value`; the arrays are in `arena`. False on no memory. */
static bool schema_take(struct arena *arena, mrb_value value, struct stele_schema *out_schema)
{
    mrb_value families = mrb_ary_ref(mrb, value, 3);
    size_t count = (size_t)RARRAY_LEN(families);
    memset(out_schema, 0, sizeof *out_schema);
    out_schema->name = native_bytes(mrb_ary_ref(mrb, value, 0));
    out_schema->attributes = native_attributes(
        arena, mrb_ary_ref(mrb, value, 1), &out_schema->attribute_count);
    out_schema->configuration = native_attributes(
        arena, mrb_ary_ref(mrb, value, 2), &out_schema->configuration_count);
    struct stele_family *made = arena_allocate_zeroed(arena, count ? count : 1, sizeof *made);
    if (!made)
        return false;
    for (size_t i = 0; i < count; i++) {
        mrb_value family = mrb_ary_ref(mrb, families, (mrb_int)i);
        made[i].name = native_bytes(mrb_ary_ref(mrb, family, 0));
        made[i].attributes = native_attributes(
            arena, mrb_ary_ref(mrb, family, 1), &made[i].attribute_count);
        made[i].configuration = native_attributes(
            arena, mrb_ary_ref(mrb, family, 2), &made[i].configuration_count);
    }
    out_schema->families = made;
    out_schema->family_count = count;
    return true;
}

static mrb_value create_table(mrb_state *mrb, mrb_value self)
{
    mrb_value value, splits;
    struct arena arena = {0};
    struct stele_schema schema;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "AA", &value, &splits);
    struct stele_client *client = native_client(mrb);
    size_t count = (size_t)RARRAY_LEN(splits);
    struct stele_bytes *keys = arena_allocate_zeroed(&arena, count ? count : 1, sizeof *keys);
    enum stele_status status = STELE_NO_MEMORY;
    if (keys && schema_take(&arena, value, &schema)) {
        for (size_t i = 0; i < count; i++)
            keys[i] = native_bytes(mrb_ary_ref(mrb, splits, (mrb_int)i));
        status = stele_create_table(client, &schema, keys, count, &error);
    }
    arena_deinit(&arena);
    if (status) {
        error.status = status;
        native_raise(mrb, &error);
    }
    return mrb_nil_value();
}

static mrb_value modify_table(mrb_state *mrb, mrb_value self)
{
    mrb_value value;
    struct arena arena = {0};
    struct stele_schema schema;
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "A", &value);
    struct stele_client *client = native_client(mrb);
    enum stele_status status = STELE_NO_MEMORY;
    if (schema_take(&arena, value, &schema))
        status = stele_modify_table(client, &schema, &error);
    arena_deinit(&arena);
    if (status) {
        error.status = status;
        native_raise(mrb, &error);
    }
    return mrb_nil_value();
}

static mrb_value table_schema(mrb_state *mrb, mrb_value self)
{
    mrb_value name;
    struct stele_schema_list list = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "S", &name);
    enum stele_status status = stele_describe_table(
        native_client(mrb), native_bytes(name), &list, &error);
    if (status == STELE_NOT_FOUND)
        return mrb_nil_value();
    if (status)
        native_raise(mrb, &error);
    mrb_value value = list.count ? schema_value(mrb, &list.schemas[0]) : mrb_nil_value();
    stele_schema_list_free(&list);
    return value;
}

typedef enum stele_status table_function(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error);

static mrb_value on_table(mrb_state *mrb, table_function *function)
{
    mrb_value name;
    mrb_get_args(mrb, "S", &name);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, function(client, native_bytes(name), &error));
    return mrb_nil_value();
}

static mrb_value delete_table(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_table(mrb, stele_delete_table);
}

static mrb_value enable_table(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_table(mrb, stele_enable_table);
}

static mrb_value disable_table(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_table(mrb, stele_disable_table);
}

static mrb_value truncate_table(mrb_state *mrb, mrb_value self)
{
    mrb_value name;
    mrb_bool keeps_splits;
    (void)self;
    mrb_get_args(mrb, "Sb", &name, &keeps_splits);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_truncate_table(client, native_bytes(name), keeps_splits, &error));
    return mrb_nil_value();
}

static mrb_value table_exists(mrb_state *mrb, mrb_value self)
{
    mrb_value name;
    bool exists = false;
    (void)self;
    mrb_get_args(mrb, "S", &name);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_table_exists(client, native_bytes(name), &exists, &error));
    return mrb_bool_value(exists);
}

static mrb_value table_state(mrb_state *mrb, mrb_value self)
{
    static const char *const names[] = {"ENABLED", "DISABLED", "DISABLING", "ENABLING"};
    mrb_value name;
    enum stele_table_state state = STELE_ENABLED;
    (void)self;
    mrb_get_args(mrb, "S", &name);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_get_table_state(client, native_bytes(name), &state, &error));
    return mrb_str_new_cstr(mrb, names[state & 3]);
}

static mrb_value name_values(mrb_state *mrb, struct stele_name_list *list)
{
    mrb_value names = mrb_ary_new_capa(mrb, (mrb_int)list->count);
    for (size_t i = 0; i < list->count; i++)
        mrb_ary_push(mrb, names, native_string(mrb, list->names[i]));
    stele_name_list_free(list);
    return names;
}

static mrb_value table_names(mrb_state *mrb, mrb_value self)
{
    char *regex;
    struct stele_name_list list = {0};
    (void)self;
    mrb_get_args(mrb, "z", &regex);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_list_tables(client, regex, false, &list, &error));
    return name_values(mrb, &list);
}

/* ---- Namespaces ---- */

typedef enum stele_status namespace_function(
    struct stele_client *client, const struct stele_namespace *name, struct stele_error *error);

static mrb_value on_namespace(mrb_state *mrb, namespace_function *function)
{
    mrb_value name, pairs;
    struct arena arena = {0};
    struct stele_error error = {0};
    struct stele_namespace wanted = {0};
    mrb_get_args(mrb, "SA", &name, &pairs);
    struct stele_client *client = native_client(mrb);
    wanted.name = native_bytes(name);
    wanted.configuration = native_attributes(&arena, pairs, &wanted.configuration_count);
    enum stele_status status = function(client, &wanted, &error);
    arena_deinit(&arena);
    if (status)
        native_raise(mrb, &error);
    return mrb_nil_value();
}

static mrb_value create_namespace(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_namespace(mrb, stele_create_namespace);
}

static mrb_value modify_namespace(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_namespace(mrb, stele_modify_namespace);
}

static mrb_value delete_namespace(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return on_table(mrb, stele_delete_namespace);
}

/* Its configuration as pairs; nil when there is no such namespace. */
static mrb_value namespace_pairs(mrb_state *mrb, mrb_value self)
{
    mrb_value name;
    struct stele_namespace_list list = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "S", &name);
    enum stele_status status = stele_describe_namespace(
        native_client(mrb), native_bytes(name), &list, &error);
    if (status == STELE_NOT_FOUND)
        return mrb_nil_value();
    if (status)
        native_raise(mrb, &error);
    mrb_value pairs = list.count ? native_pairs(mrb, list.namespaces[0].configuration,
                                       list.namespaces[0].configuration_count)
                                 : mrb_nil_value();
    stele_namespace_list_free(&list);
    return pairs;
}

static mrb_value namespaces(mrb_state *mrb, mrb_value self)
{
    struct stele_namespace_list list = {0};
    (void)self;
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_list_namespaces(client, &list, &error));
    mrb_value names = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++)
        mrb_ary_push(mrb, names, native_string(mrb, list.namespaces[i].name));
    stele_namespace_list_free(&list);
    return names;
}

static mrb_value namespace_tables(mrb_state *mrb, mrb_value self)
{
    mrb_value name;
    struct stele_name_list list = {0};
    (void)self;
    mrb_get_args(mrb, "S", &name);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_list_namespace_tables(client, native_bytes(name), &list, &error));
    return name_values(mrb, &list);
}

/* ---- Upkeep ---- */

static mrb_value flush(mrb_state *mrb, mrb_value self)
{
    mrb_value target, family;
    (void)self;
    mrb_get_args(mrb, "So", &target, &family);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_flush(client, native_bytes(target), native_bytes(family), &error));
    return mrb_nil_value();
}

static mrb_value compact(mrb_state *mrb, mrb_value self)
{
    mrb_value target, family;
    mrb_bool is_major;
    (void)self;
    mrb_get_args(mrb, "Sob", &target, &family, &is_major);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_compact(client, native_bytes(target), native_bytes(family), is_major, &error));
    return mrb_nil_value();
}

static mrb_value compaction_state(mrb_state *mrb, mrb_value self)
{
    static const char *const names[] = {"NONE", "MINOR", "MAJOR", "MAJOR_AND_MINOR"};
    mrb_value table;
    enum stele_compaction_state state = STELE_COMPACTION_NONE;
    (void)self;
    mrb_get_args(mrb, "S", &table);
    struct stele_client *client = native_client(mrb);
    RUN(mrb, stele_get_compaction_state(client, native_bytes(table), &state, &error));
    return mrb_str_new_cstr(mrb, names[state & 3]);
}

void native_define_admin(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "create_table", create_table, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "modify_table", modify_table, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "table_schema", table_schema, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "delete_table", delete_table, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "enable_table", enable_table, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "disable_table", disable_table, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "truncate_table", truncate_table, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "table_exists?", table_exists, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "table_state", table_state, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "table_names", table_names, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "create_namespace", create_namespace, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "modify_namespace", modify_namespace, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "delete_namespace", delete_namespace, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "namespace", namespace_pairs, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "namespaces", namespaces, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "namespace_tables", namespace_tables, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "flush", flush, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "compact", compact, MRB_ARGS_REQ(3));
    mrb_define_module_function(mrb, native, "compaction_state", compaction_state, MRB_ARGS_REQ(1));
}
