#include "server/master/assignment.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

#define FIRST_BUCKETS 256
#define LOAD_CARRIED_MS                                                                            \
    60000 /* closed for longer than it takes to move, what it carried is forgotten */

void assignment_init(struct assignment *assignment)
{
    memset(assignment, 0, sizeof *assignment);
}

static void free_tablet(struct assigned_tablet *tablet)
{
    memory_free(tablet->failure);
    memory_free(tablet->region_load);
    memory_free(tablet);
}

void assignment_deinit(struct assignment *assignment)
{
    for (size_t i = 0; i < assignment->tablet_buckets; i++) {
        while (assignment->tablets[i]) {
            struct assigned_tablet *tablet = assignment->tablets[i];
            assignment->tablets[i] = tablet->hash_next;
            free_tablet(tablet);
        }
    }
    while (assignment->servers) {
        struct assigned_server *server = assignment->servers;
        assignment->servers = server->next;
        memory_free(server);
    }
    memory_free(assignment->tablets);
    memory_free(assignment->servers_by_text);
    memset(assignment, 0, sizeof *assignment);
}

static size_t bucket_of(struct span key, size_t buckets)
{
    return XXH3_64bits(key.data, key.size) & (buckets - 1);
}

/* ---- Servers ---- */

static void grow_servers(struct assignment *assignment)
{
    size_t count = assignment->server_buckets ? assignment->server_buckets * 2 : FIRST_BUCKETS;
    struct assigned_server **buckets = memory_allocate_zeroed(count, sizeof *buckets);
    if (!buckets)
        return; /* longer chains until there is memory */
    for (struct assigned_server *one = assignment->servers; one; one = one->next) {
        size_t bucket = bucket_of(span_string(one->text), count);
        one->hash_next = buckets[bucket];
        buckets[bucket] = one;
    }
    memory_free(assignment->servers_by_text);
    assignment->servers_by_text = buckets;
    assignment->server_buckets = count;
}

struct assigned_server *assignment_find_server(
    const struct assignment *assignment, struct span text)
{
    if (!assignment->server_buckets)
        return NULL;
    struct assigned_server *one =
        assignment->servers_by_text[bucket_of(text, assignment->server_buckets)];
    while (one && !span_equal(span_string(one->text), text))
        one = one->hash_next;
    return one;
}

struct assigned_server *assignment_add_server(
    struct assignment *assignment, const struct server_name *name, int64_t now_ms)
{
    char text[SERVER_TEXT_SIZE];
    int size = snprintf(text, sizeof text, "%.*s,%u,%llu", (int)name->host.size,
        (const char *)name->host.data, name->port, (unsigned long long)name->start_code);
    if (size < 0 || (size_t)size >= sizeof text)
        return NULL;
    struct assigned_server *server = assignment_find_server(assignment, span_string(text));
    if (server)
        return server;
    if (assignment->server_count >= assignment->server_buckets)
        grow_servers(assignment);
    server = assignment->server_buckets ? memory_allocate_zeroed(1, sizeof *server) : NULL;
    if (!server)
        return NULL;
    memcpy(server->text, text, sizeof text);
    server->name = *name;
    server->name.host = span_make(server->text, name->host.size);
    server->since_ms = now_ms;
    server->next = assignment->servers;
    assignment->servers = server;
    assignment->server_count++;
    size_t bucket = bucket_of(span_string(text), assignment->server_buckets);
    server->hash_next = assignment->servers_by_text[bucket];
    assignment->servers_by_text[bucket] = server;
    return server;
}

void assignment_remove_server(struct assignment *assignment, struct assigned_server *server)
{
    CHECK(!server->first);
    struct assigned_server **at = &assignment->servers;
    while (*at != server)
        at = &(*at)->next;
    *at = server->next;
    at = &assignment
              ->servers_by_text[bucket_of(span_string(server->text), assignment->server_buckets)];
    while (*at != server)
        at = &(*at)->hash_next;
    *at = server->hash_next;
    assignment->server_count--;
    memory_free(server);
}

static uint64_t ms_since(uint64_t since_ns, uint64_t now_ns)
{
    return since_ns < now_ns ? (now_ns - since_ns) / 1000000 : 0;
}

struct stall_facts assigned_server_stall(const struct assigned_server *server, uint64_t now_ns)
{
    return (struct stall_facts){
        .stalled_ms = server->stalled_since_ns ? ms_since(server->stalled_since_ns, now_ns) : 0,
        .silent_ms = server->heard_ns ? ms_since(server->heard_ns, now_ns) : UINT64_MAX};
}

size_t assignment_live_count(const struct assignment *assignment)
{
    size_t count = 0;
    for (const struct assigned_server *one = assignment->servers; one; one = one->next)
        count += one->state == ASSIGNED_SERVER_LIVE;
    return count;
}

/* ---- Tablets ---- */

static void grow_tablets(struct assignment *assignment)
{
    size_t count = assignment->tablet_buckets ? assignment->tablet_buckets * 2 : FIRST_BUCKETS;
    struct assigned_tablet **buckets = memory_allocate_zeroed(count, sizeof *buckets);
    if (!buckets)
        return;
    for (size_t i = 0; i < assignment->tablet_buckets; i++) {
        while (assignment->tablets[i]) {
            struct assigned_tablet *tablet = assignment->tablets[i];
            assignment->tablets[i] = tablet->hash_next;
            size_t bucket = bucket_of(span_string(tablet->info.id), count);
            tablet->hash_next = buckets[bucket];
            buckets[bucket] = tablet;
        }
    }
    memory_free(assignment->tablets);
    assignment->tablets = buckets;
    assignment->tablet_buckets = count;
}

struct assigned_tablet *assignment_find(const struct assignment *assignment, struct span id)
{
    if (!assignment->tablet_buckets)
        return NULL;
    struct assigned_tablet *one = assignment->tablets[bucket_of(id, assignment->tablet_buckets)];
    while (one && !span_equal(span_string(one->info.id), id))
        one = one->hash_next;
    return one;
}

struct assigned_tablet *assignment_add(
    struct assignment *assignment, const struct tablet_info *info, int64_t now_ms)
{
    if (assignment->tablet_count >= assignment->tablet_buckets)
        grow_tablets(assignment);
    size_t rows = info->start_row.size + info->end_row.size;
    struct assigned_tablet *tablet = assignment->tablet_buckets
                                         ? memory_allocate_zeroed(1, sizeof *tablet + rows)
                                         : NULL;
    if (!tablet)
        return NULL;
    uint8_t *bytes = (uint8_t *)(tablet + 1);
    memcpy(tablet->info.id, info->id, sizeof info->id);
    memcpy(tablet->info.table_id, info->table_id, sizeof info->table_id);
    tablet->info.region_id = info->region_id;
    tablet->info.version = info->version;
    tablet->info.open_sequence = info->open_sequence;
    tablet->info.state = info->state;
    if (info->start_row.size)
        memcpy(bytes, info->start_row.data, info->start_row.size);
    if (info->end_row.size)
        memcpy(bytes + info->start_row.size, info->end_row.data, info->end_row.size);
    tablet->info.start_row = span_make(bytes, info->start_row.size);
    tablet->info.end_row = span_make(bytes + info->start_row.size, info->end_row.size);
    tablet->is_manifest_closed = info->state != TABLET_OPEN;
    tablet->since_ms = now_ms;
    size_t bucket = bucket_of(span_string(info->id), assignment->tablet_buckets);
    tablet->hash_next = assignment->tablets[bucket];
    assignment->tablets[bucket] = tablet;
    assignment->tablet_count++;
    assignment->state_counts[ASSIGNMENT_CLOSED]++;
    return tablet;
}

static void leave_server(struct assigned_tablet *tablet)
{
    struct assigned_server *server = tablet->server;
    if (!server)
        return;
    if (tablet->server_previous)
        tablet->server_previous->server_next = tablet->server_next;
    else
        server->first = tablet->server_next;
    if (tablet->server_next)
        tablet->server_next->server_previous = tablet->server_previous;
    tablet->server_next = tablet->server_previous = NULL;
    tablet->server = NULL;
    server->tablet_count--;
}

static void enter_server(struct assigned_tablet *tablet, struct assigned_server *server)
{
    tablet->server = server;
    tablet->server_next = server->first;
    if (server->first)
        server->first->server_previous = tablet;
    server->first = tablet;
    server->tablet_count++;
}

void assignment_remove(struct assignment *assignment, struct assigned_tablet *tablet)
{
    CHECK(!tablet->transition && !tablet->is_idle);
    leave_server(tablet);
    struct assigned_tablet **at =
        &assignment->tablets[bucket_of(span_string(tablet->info.id), assignment->tablet_buckets)];
    while (*at != tablet)
        at = &(*at)->hash_next;
    *at = tablet->hash_next;
    assignment->tablet_count--;
    assignment->state_counts[tablet->state]--;
    free_tablet(tablet);
}

void assignment_set(struct assignment *assignment, struct assigned_tablet *tablet,
    enum assignment_state state, struct assigned_server *server, int64_t now_ms)
{
    bool names_server = state == ASSIGNMENT_OPENING || state == ASSIGNMENT_OPEN ||
                        state == ASSIGNMENT_CLOSING;
    CHECK(names_server == (server != NULL));
    if (state == ASSIGNMENT_OPENING && !tablet->server &&
        now_ms - tablet->since_ms > LOAD_CARRIED_MS)
        memset(tablet->load, 0, sizeof tablet->load);
    if (tablet->server != server) {
        leave_server(tablet);
        if (server)
            enter_server(tablet, server);
    }
    if (tablet->state != state)
        tablet->since_ms = now_ms;
    assignment->state_counts[tablet->state]--;
    tablet->state = state;
    assignment->state_counts[state]++;
}

void assigned_tablet_set_failure(struct assigned_tablet *tablet, const char *message)
{
    memory_free(tablet->failure);
    tablet->failure = NULL;
    size_t size = message ? strlen(message) + 1 : 0;
    if (size && (tablet->failure = memory_allocate(size)))
        memcpy(tablet->failure, message, size);
}

void assigned_tablet_take_load(
    struct assigned_tablet *tablet, const float load[VIEW_RESOURCES], int64_t now_ms)
{
    bool is_new = now_ms - tablet->since_ms < LOAD_KNOWN_AFTER_MS;
    for (unsigned r = 0; r < VIEW_RESOURCES; r++)
        tablet->load[r] = load_known(tablet->load[r], load[r], is_new && r != VIEW_MEMORY);
}

void assigned_tablet_set_region_load(struct assigned_tablet *tablet, struct span bytes)
{
    if (bytes.size > tablet->region_load_size || !tablet->region_load) {
        void *grown = memory_reallocate(tablet->region_load, bytes.size ? bytes.size : 1);
        if (!grown)
            return;
        tablet->region_load = grown;
    }
    if (bytes.size)
        memcpy(tablet->region_load, bytes.data, bytes.size);
    tablet->region_load_size = bytes.size;
}

const char *assignment_state_name(enum assignment_state state)
{
    static const char *const names[] = {
        "CLOSED", "OPENING", "OPEN", "CLOSING", "FAILED_OPEN", "SPLIT", "MERGED"};
    return (size_t)state < ASSIGNMENT_STATES ? names[state] : "?";
}
