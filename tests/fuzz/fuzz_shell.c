/* A statement as it is typed into the shell: whether it is complete, and what its text is parsed to. It is put into
 * a branch that is not taken, so nothing of it runs; what could leave the branch is not tried. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "shell/interpreter.h"
#include "shell/session.h"

/* One for all inputs: a statement must not spoil the next. */
static struct interpreter *shared_interpreter(void)
{
    static struct interpreter *interpreter;
    struct session *session;
    if (!interpreter && (session_new("127.0.0.1:1", NULL, &session, NULL) ||
                            interpreter_new(session, true, NULL, &interpreter, NULL)))
        abort();
    return interpreter;
}

/* What could close the branch, or run before it. */
static bool may_leave_branch(struct span statement)
{
    static const char *const words[] = {"end", "END", "BEGIN"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct span word = span_string(words[i]);
        for (size_t at = 0; at + word.size <= statement.size; at++)
            if (span_equal(span_slice(statement, at, word.size), word))
                return true;
    }
    return span_find(statement, 0) != SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct interpreter *interpreter = shared_interpreter();
    struct span statement = span_make(data, size);
    if (size > 2048 || may_leave_branch(statement))
        return 0;
    struct buffer code = {0};
    buffer_put(&code, SPAN_LITERAL("if false\n"));
    buffer_put(&code, statement);
    (void)interpreter_feed(interpreter, buffer_span(&code), 1, false);
    buffer_put(&code, SPAN_LITERAL("\nend\n"));
    (void)interpreter_feed(interpreter, buffer_span(&code), 1, true);
    fuzz_check(interpreter_feed(interpreter, SPAN_LITERAL("1 + 1"), 1, true) == INTERPRETER_DONE);
    fuzz_check(span_equal(interpreter_value(interpreter), SPAN_LITERAL("2")));
    buffer_deinit(&code);
    return 0;
}
