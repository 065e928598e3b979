/* Incarnations as others see them: who is there, who is dead, and making that so (storage.h). */
#include "storage/cluster.h"
#include "storage/name_list.h"
#include "storage/plan.h"
#include "storage/seal.h"
#include "storage/store.h"

enum status store_look(struct store *store, struct error *error)
{
    struct error own = {0};
    if (!error)
        error = &own;
    if (store_is_dead(store))
        return error_set(error, STATUS_CLOSED, "the store has died");
    enum status status = seal_look(store->alive, error);
    if (status == STATUS_OK)
        return STATUS_OK;
    error_prefix(error, status, "may this server still answer");
    store_fatal(store, error);
    return STATUS_CLOSED;
}

void store_end(struct store *store, const struct error *error)
{
    store_fatal(store, error);
}

uint64_t store_log_turn_since_ns(const struct store *store)
{
    return store->log ? log_turn_since_ns(store->log) : 0;
}

enum status store_probe(struct store *store, struct error *error)
{
    return cluster_probe(&store->directory, error);
}

/* ---- Listing ---- */

struct server_list {
    struct store *store;
    struct arena *arena;
    enum status (*each)(void *context, const struct store_server *server, struct error *error);
    void *context;
};

static enum status has_file(const struct store *store, const char *incarnation, const char *name,
    bool *out_has, struct error *error)
{
    struct path path;
    directory_server_path(&store->directory, incarnation, name, &path);
    return directory_exists(store->env, path.text, out_has, error);
}

static enum status list_server(void *context, const char *name, struct error *error)
{
    struct server_list *list = context;
    const struct directory *directory = &list->store->directory;
    struct buffer text = {0};
    struct store_server server = {.is_self = strcmp(name, directory->incarnation) == 0};
    if (directory_name_decode(name, &text, NULL)) { /* no folder of ours */
        buffer_deinit(&text);
        return STATUS_OK;
    }
    server.incarnation = arena_copy(list->arena, buffer_span(&text));
    buffer_deinit(&text);
    if (!server.incarnation.data)
        return error_set(error, STATUS_NO_MEMORY, "list of servers");
    enum status status = has_file(list->store, name, "alive", &server.is_registered, error);
    if (status == STATUS_OK)
        status = seal_exists(directory, name, &server.is_sealed, error);
    if (status == STATUS_OK)
        status = has_file(list->store, name, "plan", &server.has_plan, error);
    return status ? status : list->each(list->context, &server, error);
}

enum status store_server_list(struct store *store, struct arena *arena,
    enum status (*each)(void *context, const struct store_server *server, struct error *error),
    void *context, struct error *error)
{
    struct path folder;
    struct server_list list = {store, arena, each, context};
    directory_path(&store->directory, &folder, "servers");
    return env_directory_list(store->env, folder.text, list_server, &list, error);
}

/* ---- Burying ---- */

enum status store_bury(struct store *store, const char *incarnation, struct error *error)
{
    char encoded[DIRECTORY_NAME_SIZE + 1];
    enum status status = directory_name_encode(span_string(incarnation), encoded, error);
    if (status)
        return status;
    if (strcmp(encoded, store->directory.incarnation) == 0)
        return error_set(error, STATUS_INVALID, "%s cannot bury itself", incarnation);
    return plan_bury(&store->directory, encoded, NULL, error);
}

void store_free_reserves(struct store *store)
{
    struct name_list names = {0};
    struct path path;
    directory_path(&store->directory, &path, "servers");
    if (name_list_read(store->env, path.text, &names, NULL) == STATUS_OK)
        for (size_t i = 0; i < names.count; i++) {
            directory_server_path(&store->directory, names.items[i], "reserve", &path);
            (void)env_path_remove(store->env, path.text, NULL);
        }
    name_list_deinit(&names);
}

enum status store_bury_others(struct store *store, struct error *error)
{
    struct name_list names;
    struct path servers;
    directory_path(&store->directory, &servers, "servers");
    enum status status = name_list_read(store->env, servers.text, &names, error);
    for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
        if (strcmp(names.items[i], store->directory.incarnation) != 0)
            status = plan_bury(&store->directory, names.items[i], NULL, error);
    }
    name_list_deinit(&names);
    return status;
}
