/* storage_check of the root itself: that nothing lies there that is nobody's, and the two files of text (docs/formats:
 * cluster.md), of which the servers of a cluster make sure before they do anything. */
#include "base/limits.h"
#include "base/memory.h"
#include "storage/check.h"

enum { SECRET_DIGITS = 64 };

struct entry {
    const char *name;
    bool is_prefix;
};

static const struct entry entries[] = {
    {"cluster", false}, {"cluster.tmp-", true}, {"lock", false}, {"history", false},
    {"lost+found", false}, {"namespaces", false}, {"procedures", false}, {"quorum", false},
    {"quorum.", true}, {"sealed", false}, {"secret", false}, {"secret.", true}, {"servers", false},
    {"snapshots", false}, {"tables", false}, {"trash", false},
    {".", true}, /* file systems' own: .nfs0123, .snapshot */
};

static bool is_known(const char *name)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (entries[i].is_prefix ? strncmp(name, entries[i].name, strlen(entries[i].name)) == 0
                                 : strcmp(name, entries[i].name) == 0)
            return true;
    return false;
}

/* "NAME = VALUE", the value not empty. Returns what follows it; data NULL: it is not there. */
static struct span take_line(struct span text, const char *name)
{
    size_t end = span_find(text, '\n'), size = strlen(name);
    bool is_there = end != SIZE_MAX && end > size + 3 && memcmp(text.data, name, size) == 0 &&
                    memcmp(text.data + size, " = ", 3) == 0;
    return is_there ? span_make(text.data + end + 1, text.size - end - 1) : SPAN_EMPTY;
}

/* A decimal number, 1 to LIMIT_QUORUM_GENERATION. */
static bool is_generation(struct span text)
{
    unsigned number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > LIMIT_QUORUM_GENERATION)
            return false;
        number = number * 10 + (text.data[i] - '0');
    }
    return number > 0 && number <= LIMIT_QUORUM_GENERATION;
}

static size_t check_quorum(struct span text, const char **out_what)
{
    static const char *const names[] = {"zookeeper", "instance", "generation"};
    struct span rest = text;
    for (size_t i = 0; i < 3; i++) {
        struct span next = take_line(rest, names[i]);
        size_t offset = text.size - rest.size;
        *out_what = "no line of a quorum: zookeeper, instance, generation";
        if (!next.data)
            return offset;
        rest = next;
    }
    *out_what = rest.size > 0 ? "more than the three lines of a quorum" : NULL;
    if (rest.size > 0)
        return text.size - rest.size;
    size_t last = text.size - 1; /* where the number of the last line begins */
    while (text.data[last - 1] != ' ')
        last--;
    if (!is_generation(span_slice(text, last, text.size - 1 - last)))
        *out_what = "not a generation of a quorum: 1 to 127";
    return last;
}

static size_t check_secret(struct span text, const char **out_what)
{
    size_t digits = 0;
    while (digits < text.size && digits < SECRET_DIGITS &&
           strchr("0123456789abcdef", text.data[digits]) && text.data[digits])
        digits++;
    bool is_right = digits == SECRET_DIGITS && text.size == SECRET_DIGITS + 1 &&
                    text.data[SECRET_DIGITS] == '\n';
    *out_what = is_right ? NULL : "not 64 hex digits and a newline";
    return digits;
}

static enum status check_text(struct check *check, const char *name,
    size_t (*find)(struct span text, const char **out_what), struct error *error)
{
    struct path path;
    struct buffer text = {0};
    struct error why = {0};
    const char *what = NULL;
    directory_path(&check->directory, &path, "%s", name);
    enum status status = env_read_file(check->env, path.text, LIMIT_TEXT_FILE_SIZE, &text, &why);
    if (status == STATUS_OK) {
        size_t offset = find(buffer_span(&text), &what);
        if (what)
            check_tell(check, path.text, offset, what);
    }
    buffer_deinit(&text);
    if (status == STATUS_LIMIT) {
        check_tell(check, path.text, LIMIT_TEXT_FILE_SIZE, "too long");
        return STATUS_OK;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK
                                      : check_judge(check, path.text, status, &why, error);
}

enum status check_root(struct check *check, struct error *error)
{
    struct name_list names;
    enum status status = check_names(check->env, check->directory.root, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        struct path path;
        if (is_known(names.items[i]))
            continue;
        directory_path(&check->directory, &path, "%s", names.items[i]);
        check_tell(check, path.text, 0, "nothing of Stele");
    }
    name_list_deinit(&names);
    if (status == STATUS_OK)
        status = check_text(check, "quorum", check_quorum, error);
    if (status == STATUS_OK)
        status = check_text(check, "secret", check_secret, error);
    return status;
}
