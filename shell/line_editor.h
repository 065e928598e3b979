/* Lines from a person at a terminal: editing, history, completion (libedit).
 *
 * History is kept in $XDG_STATE_HOME/stele/history (else ~/.local/state/stele/history). One thread.
 */
#ifndef STELE_SHELL_LINE_EDITOR_H
#define STELE_SHELL_LINE_EDITOR_H

#include <stdbool.h>

#include "base/bytes.h"

struct line_editor;

enum line_answer { LINE_READ, LINE_ABANDONED /* ^C */, LINE_END /* ^D */ };

/* Gives words that begin with `prefix` by calling add. `is_first`: the word is the line's first. */
typedef void line_complete_function(void *context, struct span prefix, bool is_first,
    void (*add)(void *list, struct span word), void *list);

/* NULL when the terminal cannot be used. */
struct line_editor *line_editor_new(line_complete_function *complete, void *context);
void line_editor_free(struct line_editor *editor); /* saves the history; NULL is fine */
/* *out_line is borrowed until the next call, without its newline. */
enum line_answer line_editor_read(
    struct line_editor *editor, const char *prompt, struct span *out_line);

#endif
