/* The helpers of Shell::Native, and those of its functions that need no cluster. */
#include "shell/native.h"

#include <grp.h>
#include <inttypes.h>
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/class.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <mruby/variable.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/limits.h"
#include "shell/format.h"
#include "shell/interpreter.h"
#include "shell/interrupt.h"
#include "shell/revision.h"
#include "shell/session.h"

#define MAX_GROUPS  64
#define LABEL_FIELD 0x0A /* protobuf: field 1, bytes */

void native_say_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stdout, format, arguments);
    va_end(arguments);
}

/* The class that a failure found by libstele itself would have had on a server. */
static const char *class_of_status(enum stele_status status)
{
    switch (status) {
    case STELE_NOT_FOUND:
        return "org.apache.hadoop.hbase.TableNotFoundException";
    case STELE_EXISTS:
        return "org.apache.hadoop.hbase.TableExistsException";
    case STELE_NO_FAMILY:
        return "org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException";
    default:
        return "";
    }
}

void native_raise(mrb_state *mrb, const struct stele_error *error)
{
    if (error->status == STELE_CANCELLED && interrupt_is_set())
        mrb_raise(mrb, mrb_class_get(mrb, "Interrupt"), "interrupted");
    struct RClass *native = mrb_module_get_under(mrb, mrb_module_get(mrb, "Shell"), "Native");
    struct RClass *class = mrb_class_get_under(mrb, native, "Error");
    const char *name = error->exception_class[0] ? error->exception_class
                                                 : class_of_status(error->status);
    const char *message = error->message[0] ? error->message : stele_status_name(error->status);
    mrb_value arguments[2] = {mrb_str_new_cstr(mrb, name), mrb_str_new_cstr(mrb, message)};
    mrb_exc_raise(mrb, mrb_obj_new(mrb, class, 2, arguments));
    __builtin_unreachable();
}

struct stele_client *native_client(mrb_state *mrb)
{
    struct stele_error error;
    memset(&error, 0, sizeof error);
    struct stele_client *client = session_client(interpreter_session(mrb), &error);
    if (!client)
        native_raise(mrb, &error);
    return client;
}

struct stele_table *native_table(mrb_state *mrb, mrb_value name)
{
    struct stele_error error;
    memset(&error, 0, sizeof error);
    struct stele_table *table = session_table(interpreter_session(mrb), native_bytes(name), &error);
    if (!table)
        native_raise(mrb, &error);
    return table;
}

mrb_value native_string(mrb_state *mrb, struct stele_bytes bytes)
{
    return mrb_str_new(mrb, (const char *)bytes.data, bytes.size);
}

struct stele_bytes native_bytes(mrb_value string)
{
    if (!mrb_string_p(string))
        return STELE_NO_BYTES;
    return stele_bytes(RSTRING_PTR(string), (size_t)RSTRING_LEN(string));
}

mrb_value native_hash_get(mrb_state *mrb, mrb_value hash, const char *key)
{
    return mrb_hash_get(mrb, hash, mrb_symbol_value(mrb_intern_cstr(mrb, key)));
}

void native_hash_set(mrb_state *mrb, mrb_value hash, const char *key, mrb_value value)
{
    mrb_hash_set(mrb, hash, mrb_symbol_value(mrb_intern_cstr(mrb, key)), value);
}

mrb_value native_pairs(mrb_state *mrb, const struct stele_attribute *attributes, size_t count)
{
    mrb_value list = mrb_ary_new_capa(mrb, (mrb_int)count);
    for (size_t i = 0; i < count; i++) {
        mrb_value pair = mrb_assoc_new(
            mrb, native_string(mrb, attributes[i].key), native_string(mrb, attributes[i].value));
        mrb_ary_push(mrb, list, pair);
    }
    return list;
}

struct stele_attribute *native_attributes(struct arena *arena, mrb_value pairs, size_t *out_count)
{
    mrb_int count = mrb_array_p(pairs) ? RARRAY_LEN(pairs) : 0;
    *out_count = 0;
    if (count == 0)
        return NULL;
    struct stele_attribute *attributes = arena_allocate_zeroed(
        arena, (size_t)count, sizeof *attributes);
    for (mrb_int i = 0; attributes && i < count; i++) {
        mrb_value pair = mrb_ary_ref(mrb, pairs, i);
        attributes[i].key = native_bytes(mrb_ary_ref(mrb, pair, 0));
        attributes[i].value = native_bytes(mrb_ary_ref(mrb, pair, 1));
        *out_count = (size_t)i + 1;
    }
    return attributes;
}

struct stele_bytes *native_texts(struct arena *arena, mrb_value list, size_t *out_count)
{
    size_t count = (size_t)RARRAY_LEN(list);
    struct stele_bytes *texts = arena_allocate_zeroed(arena, count + 1, sizeof *texts);
    *out_count = texts ? count : 0;
    for (size_t i = 0; i < *out_count; i++)
        texts[i] = native_bytes(mrb_ary_ref(mrb, list, (mrb_int)i));
    return texts;
}

/* ---- Printing ---- */

static mrb_value say(mrb_state *mrb, mrb_value self)
{
    char *text;
    mrb_int size;
    (void)self;
    mrb_get_args(mrb, "s", &text, &size);
    format_text(span_make(text, (size_t)size));
    return mrb_nil_value();
}

static size_t columns_of(mrb_state *mrb, struct span *out_columns, size_t limit)
{
    mrb_value list;
    size_t count = 0;
    mrb_get_args(mrb, "A", &list);
    for (mrb_int i = 0; i < RARRAY_LEN(list) && count < limit; i++) {
        mrb_value text = mrb_obj_as_string(mrb, mrb_ary_ref(mrb, list, i));
        out_columns[count++] = span_make(RSTRING_PTR(text), (size_t)RSTRING_LEN(text));
    }
    return count;
}

static mrb_value header(mrb_state *mrb, mrb_value self)
{
    struct span columns[16];
    (void)self;
    size_t count = columns_of(mrb, columns, 16);
    format_header(columns, count);
    return mrb_nil_value();
}

static mrb_value row(mrb_state *mrb, mrb_value self)
{
    struct span columns[16];
    (void)self;
    size_t count = columns_of(mrb, columns, 16);
    format_row(columns, count);
    return mrb_nil_value();
}

static mrb_value footer(mrb_state *mrb, mrb_value self)
{
    mrb_int count;
    (void)self;
    mrb_get_args(mrb, "i", &count);
    format_footer((uint64_t)count);
    return mrb_nil_value();
}

static mrb_value converted(mrb_state *mrb, bool is_escaping)
{
    char *text;
    mrb_int size;
    struct buffer made = {0};
    mrb_get_args(mrb, "s", &text, &size);
    if (is_escaping)
        buffer_put_escaped(&made, span_make(text, (size_t)size));
    else
        bytes_unescape(span_make(text, (size_t)size), &made);
    mrb_value string = mrb_str_new(mrb, (const char *)made.data, made.size);
    buffer_deinit(&made);
    return string;
}

static mrb_value escape(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return converted(mrb, true);
}

static mrb_value unescape(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return converted(mrb, false);
}

/* ---- The shell itself ---- */

static mrb_value now(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return mrb_float_value(mrb, (mrb_float)env_monotonic_ns(env_real()) / 1e9);
}

/* Milliseconds since 1970 as "2024-05-01 12:00:00 +0000", where the user is. */
static mrb_value time_text(mrb_state *mrb, mrb_value self)
{
    mrb_int ms;
    struct tm parts;
    char text[64];
    (void)self;
    mrb_get_args(mrb, "i", &ms);
    time_t seconds = (time_t)(ms / 1000);
    if (!localtime_r(&seconds, &parts) ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &parts) == 0)
        return mrb_str_new_lit(mrb, "?");
    return mrb_str_new_cstr(mrb, text);
}

/* The same now. */
static mrb_value wall_ms(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return mrb_int_value(mrb, (mrb_int)(env_wall_ms(env_real())));
}

/* So many milliseconds, or until ^C. */
static mrb_value pause_ms(mrb_state *mrb, mrb_value self)
{
    mrb_int ms;
    (void)self;
    mrb_get_args(mrb, "i", &ms);
    format_flush();
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (!interrupt_is_set() && nanosleep(&left, &left) != 0)
        ;
    if (interrupt_is_set())
        mrb_raise(mrb, mrb_class_get(mrb, "Interrupt"), "interrupted");
    return mrb_nil_value();
}

static mrb_value read_answer(mrb_state *mrb, mrb_value self)
{
    char line[256];
    (void)self;
    format_flush();
    if (!fgets(line, sizeof line, stdin))
        return mrb_nil_value();
    return mrb_str_new_cstr(mrb, line);
}

static mrb_value leave(mrb_state *mrb, mrb_value self)
{
    mrb_int code = 0;
    (void)self;
    mrb_get_args(mrb, "|i", &code);
    interpreter_leave(mrb, (int)code);
}

static mrb_value toggle_debug(mrb_state *mrb, mrb_value self)
{
    struct session *session = interpreter_session(mrb);
    (void)self;
    session->is_debugging = !session->is_debugging;
    return mrb_bool_value(session->is_debugging);
}

static mrb_value is_debugging(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return mrb_bool_value(interpreter_session(mrb)->is_debugging);
}

static mrb_value version(mrb_state *mrb, mrb_value self)
{
    (void)self;
    char text[192];
    snprintf(text, sizeof text, "stele %s, %s", stele_version(), shell_revision);
    return mrb_str_new_cstr(mrb, text);
}

static mrb_value whoami(mrb_state *mrb, mrb_value self)
{
    gid_t groups[MAX_GROUPS + 1] = {getegid()}; /* the first of all, as id -Gn tells them */
    mrb_value names = mrb_ary_new(mrb);
    (void)self;
    struct passwd *user = getpwuid(geteuid());
    int count = getgroups(MAX_GROUPS, groups + 1);
    for (int i = 0; i <= count; i++) {
        struct group *group = i > 0 && groups[i] == groups[0] ? NULL : getgrgid(groups[i]);
        if (group)
            mrb_ary_push(mrb, names, mrb_str_new_cstr(mrb, group->gr_name));
    }
    return mrb_assoc_new(mrb, mrb_str_new_cstr(mrb, user ? user->pw_name : "?"), names);
}

/* labels(texts) -> the message that holds them, of cells' visibility and of a reader's authorizations. */
static mrb_value labels(mrb_state *mrb, mrb_value self)
{
    mrb_value list;
    struct buffer message = {0};
    (void)self;
    mrb_get_args(mrb, "A", &list);
    for (mrb_int i = 0; i < RARRAY_LEN(list); i++) {
        struct stele_bytes text = native_bytes(mrb_ary_ref(mrb, list, i));
        buffer_put_u8(&message, LABEL_FIELD);
        buffer_put_varint(&message, text.size);
        buffer_put(&message, span_make(text.data, text.size));
    }
    mrb_value made = mrb_str_new(mrb, (const char *)message.data, message.size);
    buffer_deinit(&message);
    return made;
}

static mrb_value interrupted(mrb_state *mrb, mrb_value self)
{
    (void)mrb;
    (void)self;
    return mrb_bool_value(interrupt_is_set());
}

/* Split keys of HBase's RegionSplitter algorithms, for `count` regions. */
static mrb_value pre_splits(mrb_state *mrb, mrb_value self)
{
    char *algorithm;
    mrb_int count;
    (void)self;
    mrb_get_args(mrb, "zi", &algorithm, &count);
    if (count > LIMIT_SPLIT_KEYS)
        mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"), "NUMREGIONS is more than %d",
            LIMIT_SPLIT_KEYS);
    bool is_hex = strcmp(algorithm, "HexStringSplit") == 0,
         is_uniform = strcmp(algorithm, "UniformSplit") == 0;
    if (!is_hex && !is_uniform && strcmp(algorithm, "DecimalStringSplit") != 0)
        mrb_raisef(
            mrb, mrb_class_get(mrb, "ArgumentError"), "Unknown split algorithm %s", algorithm);
    unsigned __int128 range = is_uniform ? (unsigned __int128)1 << 64
                              : is_hex   ? (unsigned __int128)1 << 32
                                         : 100000000;
    unsigned __int128 step = range / (unsigned __int128)count;
    mrb_value keys = mrb_ary_new_capa(mrb, count);
    for (mrb_int i = 1; i < count; i++) {
        uint64_t at = (uint64_t)(step * (unsigned __int128)i);
        char text[32];
        uint8_t bytes[8];
        if (is_uniform) {
            store_be64(bytes, at);
            mrb_ary_push(mrb, keys, mrb_str_new(mrb, (const char *)bytes, sizeof bytes));
        } else {
            snprintf(text, sizeof text, is_hex ? "%08" PRIx64 : "%08" PRIu64, at);
            mrb_ary_push(mrb, keys, mrb_str_new_cstr(mrb, text));
        }
    }
    return keys;
}

static mrb_value filter_names(mrb_state *mrb, mrb_value self)
{
    static const char *const names[] = {"ColumnPrefixFilter", "TimestampsFilter", "PageFilter",
        "MultipleColumnPrefixFilter", "FamilyFilter", "ColumnPaginationFilter",
        "SingleColumnValueFilter", "RowFilter", "QualifierFilter", "ColumnRangeFilter",
        "ValueFilter", "PrefixFilter", "SingleColumnValueExcludeFilter", "ColumnCountGetFilter",
        "InclusiveStopFilter", "DependentColumnFilter", "FirstKeyOnlyFilter", "KeyOnlyFilter",
        "ColumnValueFilter"};
    mrb_value list = mrb_ary_new(mrb);
    (void)self;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        mrb_ary_push(mrb, list, mrb_str_new_cstr(mrb, names[i]));
    return list;
}

void native_define(mrb_state *mrb, struct RClass *shell)
{
    struct RClass *native = mrb_define_module_under(mrb, shell, "Native");
    mrb_define_module_function(mrb, native, "say", say, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "header", header, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "row", row, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "footer", footer, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "escape", escape, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "unescape", unescape, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "now", now, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "time_text", time_text, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "wall_ms", wall_ms, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "pause_ms", pause_ms, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "read_answer", read_answer, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "leave", leave, MRB_ARGS_OPT(1));
    mrb_define_module_function(mrb, native, "toggle_debug", toggle_debug, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "debug?", is_debugging, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "version", version, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "whoami", whoami, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "labels", labels, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "interrupted?", interrupted, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "pre_splits", pre_splits, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "filter_names", filter_names, MRB_ARGS_NONE());
    native_define_admin(mrb, native);
    native_define_changes(mrb, native);
    native_define_cluster(mrb, native);
    native_define_heat(mrb, native);
    native_define_master(mrb, native);
    native_define_rows(mrb, native);
    native_define_ruby(mrb, native);
    native_define_scan(mrb, native);
}
