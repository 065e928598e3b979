#include "base/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/memory.h"

#define NAME_LIMIT 64

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter + 'a' - 'A') : letter;
}

/* Levenshtein, whatever the case; long names count as far away. */
/* Letters left out, put in, or others; two that changed places count once: that is what fingers do. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_LIMIT + 1], size = strlen(b), i = 1;
    if (strlen(a) > NAME_LIMIT || size > NAME_LIMIT)
        return NAME_LIMIT;
    for (size_t j = 0; j <= size; j++)
        rows[0][j] = j;
    for (; a[i - 1]; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= size; j++) {
            row[j] = least_of(
                above[j] + 1, row[j - 1] + 1, above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1])));
            bool is_swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                              lower(a[i - 2]) == lower(b[j - 1]);
            if (is_swapped && second[j - 2] + 1 < row[j])
                row[j] = second[j - 2] + 1;
        }
    }
    return rows[(i - 1) % 3][size];
}

const char *options_nearest(const char *given, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t least = strlen(given) / 2 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t away = distance(given, names[i]);
        if (away < least) {
            least = away;
            nearest = names[i];
        }
    }
    return nearest;
}

static struct option_value *find(struct options *options, const char *name, size_t size)
{
    for (size_t i = 0; i < options->value_count; i++)
        if (strlen(options->values[i].name) == size &&
            memcmp(options->values[i].name, name, size) == 0)
            return &options->values[i];
    return NULL;
}

static struct option_value *find_letter(struct options *options, char letter)
{
    for (size_t i = 0; i < options->value_count; i++)
        if (options->values[i].letter == letter)
            return &options->values[i];
    return NULL;
}

/* "-q" or "--q": the option with that letter, or else the first that begins with it. */
static const char *by_letter(const struct options *options, char letter)
{
    const char *found = NULL;
    for (size_t i = options->value_count; i-- > 0;) {
        const struct option_value *value = &options->values[i];
        if (value->letter == letter)
            return value->name;
        if (value->name[0] == lower(letter))
            found = value->name;
    }
    return found;
}

/* The name of the option that is nearest, or NULL; with is_from_file of those that may stand in a file. */
static const char *nearest_option(
    const struct options *options, const char *name, bool is_from_file)
{
    const char *names[NAME_LIMIT];
    size_t count = 0;
    for (size_t i = 0; i < options->value_count && count < NAME_LIMIT; i++)
        if (options->values[i].is_from_file || !is_from_file)
            names[count++] = options->values[i].name;
    return options_nearest(name, names, count);
}

static int refuse_unknown(const struct options *options, const char *given)
{
    const char *bare = given;
    char name[NAME_LIMIT];
    while (*bare == '-')
        bare++;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    const char *nearest = name[0] && !name[1] ? by_letter(options, name[0])
                                              : nearest_option(options, name, false);
    if (nearest)
        fprintf(stderr, "stele: %s has no option '%s'; did you mean '--%s'?\n", options->command,
            given, nearest);
    else
        fprintf(stderr, "stele: %s has no option '%s'; try 'stele %s --help'\n", options->command,
            given, options->command);
    return EXIT_USAGE;
}

static int complain(const struct options *options, const char *option, const char *what)
{
    fprintf(stderr, "stele: %s: '%s' %s\n", options->command, option, what);
    return EXIT_USAGE;
}

/* One option at argv[*at]; *at moves over a value in the next word. */
static int take_option(struct options *options, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    struct option_value *value;
    const char *given = NULL;
    if (word[1] == '-') {
        size_t size = strcspn(word + 2, "=");
        value = find(options, word + 2, size);
        if (word[2 + size] == '=')
            given = word + 2 + size + 1;
    } else {
        value = word[2] ? NULL : find_letter(options, word[1]);
    }
    if (!value)
        return refuse_unknown(options, word);
    if (value->is_flag) {
        if (given && !value->is_optional)
            return complain(options, word, "takes no value");
        value->value = given ? given : "";
        return -1;
    }
    if (!given) {
        if (*at + 1 >= argc)
            return complain(options, word, "needs a value");
        given = argv[++*at];
    }
    value->value = given;
    return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
    bool is_rest = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!is_rest && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            fputs(options->usage, stdout);
            return EXIT_DONE;
        }
        if (!is_rest && strcmp(word, "--") == 0) {
            is_rest = true;
        } else if (!is_rest && word[0] == '-' && word[1]) {
            int code = take_option(options, argc, argv, &i);
            if (code >= 0)
                return code;
        } else if (options->argument_count == options->argument_limit) {
            return complain(options, word, "is one word too many");
        } else {
            options->arguments[options->argument_count++] = word;
        }
    }
    return -1;
}

const char *options_get(const struct options *options, const char *name)
{
    for (size_t i = 0; i < options->value_count; i++)
        if (strcmp(options->values[i].name, name) == 0)
            return options->values[i].value;
    return NULL;
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    for (char *end = text + strlen(text); end > text && strchr(" \t\r", end[-1]);)
        *--end = '\0';
    return text;
}

static enum status refuse_line(
    struct options *options, const char *path, int number, const char *name, struct error *error)
{
    const char *nearest = nearest_option(options, name, true);
    return error_set(error, STATUS_INVALID,
        "%s line %d: '%s' is not an option of %s that can stand here%s%s%s", path, number, name,
        options->command, nearest ? "; did you mean '" : "", nearest ? nearest : "",
        nearest ? "'?" : "");
}

static enum status take_line(
    struct options *options, const char *path, int number, char *line, struct error *error)
{
    char *comment = strchr(line, '#');
    if (comment)
        *comment = '\0';
    char *name = trim(line);
    if (!*name)
        return STATUS_OK;
    char *equals = strchr(name, '=');
    if (equals)
        *equals = '\0';
    name = trim(name);
    struct option_value *value = find(options, name, strlen(name));
    if (!value || !value->is_from_file)
        return refuse_line(options, path, number, name, error);
    const char *given = equals ? trim(equals + 1) : "";
    if (value->is_flag && strcmp(given, "true") != 0 && strcmp(given, "false") != 0)
        return error_set(
            error, STATUS_INVALID, "%s line %d: %s is true or false", path, number, name);
    if (!value->is_flag && !*given)
        return error_set(error, STATUS_INVALID, "%s line %d: %s needs a value", path, number, name);
    if (value->value || (value->is_flag && strcmp(given, "false") == 0))
        return STATUS_OK;
    value->value = value->is_flag ? "" : given;
    return STATUS_OK;
}

/* To its end rather than to its size: a pipe has none. */
static enum status read_text(const char *path, struct buffer *out_text, struct error *error)
{
    bool is_standard = strcmp(path, "-") == 0;
    FILE *file = is_standard ? stdin : fopen(path, "re");
    size_t got = 0;
    enum status status = STATUS_OK;
    if (!file)
        return error_set(error, STATUS_IO, "--config: open %s: %s", path, strerror(errno));
    do {
        uint8_t *room = buffer_reserve(out_text, BUFSIZ);
        got = room ? fread(room, 1, BUFSIZ, file) : 0;
        if (room)
            buffer_commit(out_text, got);
    } while (got > 0 && out_text->size <= LIMIT_CONFIG_SIZE);
    if (ferror(file))
        status = error_set(error, STATUS_IO, "--config: read %s: %s", path, strerror(errno));
    else if (out_text->size > LIMIT_CONFIG_SIZE)
        status = error_set(error, STATUS_LIMIT, "--config: %s has more than the limit of %u bytes",
            path, LIMIT_CONFIG_SIZE);
    if (!is_standard)
        fclose(file);
    return status;
}

enum status options_read_file(struct options *options, const char *path, struct error *error)
{
    static struct buffer text; /* kept: the values point into it */
    buffer_reset(&text);
    enum status status = read_text(path, &text, error);
    if (status)
        return status;
    buffer_put_u8(&text, '\0');
    if (buffer_status(&text))
        return error_set(error, STATUS_NO_MEMORY, "no memory for %s", path);
    int number = 1;
    for (char *line = (char *)text.data; line && !status; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        status = take_line(options, path, number, line, error);
        line = end ? end + 1 : NULL;
    }
    return status;
}

enum status options_parse_size(
    const char *name, const char *text, uint64_t *out_bytes, struct error *error)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    unsigned long long number = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    if (number == 0 || errno)
        return error_set(
            error, STATUS_INVALID, "--%s takes a size such as 512M or 2G, not '%s'", name, text);
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if ((*end && !unit) ||
        (unit && end[1] && strcmp(end + 1, "B") != 0 && strcmp(end + 1, "iB") != 0) ||
        number > UINT64_MAX >> (shift + 1))
        return error_set(
            error, STATUS_INVALID, "--%s takes a size such as 512M or 2G, not '%s'", name, text);
    *out_bytes = (uint64_t)number << shift;
    return STATUS_OK;
}

enum status options_parse_duration(
    const char *name, const char *text, uint32_t *out_ms, struct error *error)
{
    static const struct {
        const char *name;
        uint32_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}};
    char *end;
    errno = 0;
    unsigned long number = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
    for (size_t i = 0; number > 0 && !errno && i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].name) == 0 && number <= UINT32_MAX / units[i].ms) {
            *out_ms = (uint32_t)number * units[i].ms;
            return STATUS_OK;
        }
    }
    return error_set(
        error, STATUS_INVALID, "--%s takes a time such as 6s or 2500ms, not '%s'", name, text);
}

enum status options_parse_address(const char *name, const char *text, char *out_host,
    size_t host_size, uint16_t *out_port, struct error *error)
{
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text,
               *host = colon ? text : "127.0.0.1";
    size_t size = colon ? (size_t)(colon - text) : strlen(host);
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    char *end;
    errno = 0;
    unsigned long number = *port >= '0' && *port <= '9' ? strtoul(port, &end, 10)
                                                        : UINT16_MAX + 1ul;
    if (errno || number > UINT16_MAX || *end || size == 0 || size >= host_size)
        return error_set(error, STATUS_INVALID, "--%s takes HOST:PORT, not '%s'", name, text);
    memcpy(out_host, host, size);
    out_host[size] = '\0';
    *out_port = (uint16_t)number;
    return STATUS_OK;
}
