#include "shell/line_editor.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "base/memory.h"
#include "shell/interrupt.h"

#define HISTORY_LINES 2000

struct line_editor {
    EditLine *edit;
    History *history;
    const char *prompt; /* borrowed during a read */
    line_complete_function *complete;
    void *context;          /* complete's */
    char history_path[512]; /* empty = none */
};

static char *get_prompt(EditLine *edit)
{
    struct line_editor *editor;
    el_get(edit, EL_CLIENTDATA, &editor);
    return (char *)(uintptr_t)editor->prompt;
}

/* The words found, reduced to what they share. */
struct candidates {
    struct buffer common;
    struct buffer listing;
    size_t count;
};

static void add_candidate(void *list, struct span word)
{
    struct candidates *found = list;
    if (found->count++ == 0) {
        buffer_put(&found->common, word);
    } else {
        size_t same = 0;
        while (same < found->common.size && same < word.size &&
               found->common.data[same] == word.data[same])
            same++;
        found->common.size = same;
    }
    buffer_put(&found->listing, word);
    buffer_put_u8(&found->listing, ' ');
}

/* libedit's source of characters. SIGINT is let in only while this waits: one that came a moment before
 * would otherwise be noticed at the next key. Bytes that are no character are passed over. */
static int read_character(EditLine *edit, wchar_t *out_character)
{
    mbstate_t state = {0};
    sigset_t blocked, before;
    (void)edit;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        char byte;
        sigprocmask(SIG_BLOCK, &blocked, &before);
        int ready = interrupt_is_set() ? -1 : ppoll(&input, 1, NULL, &before);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (interrupt_is_set()) {
            errno = EINTR;
            return -1;
        }
        if (ready <= 0)
            continue; /* another signal: the window's size */
        ssize_t size = read(STDIN_FILENO, &byte, 1);
        if (size <= 0)
            return (int)size;
        size_t used = mbrtowc(out_character, &byte, 1, &state);
        if (used <= 1)
            return 1;
        if (used == (size_t)-1)
            memset(&state, 0, sizeof state);
    }
}

static bool is_word_byte(char byte)
{
    return byte == '_' || byte == ':' || byte == '.' || byte == '-' || byte == '?' ||
           (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

static unsigned char complete_word(EditLine *edit, int key)
{
    struct line_editor *editor;
    struct candidates found = {0};
    unsigned char answer = CC_ERROR;
    (void)key;
    el_get(edit, EL_CLIENTDATA, &editor);
    const LineInfo *line = el_line(edit);
    const char *from = line->cursor;
    while (from > line->buffer && is_word_byte(from[-1]))
        from--;
    struct span prefix = span_make(from, (size_t)(line->cursor - from));
    editor->complete(editor->context, prefix, from == line->buffer, add_candidate, &found);
    if (found.count && !found.common.is_failed && found.common.size > prefix.size) {
        buffer_put_u8(&found.common, '\0');
        el_insertstr(edit, (const char *)found.common.data + prefix.size);
        answer = CC_REFRESH;
    } else if (found.count > 1 && !found.listing.is_failed) {
        printf("\n%.*s\n", (int)found.listing.size, (const char *)found.listing.data);
        fflush(stdout);
        answer = CC_REDISPLAY;
    }
    buffer_deinit(&found.common);
    buffer_deinit(&found.listing);
    return answer;
}

static void find_history_path(struct line_editor *editor)
{
    char folder[480];
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int size = state && *state ? snprintf(folder, sizeof folder, "%s/stele", state)
               : home && *home ? snprintf(folder, sizeof folder, "%s/.local/state/stele", home)
                               : -1;
    if (size < 0 || (size_t)size >= sizeof folder)
        return;
    for (char *slash = folder + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(folder, 0700);
        *slash = '/';
    }
    if (mkdir(folder, 0700) && errno != EEXIST)
        return;
    snprintf(editor->history_path, sizeof editor->history_path, "%s/history", folder);
}

struct line_editor *line_editor_new(line_complete_function *complete, void *context)
{
    HistEvent event;
    struct line_editor *editor = memory_allocate_zeroed(1, sizeof *editor);
    if (!editor)
        return NULL;
    setlocale(LC_CTYPE, ""); /* what a character is */
    editor->complete = complete;
    editor->context = context;
    editor->edit = el_init("stele", stdin, stdout, stderr);
    editor->history = history_init();
    if (!editor->edit || !editor->history) {
        line_editor_free(editor);
        return NULL;
    }
    find_history_path(editor);
    history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
    history(editor->history, &event, H_SETUNIQUE, 1);
    if (editor->history_path[0])
        history(editor->history, &event, H_LOAD, editor->history_path);
    el_set(editor->edit, EL_CLIENTDATA, editor);
    el_set(editor->edit, EL_EDITOR, "emacs");
    el_set(editor->edit, EL_SIGNAL, 0);
    el_set(editor->edit, EL_GETCFN, read_character);
    el_set(editor->edit, EL_PROMPT, get_prompt);
    el_set(editor->edit, EL_HIST, history, editor->history);
    el_set(editor->edit, EL_ADDFN, "stele-complete", "complete a word", complete_word);
    el_set(editor->edit, EL_BIND, "^I", "stele-complete", NULL);
    el_set(editor->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(editor->edit, NULL);
    return editor;
}

static void save_history(struct line_editor *editor)
{
    HistEvent event;
    if (editor->history_path[0])
        history(editor->history, &event, H_SAVE, editor->history_path);
}

void line_editor_free(struct line_editor *editor)
{
    if (!editor)
        return;
    if (editor->edit)
        el_end(editor->edit);
    if (editor->history)
        history_end(editor->history);
    memory_free(editor);
}

enum line_answer line_editor_read(
    struct line_editor *editor, const char *prompt, struct span *out_line)
{
    HistEvent event;
    int count = 0;
    editor->prompt = prompt;
    interrupt_clear();
    /* Before the prompt, not (as libedit has it) after: a ^D typed between the two would reach it as a NUL. */
    el_set(editor->edit, EL_PREP_TERM, 1);
    const char *line = el_gets(editor->edit, &count);
    if (interrupt_is_set()) {
        interrupt_clear();
        el_reset(editor->edit);
        fputs("^C\n", stdout);
        return LINE_ABANDONED;
    }
    if (!line || count <= 0) {
        putchar('\n');
        return LINE_END;
    }
    if (count > 1) {
        history(editor->history, &event, H_ENTER, line);
        save_history(editor); /* now: a shell may end by a signal */
    }
    *out_line = span_make(line, (size_t)count);
    if (line[count - 1] == '\n')
        out_line->size--;
    return LINE_READ;
}
