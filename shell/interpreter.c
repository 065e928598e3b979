#include "shell/interpreter.h"

#include <mruby.h>
#include <mruby/array.h>
#include <mruby/class.h>
#include <mruby/compile.h>
#include <mruby/error.h>
#include <mruby/hash.h>
#include <mruby/irep.h>
#include <mruby/proc.h>
#include <mruby/string.h>
#include <mruby/variable.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "shell/native.h"

/* Made by mrbc from shell/ruby/<name>.rb, in the order in which they load. */
#include "shell/ruby_code.h"

struct interpreter {
    mrb_state *mrb;
    mrbc_context *context;       /* names of local variables, from statement to statement */
    struct session *session;     /* borrowed */
    const struct script *script; /* borrowed */
    unsigned stack_keep;         /* stack slots of those variables */
    int depth;
    char quote; /* that the open statement ends inside of; 0 = none */
    int exit_code;
    bool is_leaving;
    mrb_value value; /* of the last statement, inspected; nil = none */
    char error[1024];
};

struct session *interpreter_session(mrb_state *mrb)
{
    return ((struct interpreter *)mrb->ud)->session;
}

const struct script *interpreter_script(mrb_state *mrb)
{
    return ((struct interpreter *)mrb->ud)->script;
}

void interpreter_leave(mrb_state *mrb, int code)
{
    struct interpreter *interpreter = mrb->ud;
    interpreter->is_leaving = true;
    interpreter->exit_code = code;
    mrb_raise(mrb, mrb_exc_get(mrb, "ShellLeft"), "exit");
    __builtin_unreachable();
}

/* A command called at the top: Shell.dispatch(name, [arguments]). */
static mrb_value run_command(mrb_state *mrb, mrb_value self)
{
    (void)self;
    const mrb_value *arguments;
    mrb_int count;
    mrb_sym name = mrb_get_mid(mrb);
    mrb_get_args(mrb, "*", &arguments, &count);
    mrb_value list = mrb_ary_new_from_values(mrb, count, arguments);
    mrb_value shell = mrb_obj_value(mrb_module_get(mrb, "Shell"));
    return mrb_funcall(mrb, shell, "dispatch", 2, mrb_symbol_value(name), list);
}

static mrb_value define_top(mrb_state *mrb, mrb_value self)
{
    mrb_sym name;
    (void)self;
    mrb_get_args(mrb, "n", &name);
    struct RObject *main_object = mrb_obj_ptr(mrb_top_self(mrb));
    mrb_define_singleton_method_id(mrb, main_object, name, run_command, MRB_ARGS_ANY());
    return mrb_nil_value();
}

static void take_exception(struct interpreter *interpreter)
{
    mrb_state *mrb = interpreter->mrb;
    mrb_value exception = mrb_obj_value(mrb->exc);
    mrb->exc = NULL;
    mrb_value text = mrb_funcall(mrb, exception, "message", 0);
    const char *class_name = mrb_obj_classname(mrb, exception);
    if (mrb->exc) {
        mrb->exc = NULL;
        text = mrb_str_new_cstr(mrb, "?");
    }
    bool is_plain = strcmp(class_name, "Shell::Failure") == 0 ||
                    strcmp(class_name, "Interrupt") == 0;
    bool is_unknown = strcmp(class_name, "NoMethodError") == 0 ||
                      strcmp(class_name, "NameError") == 0;
    snprintf(interpreter->error, sizeof interpreter->error, "%s%s%.*s%s",
        is_plain ? "" : class_name, is_plain ? "" : ": ", (int)RSTRING_LEN(text), RSTRING_PTR(text),
        is_unknown ? " (type help for the commands)" : "");
    for (char *p = interpreter->error; *p; p++)
        if (*p == '\n')
            *p = ' ';
}

static enum status load_commands(struct interpreter *interpreter, struct error *error)
{
    mrb_state *mrb = interpreter->mrb;
    for (size_t i = 0; i < sizeof ruby_code / sizeof ruby_code[0]; i++) {
        mrb_load_irep(mrb, ruby_code[i].bytes);
        if (mrb->exc) {
            take_exception(interpreter);
            return error_set(error, STATUS_INVALID, "shell code %s does not load: %s",
                ruby_code[i].name, interpreter->error);
        }
    }
    return STATUS_OK;
}

enum status interpreter_new(struct session *session, bool raises_errors,
    const struct script *script, struct interpreter **out_interpreter, struct error *error)
{
    static const struct script none = {.name = "shell"};
    struct interpreter *interpreter = memory_allocate_zeroed(1, sizeof *interpreter);
    if (!interpreter)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the shell");
    interpreter->session = session;
    interpreter->script = script ? script : &none;
    interpreter->mrb = mrb_open();
    interpreter->context = interpreter->mrb ? mrbc_context_new(interpreter->mrb) : NULL;
    if (!interpreter->context) {
        interpreter_free(interpreter);
        return error_set(error, STATUS_NO_MEMORY, "no memory for mruby");
    }
    mrb_state *mrb = interpreter->mrb;
    mrb->ud = interpreter;
    interpreter->value = mrb_nil_value();
    interpreter->context->capture_errors = TRUE;
    mrbc_filename(mrb, interpreter->context, interpreter->script->name);

    mrb_define_class(mrb, "ShellLeft", mrb->eException_class);
    if (!mrb_class_defined(mrb, "Interrupt"))
        mrb_define_class(mrb, "Interrupt", mrb->eException_class);
    struct RClass *shell = mrb_define_module(mrb, "Shell");
    mrb_define_module_function(mrb, shell, "define_top", define_top, MRB_ARGS_REQ(1));
    native_define(mrb, shell);
    enum status status = load_commands(interpreter, error);
    if (status) {
        interpreter_free(interpreter);
        return status;
    }
    mrb_funcall(mrb, mrb_obj_value(shell), "raises=", 1, mrb_bool_value(raises_errors));
    *out_interpreter = interpreter;
    return STATUS_OK;
}

void interpreter_free(struct interpreter *interpreter)
{
    if (!interpreter)
        return;
    if (interpreter->context)
        mrbc_context_free(interpreter->mrb, interpreter->context);
    if (interpreter->mrb)
        mrb_close(interpreter->mrb);
    memory_free(interpreter);
}

/* True when the text so far only lacks what a later line may bring. */
static bool is_open(const struct mrb_parser_state *parser)
{
    if (parser->parsing_heredoc || parser->lex_strterm)
        return true;
    if (parser->nerr > 0) {
        const char *message = parser->error_buffer[0].message;
        return strstr(message, "unexpected $end") || strstr(message, "unexpected end of file");
    }
    return parser->lstate == EXPR_DOT || parser->lstate == EXPR_CLASS ||
           parser->lstate == EXPR_FNAME || parser->lstate == EXPR_VALUE;
}

/* Brackets and quotes still open, found roughly: it is only for the prompt. */
static void look_at_nesting(struct interpreter *interpreter, struct span code)
{
    int depth = 0;
    char quote = 0;
    bool is_comment = false;
    for (size_t i = 0; i < code.size; i++) {
        char byte = (char)code.data[i];
        if (is_comment) {
            is_comment = byte != '\n';
        } else if (quote) {
            if (byte == '\\')
                i++;
            else if (byte == quote)
                quote = 0;
        } else if (byte == '\'' || byte == '"') {
            quote = byte;
        } else if (byte == '#') {
            is_comment = true;
        } else if (byte == '(' || byte == '[' || byte == '{') {
            depth++;
        } else if (byte == ')' || byte == ']' || byte == '}') {
            depth--;
        }
    }
    interpreter->depth = depth > 0 ? depth : 1;
    interpreter->quote = quote;
}

/* `list = ...` would hide a command: says so and gives the text after the '='. */
static struct span without_reserved(struct interpreter *interpreter, struct span code)
{
    size_t from = 0, end;
    while (from < code.size && (code.data[from] == ' ' || code.data[from] == '\t'))
        from++;
    for (end = from; end < code.size; end++) {
        uint8_t byte = code.data[end];
        if (!(byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9')))
            break;
    }
    if (end == from)
        return code;
    size_t equals = end;
    while (equals < code.size && code.data[equals] == ' ')
        equals++;
    if (equals + 1 >= code.size || code.data[equals] != '=' || strchr("=>~", code.data[equals + 1]))
        return code;
    mrb_state *mrb = interpreter->mrb;
    mrb_value shell = mrb_obj_value(mrb_module_get(mrb, "Shell"));
    mrb_value name = mrb_symbol_value(mrb_intern(mrb, (const char *)code.data + from, end - from));
    if (!mrb_test(mrb_funcall(mrb, shell, "command?", 1, name)))
        return code;
    native_say_format(
        "WARN: '%.*s' is a reserved HBase command. Local variable assignment ignored.\n",
        (int)(end - from), (const char *)code.data + from);
    return span_slice(code, equals + 1, code.size - equals - 1);
}

/* mruby's macro mixes signs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* Makes room for local variables that this statement adds, when a block has captured the earlier
 * ones. */
static void grow_environment(mrb_state *mrb, unsigned locals)
{
    struct REnv *environment = mrb->c->cibase->u.env ? mrb_vm_ci_env(mrb->c->cibase) : NULL;
    if (environment && MRB_ENV_LEN(environment) < (mrb_int)locals)
        MRB_ENV_SET_LEN(environment, locals);
}

#pragma GCC diagnostic pop

static enum interpreter_answer run(struct interpreter *interpreter, struct mrb_parser_state *parser)
{
    mrb_state *mrb = interpreter->mrb;
    struct RProc *procedure = mrb_generate_code(mrb, parser);
    mrb_parser_free(parser);
    if (!procedure) {
        snprintf(
            interpreter->error, sizeof interpreter->error, "the statement could not be compiled");
        return INTERPRETER_FAILED;
    }
    unsigned locals = procedure->body.irep->nlocals;
    grow_environment(mrb, locals);
    mrb_value value = mrb_vm_run(
        mrb, procedure, mrb_top_self(mrb), (mrb_int)interpreter->stack_keep);
    interpreter->stack_keep = locals;
    if (interpreter->is_leaving) {
        mrb->exc = NULL;
        return INTERPRETER_LEAVING;
    }
    if (!mrb->exc) {
        mrb_value shell = mrb_obj_value(mrb_module_get(mrb, "Shell"));
        value = mrb_funcall(mrb, shell, "shown", 1, value);
    }
    if (mrb->exc) {
        take_exception(interpreter);
        return INTERPRETER_FAILED;
    }
    interpreter->value = value;
    mrb_gv_set(mrb, mrb_intern_lit(mrb, "$shell_value"), value); /* keeps it from the collector */
    return INTERPRETER_DONE;
}

enum interpreter_answer interpreter_feed(
    struct interpreter *interpreter, struct span code, int line, bool is_last)
{
    mrb_state *mrb = interpreter->mrb;
    int arena = mrb_gc_arena_save(mrb);
    interpreter->value = mrb_nil_value();
    interpreter->depth = 0;
    code = without_reserved(interpreter, code);
    struct mrb_parser_state *parser = mrb_parser_new(mrb);
    if (!parser) {
        snprintf(interpreter->error, sizeof interpreter->error, "no memory");
        return INTERPRETER_FAILED;
    }
    parser->s = (const char *)code.data;
    parser->send = parser->s + code.size;
    parser->lineno = (uint16_t)line;
    mrb_parser_parse(parser, interpreter->context);
    if (is_open(parser) && !is_last) {
        mrb_parser_free(parser);
        look_at_nesting(interpreter, code);
        mrb_gc_arena_restore(mrb, arena);
        return INTERPRETER_MORE;
    }
    if (parser->nerr > 0 || is_open(parser)) {
        snprintf(interpreter->error, sizeof interpreter->error, "SyntaxError: %s",
            parser->nerr > 0 ? parser->error_buffer[0].message : "the statement does not end");
        mrb_parser_free(parser);
        mrb_gc_arena_restore(mrb, arena);
        return INTERPRETER_FAILED;
    }
    enum interpreter_answer answer = run(interpreter, parser);
    mrb_gc_arena_restore(mrb, arena);
    return answer;
}

struct span interpreter_value(struct interpreter *interpreter)
{
    if (mrb_nil_p(interpreter->value))
        return SPAN_EMPTY;
    return span_make(RSTRING_PTR(interpreter->value), (size_t)RSTRING_LEN(interpreter->value));
}

const char *interpreter_error(const struct interpreter *interpreter)
{
    return interpreter->error;
}

int interpreter_exit_code(const struct interpreter *interpreter)
{
    return interpreter->exit_code;
}

int interpreter_depth(const struct interpreter *interpreter)
{
    return interpreter->depth;
}

char interpreter_quote(const struct interpreter *interpreter)
{
    return interpreter->quote;
}

void interpreter_commands(
    struct interpreter *interpreter, void (*each)(void *context, const char *name), void *context)
{
    mrb_state *mrb = interpreter->mrb;
    int arena = mrb_gc_arena_save(mrb);
    mrb_value names = mrb_funcall(mrb, mrb_obj_value(mrb_module_get(mrb, "Shell")), "names", 0);
    for (mrb_int i = 0; mrb_array_p(names) && i < RARRAY_LEN(names); i++) {
        mrb_value name = mrb_ary_ref(mrb, names, i);
        each(context, mrb_string_value_cstr(mrb, &name));
    }
    mrb_gc_arena_restore(mrb, arena);
}
