/* Starts: a file system that breaks one of the promises is refused, with the reason (the disk in memory with one call
 * of its table replaced); a life is begun once. */
#include <stdio.h>

#include "base/env_memory.h"
#include "base/log_lines.h"
#include "storage/storage.h"
#include "tests/support/support.h"

static const struct env_table *good;
static struct env_table broken;

static enum status start(struct env *env, struct error *error)
{
    struct store *store;
    struct store_config config = {
        .env = env, .role = STORE_DOCUMENTS, .root = "root", .incarnation = "host,1,1"};
    enum status status = store_open(&config, &store, error);
    if (status == STATUS_OK)
        store_free(store);
    return status;
}

/* ---- Ways to break it ---- */

static enum status link_over(struct env *env, const char *from, const char *to, struct error *error)
{
    enum status status = good->path_link(env, from, to, error);
    return status == STATUS_EXISTS ? STATUS_OK : status;
}

/* NFS of old, and attribute caches: the first answer for a handle is given again and again. */
static struct env_stat cached;
static const struct env_file *cached_file;

static enum status stale_file_stat(
    struct env_file *file, struct env_stat *out_stat, struct error *error)
{
    if (cached_file != file) {
        enum status status = good->file_stat(file, &cached, error);
        if (status)
            return status;
        cached_file = file;
    }
    *out_stat = cached;
    return STATUS_OK;
}

static enum status sync_refused(struct env_file *file, struct error *error)
{
    /* alive was synced before: only what the probe does is refused. */
    if (!strstr(env_file_path(file), "/tmp-"))
        return good->file_sync(file, error);
    return error_set(error, STATUS_IO, "sync %s: Invalid argument", env_file_path(file));
}

static enum status folder_sync_refused(struct env *env, const char *path, struct error *error)
{
    static unsigned calls;
    /* The last of a start is the probe's. */
    return strstr(path, "servers/") && calls++ > 0
               ? error_set(error, STATUS_IO, "sync directory %s: Invalid argument", path)
               : good->directory_sync(env, path, error);
}

static enum status stale_list(
    struct env *env, const char *path, env_list_function *each, void *context, struct error *error)
{
    return strstr(path, "servers/") ? STATUS_OK
                                    : good->directory_list(env, path, each, context, error);
}

static enum status shared_create(struct env *env, const char *path, unsigned flags, uint32_t mode,
    struct env_file **out_file, struct error *error)
{
    return good->file_open(env, path, flags & ~(unsigned)ENV_EXCLUSIVE, mode, out_file, error);
}

static enum status stale_read(struct env_file *file, uint64_t offset, void *out_bytes, size_t size,
    size_t *out_size, struct error *error)
{
    if (strstr(env_file_path(file), "/tmp-")) {
        *out_size = 0;
        return STATUS_OK;
    }
    return good->file_read(file, offset, out_bytes, size, out_size, error);
}

static void expect_refusal(const char *reason)
{
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    good = env->table;
    struct env_table mine = broken;
    broken = *good;
    if (mine.path_link)
        broken.path_link = mine.path_link;
    if (mine.file_stat)
        broken.file_stat = mine.file_stat;
    if (mine.file_sync)
        broken.file_sync = mine.file_sync;
    if (mine.directory_sync)
        broken.directory_sync = mine.directory_sync;
    if (mine.directory_list)
        broken.directory_list = mine.directory_list;
    if (mine.file_open)
        broken.file_open = mine.file_open;
    if (mine.file_read)
        broken.file_read = mine.file_read;
    env->table = &broken;
    enum status status = start(env, &error);
    env->table = good;
    if (status != STATUS_UNSUPPORTED || !strstr(error.message, reason))
        fail_msg("\"%s\" instead of a refusal: %s", status_name(status), error.message);
    assert_non_null(strstr(error.message, "cannot be used safely"));
    env_memory_free(env);
}

static void a_file_system_that_breaks_a_promise_is_refused_with_the_reason(void **state)
{
    (void)state;
    broken = (struct env_table){.path_link = link_over};
    expect_refusal("link(2)");
    broken = (struct env_table){.file_stat = stale_file_stat};
    expect_refusal("does not show");
    broken = (struct env_table){.file_sync = sync_refused};
    expect_refusal("Invalid argument");
    broken = (struct env_table){.directory_sync = folder_sync_refused};
    expect_refusal("Invalid argument");
    broken = (struct env_table){.directory_list = stale_list};
    expect_refusal("do not show in their folder");
    broken = (struct env_table){.file_open = shared_create};
    expect_refusal("a name that exists");
    broken = (struct env_table){.file_read = stale_read};
    expect_refusal("through another handle");
}

static void one_that_keeps_them_is_taken(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    assert_ok(start(env, &error), &error);
    env_memory_free(env);
}

/* The collector of a leader that finds the folder before alive is in it. */
static enum status folder_collected(struct env *env, const char *path, unsigned flags,
    uint32_t mode, struct env_file **out_file, struct error *error)
{
    static bool was_collected;
    const char *slash = strrchr(path, '/');
    if (!was_collected && strcmp(slash, "/alive") == 0) {
        char folder[256];
        was_collected = true;
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
        assert_status(good->directory_remove(env, folder, NULL), STATUS_OK);
    }
    return good->file_open(env, path, flags, mode, out_file, error);
}

static void a_start_whose_empty_folder_was_collected_goes_on(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    good = env->table;
    broken = *good;
    broken.file_open = folder_collected;
    env->table = &broken;
    assert_ok(start(env, &error), &error);
    env->table = good;
    env_memory_free(env);
}

static void expect_used_before(struct env *env)
{
    struct error error = {0};
    assert_status(start(env, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "host,1,1 was used before"));
}

/* Design 7, 1: the folder of a life is made once, whatever is left in it. */
static void a_life_whose_folder_is_there_is_not_begun(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct error error = {0};
    assert_ok(start(env, &error), &error);
    expect_used_before(env);
    assert_ok(env_path_remove(env, "root/servers/host,1,1/alive", &error), &error);
    expect_used_before(env);
    env_memory_free(env);
}

/* Its empty folder was collected, and made again by another with its name, who was the first with an alive. */
static enum status alive_made_by_another(struct env *env, const char *path, unsigned flags,
    uint32_t mode, struct env_file **out_file, struct error *error)
{
    struct env_file *alive = NULL;
    if (strcmp(strrchr(path, '/'), "/alive") == 0 &&
        good->file_open(env, path, ENV_WRITE | ENV_CREATE, mode, &alive, NULL) == STATUS_OK)
        env_file_close(alive);
    return good->file_open(env, path, flags, mode, out_file, error);
}

static void an_alive_that_is_there_is_anothers(void **state)
{
    (void)state;
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    good = env->table;
    broken = *good;
    broken.file_open = alive_made_by_another;
    env->table = &broken;
    expect_used_before(env);
    env->table = good;
    env_memory_free(env);
}

int main(void)
{
    log_set_level(LOG_OFF);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_system_that_breaks_a_promise_is_refused_with_the_reason),
        cmocka_unit_test(one_that_keeps_them_is_taken),
        cmocka_unit_test(a_start_whose_empty_folder_was_collected_goes_on),
        cmocka_unit_test(a_life_whose_folder_is_there_is_not_begun),
        cmocka_unit_test(an_alive_that_is_there_is_anothers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
