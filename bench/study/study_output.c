#include "bench/study/study_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Written beside its name and then renamed: an old report is never half replaced. A device or a pipe is
 * written to, and stays what it is. */
static bool write_file(const char *path, const struct buffer *text)
{
    char beside[4096];
    bool is_stdout = strcmp(path, "-") == 0;
    struct stat stat_of;
    bool is_file = stat(path, &stat_of) != 0 || S_ISREG(stat_of.st_mode);
    snprintf(beside, sizeof beside, is_file ? "%s.new" : "%s", path);
    int fd = is_stdout ? STDOUT_FILENO
                       : open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool is_good = fd >= 0 && !buffer_status(text);
    for (size_t at = 0; is_good && at < text->size;) {
        ssize_t put = write(fd, text->data + at, text->size - at);
        is_good = put > 0 || (put < 0 && errno == EINTR);
        at += put > 0 ? (size_t)put : 0;
    }
    if (fd >= 0 && !is_stdout && close(fd))
        is_good = false;
    if (is_good && !is_stdout && is_file)
        is_good = rename(beside, path) == 0;
    if (!is_good)
        fprintf(stderr, "stele: bench study: write %s: %s\n", path,
            buffer_status(text) ? "no memory" : strerror(errno));
    return is_good;
}

static bool write_report(const char *path, const struct study *study,
    void (*put)(const struct study *study, struct buffer *out))
{
    struct buffer text = {0};
    if (!path)
        return true;
    put(study, &text);
    bool is_good = write_file(path, &text);
    buffer_deinit(&text);
    return is_good;
}

bool study_write_reports(const struct study *study, const struct study_options *own)
{
    bool has_page = write_report(own->html, study, study_put_html);
    return write_report(own->svg, study, study_put_svg) && has_page;
}

static unsigned terminal_colours(void)
{
    const char *colour = getenv("COLORTERM"), *none = getenv("NO_COLOR"), *term = getenv("TERM");
    const char *language = getenv("LC_ALL");
    if (!language || !*language)
        language = getenv("LC_CTYPE");
    if (!language || !*language)
        language = getenv("LANG");
    if ((none && *none) || !isatty(STDOUT_FILENO) || !term || strcmp(term, "dumb") == 0 ||
        !language || !strcasestr(language, "utf-8"))
        return 0;
    return colour && (strstr(colour, "truecolor") || strstr(colour, "24bit")) ? 1u << 24 : 256;
}

bool study_tell(const struct study *study, const struct study_options *own)
{
    if (own->is_json)
        write_report("-", study, study_put_json);
    else
        study_print(study, terminal_colours());
    fflush(stdout);
    return study_write_reports(study, own);
}
