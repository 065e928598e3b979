/* The modes of the shell: a person at a terminal, lines from a pipe or a file (prompt and input are
 * echoed before each result, as the HBase shell does), the lines of -e, and -n, which is quiet and
 * ends at the first error. All run line by line, a statement as soon as it is whole: whatever is
 * wrong with one, even its syntax, the lines before it have run and those after it will. */
#include "shell/shell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/options.h"
#include "shell/format.h"
#include "shell/interpreter.h"
#include "shell/interrupt.h"
#include "shell/line_editor.h"
#include "shell/session.h"

struct shell {
    struct session *session;
    struct interpreter *interpreter;
    bool is_quiet;         /* -n: no prompt, no echo; the first error ends it */
    bool is_echoing;       /* print the prompt and the line before each result */
    int line;              /* number of the line being read, from 1 */
    struct buffer pending; /* the open statement */
    int pending_line;      /* where it began */
};

static const char usage[] =
    "usage: stele shell [--connect=HOST:PORT | --zookeeper=HOST:PORT,...[/PATH]] [-n] [-e "
    "COMMANDS] [FILE [ARGUMENT...]]\n"
    "\n"
    "The HBase shell's commands, in its own syntax. Without FILE or -e, reads a terminal or "
    "standard input.\n"
    "Arguments after FILE are its ARGV; -- before one that begins with a dash.\n"
    "\n"
    "  --connect=HOST:PORT     server to ask (default $STELE_CONNECT, else 127.0.0.1:16000)\n"
    "  --zookeeper=HOST:PORT   ZooKeeper quorum of the cluster, with the parent znode (default "
    "/hbase)\n"
    "  -n, --noninteractive    end with exit code 1 at the first error; no prompts\n"
    "  -e, --execute=COMMANDS  run these lines and end\n"
    "  -h, --help              this page\n"
    "\n"
    "In the shell: help, help 'COMMAND', exit.\n";

static void make_prompt(const struct shell *shell, char *out_prompt, size_t size)
{
    bool is_open = shell->pending.size > 0;
    int depth = is_open ? interpreter_depth(shell->interpreter) : 0;
    char quote = is_open ? interpreter_quote(shell->interpreter) : 0;
    snprintf(out_prompt, size, "stele:%03d:%d%c ", shell->line, depth,
        quote     ? quote
        : is_open ? '*'
                  : '>');
}

static void tell_value(struct shell *shell)
{
    struct span value = interpreter_value(shell->interpreter);
    if (value.data) {
        format_text(SPAN_LITERAL("=> "));
        format_text(value);
        format_text(SPAN_LITERAL("\n"));
    }
}

/* Runs what is pending. False when the shell should end; *out_code then says how. */
static bool feed(struct shell *shell, bool is_last, int *out_code)
{
    enum interpreter_answer answer = interpreter_feed(
        shell->interpreter, buffer_span(&shell->pending), shell->pending_line, is_last);
    if (answer == INTERPRETER_MORE)
        return true;
    shell->pending.size = 0;
    switch (answer) {
    case INTERPRETER_LEAVING:
        *out_code = interpreter_exit_code(shell->interpreter);
        return false;
    case INTERPRETER_FAILED:
        format_flush();
        if (shell->is_quiet) {
            fprintf(stderr, "stele: ERROR: %s\n", interpreter_error(shell->interpreter));
            *out_code = 1;
            return false;
        }
        printf("ERROR: %s\n", interpreter_error(shell->interpreter));
        break;
    default:
        tell_value(shell);
    }
    format_flush();
    return true;
}

/* Takes one line, runs the statement when it is whole. */
static bool take_line(struct shell *shell, struct span line, int *out_code)
{
    if (shell->pending.size == 0)
        shell->pending_line = shell->line;
    buffer_put(&shell->pending, line);
    buffer_put_u8(&shell->pending, '\n');
    shell->line++;
    if (buffer_status(&shell->pending)) {
        fprintf(stderr, "stele: statement at line %d is too long\n", shell->pending_line);
        *out_code = 1;
        return false;
    }
    bool is_blank = true;
    for (size_t i = 0; i < shell->pending.size; i++)
        is_blank = is_blank && strchr(" \t\r\n", shell->pending.data[i]);
    if (is_blank) {
        shell->pending.size = 0;
        return true;
    }
    return feed(shell, false, out_code);
}

static int run_stream(struct shell *shell, FILE *in)
{
    char *line = NULL, prompt[64];
    size_t capacity = 0;
    ssize_t size;
    int code = 0;
    bool goes_on = true;
    while (goes_on && (size = getline(&line, &capacity, in)) >= 0) {
        if (size && line[size - 1] == '\n')
            size--;
        if (shell->is_echoing) {
            make_prompt(shell, prompt, sizeof prompt);
            printf("%s%.*s\n", prompt, (int)size, line);
        }
        goes_on = take_line(shell, span_make(line, (size_t)size), &code);
    }
    if (goes_on && shell->pending.size)
        feed(shell, true, &code);
    free(line);
    format_flush();
    return code;
}

static int run_terminal(struct shell *shell)
{
    char prompt[64];
    int code = 0;
    struct span line;
    struct line_editor *editor = line_editor_new(session_complete, shell->session);
    if (!editor) {
        fprintf(
            stderr, "stele: the terminal cannot be used for line editing; reading it as a file\n");
        return run_stream(shell, stdin);
    }
    interrupt_install();
    printf("Stele shell\nType \"help\" for the commands, \"exit\" to leave.\n");
    for (bool goes_on = true; goes_on;) {
        make_prompt(shell, prompt, sizeof prompt);
        enum line_answer answer = line_editor_read(editor, prompt, &line);
        if (answer == LINE_END)
            break;
        if (answer == LINE_ABANDONED)
            shell->pending.size = 0;
        else
            goes_on = take_line(shell, line, &code);
    }
    line_editor_free(editor);
    return code;
}

struct choices {
    const char *connect;
    const char *zookeeper;
    const char *commands;
    const char *file;
    bool is_quiet;
    const char *arguments[1 + LIMIT_SCRIPT_ARGUMENTS]; /* the file, and its own */
    struct script script;
};

/* Fills *out_choices; an exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct choices *out_choices)
{
    struct option_value values[] = {{.name = "connect"}, {.name = "zookeeper"},
        {.name = "execute", .letter = 'e'},
        {.name = "noninteractive", .letter = 'n', .is_flag = true}};
    struct options options = {.command = "shell",
        .usage = usage,
        .values = values,
        .value_count = sizeof values / sizeof values[0],
        .arguments = out_choices->arguments,
        .argument_limit = sizeof out_choices->arguments / sizeof out_choices->arguments[0]};
    int code = options_parse(&options, argc, argv);
    if (code >= 0)
        return code;
    out_choices->connect = options_get(&options, "connect");
    out_choices->zookeeper = options_get(&options, "zookeeper");
    out_choices->commands = options_get(&options, "execute");
    out_choices->is_quiet = options_get(&options, "noninteractive") != NULL;
    if (options.argument_count > 0) {
        out_choices->file = out_choices->arguments[0];
        out_choices->script = (struct script){
            out_choices->file, out_choices->arguments + 1, options.argument_count - 1};
    }
    if ((out_choices->file && out_choices->commands) ||
        (out_choices->connect && out_choices->zookeeper)) {
        fprintf(stderr,
            "stele: shell takes one of --connect and --zookeeper, and one of -e and FILE\n");
        return EXIT_USAGE;
    }
    return -1;
}

int command_shell(int argc, char **argv)
{
    struct choices options = {0};
    struct shell shell = {.line = 1};
    struct error error = {0};
    FILE *in = stdin;
    int code = parse_options(argc, argv, &options);
    if (code >= 0)
        return code;
    code = 1;
    format_init();
    shell.is_quiet = options.is_quiet;
    if (options.commands)
        in = fmemopen((char *)options.commands, strlen(options.commands), "r");
    else if (options.file && strcmp(options.file, "-") != 0)
        in = fopen(options.file, "r");
    if (!in) {
        fprintf(stderr, "stele: cannot read %s: %s\n",
            options.commands ? "the commands of -e" : options.file, strerror(errno));
        return 1;
    }
    if (session_new(options.connect, options.zookeeper, &shell.session, &error) ||
        interpreter_new(shell.session, options.is_quiet, options.file ? &options.script : NULL,
            &shell.interpreter, &error)) {
        fprintf(stderr, "stele: %s\n", error.message);
        goto done;
    }
    session_set_interpreter(shell.session, shell.interpreter);
    if (in == stdin && isatty(STDIN_FILENO) && !options.is_quiet) {
        code = run_terminal(&shell);
    } else {
        shell.is_echoing = !options.is_quiet && !options.commands;
        code = run_stream(&shell, in);
    }
done:
    format_flush();
    buffer_deinit(&shell.pending);
    interpreter_free(shell.interpreter);
    session_free(shell.session);
    if (in != stdin)
        fclose(in);
    return code;
}
