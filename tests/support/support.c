#include "tests/support/support.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- Assertions ---- */

void check_status(enum status status, enum status expected, const struct error *error,
    const char *call, const char *file, int line)
{
    if (status == expected)
        return;
    print_error("%s: \"%s\" instead of \"%s\"%s%s\n", call, status_name(status),
        status_name(expected), error && status ? ": " : "", error && status ? error->message : "");
    _fail(file, line);
}

void check_spans_equal(struct span a, struct span b, const char *file, int line)
{
    if (span_equal(a, b))
        return;
    struct buffer text = {0};
    buffer_put_escaped(&text, a);
    buffer_put_format(&text, "\"\n   is not \"");
    buffer_put_escaped(&text, b);
    buffer_put_u8(&text, 0);
    print_error("\"%s\"\n", (const char *)text.data);
    buffer_deinit(&text);
    _fail(file, line);
}

/* ---- Memory ---- */

/* A store asks for huge pages and touches the first of each pool; a test opens thousands of stores, and the kernel spent a
 * third of its time on filling these with zeroes. */
__attribute__((constructor)) static void live_on_small_pages(void)
{
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* ---- Seeds ---- */

static bool is_seed_running;
static uint64_t running_seed;

/* Async-signal-safe: also called while crashing. */
static void report_seed(void)
{
    if (!is_seed_running)
        return;
    is_seed_running = false;
    char text[96];
    int size = snprintf(text, sizeof(text),
        "failed with seed %llu: STELE_SEED=%llu runs it alone\n", (unsigned long long)running_seed,
        (unsigned long long)running_seed);
    ssize_t written = write(STDERR_FILENO, text, (size_t)size);
    (void)written;
}

static void report_seed_and_die(int signal_number)
{
    report_seed();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void install_reporting(void)
{
    static bool is_installed;
    if (is_installed)
        return;
    is_installed = true;
    atexit(report_seed);
    signal(SIGABRT, report_seed_and_die);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(report_seed);
    else
        signal(SIGSEGV, report_seed_and_die);
}

bool for_each_seed(unsigned count, void (*body)(uint64_t seed, void *context), void *context)
{
    install_reporting();
    report_seed(); /* of a test before this one, which failed and so never came back */
    uint64_t first = 1;
    const char *seed_text = getenv("STELE_SEED");
    const char *count_text = getenv("STELE_SEEDS");
    if (count_text)
        count = (unsigned)strtoul(count_text, NULL, 10);
    if (seed_text) {
        first = strtoull(seed_text, NULL, 10);
        if (!count_text)
            count = 1;
    }
    for (unsigned i = 0; i < count; i++) {
        running_seed = first + i;
        is_seed_running = true;
        body(running_seed, context);
        is_seed_running = false;
    }
    return !seed_text && !count_text;
}

/* ---- Temporary directories ---- */

char *test_directory_new(void)
{
    const char *parent = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof(path), "%s/stele-test-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(path)) {
        print_error("cannot make a directory like %s\n", path);
        abort();
    }
    return strdup(path);
}

static void remove_tree(const char *path)
{
    struct stat found;
    if (lstat(path, &found))
        return;
    if (S_ISDIR(found.st_mode)) {
        DIR *directory = opendir(path);
        const struct dirent *entry;
        while (directory && (entry = readdir(directory))) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            char child[4096];
            snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
            remove_tree(child);
        }
        if (directory)
            closedir(directory);
    }
    remove(path);
}

void test_directory_remove(char *path)
{
    if (!path)
        return;
    remove_tree(path);
    free(path);
}

const char *test_path(const char *directory, const char *name)
{
    static char paths[8][4096];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

/* ---- Waiting for threads ---- */

void wait_for_count(const unsigned *count, unsigned wanted)
{
    const struct timespec pause = {.tv_nsec = 200000};
    for (unsigned i = 0; i < 30 * 5000; i++) {
        if (__atomic_load_n(count, __ATOMIC_ACQUIRE) >= wanted)
            return;
        nanosleep(&pause, NULL);
    }
    fail_msg("waited 30 s for a count of %u, it is %u", wanted,
        __atomic_load_n(count, __ATOMIC_ACQUIRE));
}
