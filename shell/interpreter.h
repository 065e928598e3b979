/* The shell's language: mruby with the HBase shell's commands (shell/ruby, compiled into the
 * program).
 *
 * Statements are fed as text; local variables live from one to the next. The commands are Ruby
 * methods of the main object, which reach the cluster through the module Shell::Native (native.h).
 * One thread. */
#ifndef STELE_SHELL_INTERPRETER_H
#define STELE_SHELL_INTERPRETER_H

#include <mruby.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/status.h"

struct interpreter;
struct session;

/* What is run, for $0 and ARGV. */
struct script {
    const char *name;
    const char *const *arguments;
    size_t argument_count;
};

enum interpreter_answer {
    INTERPRETER_MORE,    /* the statement goes on: feed it again with its next line */
    INTERPRETER_DONE,    /* ran; interpreter_value says what it is worth */
    INTERPRETER_FAILED,  /* interpreter_error says why; what a command tells itself is already told
                          */
    INTERPRETER_LEAVING, /* exit was called: interpreter_exit_code */
};

/* `session` is borrowed: the connection that commands use. raises_errors: -n, commands raise
 * instead of telling their errors. `script` is borrowed; NULL: there is none. STATUS_NO_MEMORY, or
 * STATUS_INVALID when the built-in commands do not load. */
enum status interpreter_new(struct session *session, bool raises_errors,
    const struct script *script, struct interpreter **out_interpreter, struct error *error);
void interpreter_free(struct interpreter *interpreter); /* NULL is fine */

/* Parses and runs. `line` is the number of its first line, for messages. is_last: no more input
 * follows, so an open statement is an error. */
enum interpreter_answer interpreter_feed(
    struct interpreter *interpreter, struct span code, int line, bool is_last);

/* The inspected value of the last statement, or {NULL, 0} for nil. Borrowed until the next call. */
struct span interpreter_value(struct interpreter *interpreter);
/* One line, without "ERROR: ". */
const char *interpreter_error(const struct interpreter *interpreter);
int interpreter_exit_code(const struct interpreter *interpreter);
/* How deep the open statement nests (for the prompt), and the quote it is inside of, or 0. */
int interpreter_depth(const struct interpreter *interpreter);
char interpreter_quote(const struct interpreter *interpreter);

/* Calls each(context, name) with every command. */
void interpreter_commands(
    struct interpreter *interpreter, void (*each)(void *context, const char *name), void *context);

/* For native functions: the session of this mruby. */
struct session *interpreter_session(mrb_state *mrb);
const struct script *interpreter_script(mrb_state *mrb);
/* Ends the shell from within a native function: does not return. */
void interpreter_leave(mrb_state *mrb, int code) __attribute__((noreturn));

#endif
