/* What Ruby in scripts asks of the system and mruby has not: regular expressions, the environment, dates as text, md5, commands. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/class.h>
#include <mruby/compile.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <mruby/variable.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/md5.h"
#include "shell/format.h"
#include "shell/interpreter.h"
#include "shell/native.h"
#include "shell/pattern.h"

extern char **environ;

enum { REMEMBERED = 9 }; /* $1 ... $9 */

/* ---- Regular expressions ---- */

static struct pattern *take_pattern(mrb_state *mrb, mrb_value source, mrb_int options)
{
    struct pattern *pattern = NULL;
    struct error error;
    struct stele_bytes bytes = native_bytes(source);
    if (pattern_new(span_make(bytes.data, bytes.size), (unsigned)options, &pattern, &error))
        mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"),
            "Failed parse of regular expression %v: %s", source, error.message);
    return pattern;
}

/* search(source, options, text, from): [[begin, end] or nil of the whole and of each group...], or nil. */
static mrb_value search(mrb_state *mrb, mrb_value self)
{
    mrb_value source, text, list = mrb_nil_value();
    mrb_int options, from;
    const size_t *places;
    size_t count;
    struct error error;
    (void)self;
    mrb_get_args(mrb, "SiSi", &source, &options, &text, &from);
    struct pattern *pattern = take_pattern(mrb, source, options);
    struct stele_bytes bytes = native_bytes(text);
    enum status status = from < 0 ? STATUS_NOT_FOUND
                                  : pattern_search(pattern, span_make(bytes.data, bytes.size),
                                        (size_t)from, &places, &count, &error);
    if (status == STATUS_OK) {
        list = mrb_ary_new_capa(mrb, (mrb_int)count);
        for (size_t i = 0; i < count; i++) {
            bool is_there = places[2 * i] != SIZE_MAX;
            mrb_ary_push(mrb, list,
                is_there ? mrb_assoc_new(mrb, mrb_int_value(mrb, (mrb_int)places[2 * i]),
                               mrb_int_value(mrb, (mrb_int)places[2 * i + 1]))
                         : mrb_nil_value());
        }
    }
    pattern_free(pattern);
    if (status && status != STATUS_NOT_FOUND)
        mrb_raisef(mrb, mrb_class_get(mrb, "RuntimeError"), "%v: %s", source, error.message);
    return list;
}

struct names {
    mrb_state *mrb;
    mrb_value hash;
};

static void add_name(void *context, const char *name, unsigned number)
{
    struct names *names = context;
    mrb_hash_set(names->mrb, names->hash, mrb_str_new_cstr(names->mrb, name),
        mrb_int_value(names->mrb, (mrb_int)number));
}

/* group_names(source, options): {name => number}. */
static mrb_value group_names(mrb_state *mrb, mrb_value self)
{
    mrb_value source;
    mrb_int options;
    (void)self;
    mrb_get_args(mrb, "Si", &source, &options);
    struct names names = {mrb, mrb_hash_new(mrb)};
    struct pattern *pattern = take_pattern(mrb, source, options);
    pattern_names(pattern, add_name, &names);
    pattern_free(pattern);
    return names.hash;
}

/* remember(match, [text of each group...]): $~ and $1 ... of the last match. */
static mrb_value remember(mrb_state *mrb, mrb_value self)
{
    mrb_value match, groups;
    (void)self;
    mrb_get_args(mrb, "oA", &match, &groups);
    mrb_gv_set(mrb, mrb_intern_lit(mrb, "$~"), match);
    for (char i = 1; i <= REMEMBERED; i++) {
        char name[3] = {'$', (char)('0' + i), 0};
        mrb_gv_set(mrb, mrb_intern_cstr(mrb, name), mrb_ary_ref(mrb, groups, i));
    }
    return match;
}

/* ---- The system ---- */

static mrb_value environment(mrb_state *mrb, mrb_value self)
{
    mrb_value hash = mrb_hash_new(mrb);
    (void)self;
    for (char **at = environ; at && *at; at++) {
        const char *equals = strchr(*at, '=');
        if (equals)
            mrb_hash_set(mrb, hash, mrb_str_new(mrb, *at, (size_t)(equals - *at)),
                mrb_str_new_cstr(mrb, equals + 1));
    }
    return hash;
}

/* run(command): its exit code; nil when it did not run to its end. */
static mrb_value run(mrb_state *mrb, mrb_value self)
{
    const char *command;
    (void)self;
    mrb_get_args(mrb, "z", &command);
    format_flush();
    int status = system(
        command); /* ^C went to the command alone meanwhile; it is for the script as well */
    if (status != -1 && ((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) ||
                            (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT)))
        raise(SIGINT);
    return status != -1 && WIFEXITED(status) ? mrb_int_value(mrb, WEXITSTATUS(status))
                                             : mrb_nil_value();
}

static mrb_value process_id(mrb_state *mrb, mrb_value self)
{
    (void)self;
    return mrb_int_value(mrb, getpid());
}

/* script(): [its name, [its arguments...]]. */
static mrb_value script(mrb_state *mrb, mrb_value self)
{
    const struct script *script = interpreter_script(mrb);
    mrb_value arguments = mrb_ary_new(mrb);
    (void)self;
    for (size_t i = 0; i < script->argument_count; i++)
        mrb_ary_push(mrb, arguments, mrb_str_new_cstr(mrb, script->arguments[i]));
    return mrb_assoc_new(mrb, mrb_str_new_cstr(mrb, script->name), arguments);
}

static mrb_value md5_text(mrb_state *mrb, mrb_value self)
{
    mrb_value text;
    char hex[2 * MD5_SIZE + 1];
    (void)self;
    mrb_get_args(mrb, "S", &text);
    struct stele_bytes bytes = native_bytes(text);
    md5_hex(span_make(bytes.data, bytes.size), hex);
    return mrb_str_new_cstr(mrb, hex);
}

/* load(path, its text): runs it at the top. */
static mrb_value load_text(mrb_state *mrb, mrb_value self)
{
    const char *path;
    mrb_value text;
    (void)self;
    mrb_get_args(mrb, "zS", &path, &text);
    mrbc_context *context = mrbc_context_new(mrb);
    context->capture_errors = TRUE;
    mrbc_filename(mrb, context, path);
    mrb_load_nstring_cxt(mrb, RSTRING_PTR(text), (size_t)RSTRING_LEN(text), context);
    mrbc_context_free(mrb, context);
    if (mrb->exc) {
        mrb_value exception = mrb_obj_value(mrb->exc);
        mrb->exc = NULL;
        mrb_exc_raise(mrb, exception);
    }
    return mrb_true_value();
}

/* The words are the script's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

#define TIME_WORDS_ROOM (64 << 10)

/* time_words(strftime's words, seconds since 1970, is_utc) */
static mrb_value time_words(mrb_state *mrb, mrb_value self)
{
    const char *words;
    mrb_int at;
    mrb_bool is_utc;
    struct tm parts;
    (void)self;
    mrb_get_args(mrb, "zib", &words, &at, &is_utc);
    time_t seconds = (time_t)at;
    if (!(is_utc ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts)))
        mrb_raisef(mrb, mrb_class_get(mrb, "ArgumentError"), "time %i is out of range", at);
    if (is_utc)
        parts.tm_zone = "UTC";
    /* 0 is "no room" or "no text", as of %p in some places; so it is asked for a little longer than any text needs. */
    size_t size = 0;
    mrb_value text = mrb_nil_value();
    for (size_t room = 256; size == 0 && room <= TIME_WORDS_ROOM; room *= 4) {
        text = mrb_str_new(mrb, NULL, room);
        size = strftime(RSTRING_PTR(text), room, words, &parts);
    }
    return mrb_str_resize(mrb, text, (mrb_int)size);
}

#pragma GCC diagnostic pop

void native_define_ruby(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "search", search, MRB_ARGS_REQ(4));
    mrb_define_module_function(mrb, native, "group_names", group_names, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "remember", remember, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "environment", environment, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "run", run, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "process_id", process_id, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "script", script, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "load", load_text, MRB_ARGS_REQ(2));
    mrb_define_module_function(mrb, native, "md5", md5_text, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "time_words", time_words, MRB_ARGS_REQ(3));
}
