#include "bench/load_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "bench/server_cpu.h"

void load_counters_deinit(struct load_counters *counters)
{
    for (size_t i = 0; i < counters->tablet_count; i++)
        memory_free(counters->tablets[i].name);
    memory_free(counters->tablets);
    *counters = (struct load_counters){0};
}

static bool is_here(struct stele_bytes host)
{
    char own[256] = "";
    struct span name = span_make(host.data, host.size);
    gethostname(own, sizeof own - 1);
    return span_equal(name, span_string("localhost")) || span_equal(name, span_string(own)) ||
           span_starts_with(name, span_string("127.")) || span_equal(name, span_string("::1"));
}

/* SIZE_MAX when there are too many. */
static size_t find_server(
    struct load_counters *counters, const struct stele_server *server, int server_pid)
{
    char address[sizeof counters->servers->address];
    snprintf(address, sizeof address, "%.*s:%u", (int)server->host.size,
        (const char *)server->host.data, server->port);
    for (size_t i = 0; i < counters->server_count; i++)
        if (strcmp(counters->servers[i].address, address) == 0)
            return i;
    if (counters->server_count == WATCH_SERVERS_MOST)
        return SIZE_MAX;
    struct watched_server *watched = &counters->servers[counters->server_count];
    *watched = (struct watched_server){.pid = -1};
    memcpy(watched->address, address, sizeof address);
    if (counters->has_ended)
        watched->pid = -1;
    else if (server_pid > 0)
        watched->pid = counters->server_count == 0 ? server_pid : -1;
    else if (is_here(server->host))
        watched->pid = server_cpu_find(server->port);
    if (watched->pid > 0 && !server_cpu_read(watched->pid, &watched->cpu_us))
        watched->pid = -1;
    return counters->server_count++;
}

/* NULL on no memory. */
static struct counted_tablet *find_tablet(
    struct load_counters *counters, struct stele_bytes name, size_t server)
{
    for (size_t i = 0; i < counters->tablet_count; i++) {
        const char *known = counters->tablets[i].name;
        if (counters->tablets[i].server == server && strlen(known) == name.size &&
            memcmp(known, name.data, name.size) == 0)
            return &counters->tablets[i];
    }
    if (counters->tablet_count == counters->tablet_room) {
        size_t room = counters->tablet_room ? 2 * counters->tablet_room : 64;
        struct counted_tablet *more = memory_reallocate(counters->tablets, room * sizeof *more);
        if (!more)
            return NULL;
        counters->tablets = more;
        counters->tablet_room = room;
    }
    struct counted_tablet *tablet = &counters->tablets[counters->tablet_count];
    *tablet = (struct counted_tablet){.name = memory_allocate(name.size + 1), .server = server};
    if (!tablet->name)
        return NULL;
    memcpy(tablet->name, name.data, name.size);
    tablet->name[name.size] = '\0';
    counters->tablet_count++;
    return tablet;
}

static uint64_t growth(uint64_t last, uint64_t now)
{
    return now >= last ? now - last : now;
}

static void read_tablet(
    struct load_counters *counters, const struct stele_region_load *load, size_t server)
{
    struct counted_tablet *tablet = find_tablet(counters, load->name, server);
    if (!tablet)
        return;
    if (counters->has_begun) {
        uint64_t reads = growth(tablet->last_reads, load->read_requests),
                 writes = growth(tablet->last_writes, load->write_requests);
        tablet->reads += reads;
        tablet->writes += writes;
        counters->servers[server].reads += reads;
        counters->servers[server].writes += writes;
    }
    tablet->last_reads = load->read_requests;
    tablet->last_writes = load->write_requests;
    tablet->is_there = true;
}

static bool is_of_table(struct stele_bytes region, struct stele_bytes table)
{
    return region.size > table.size && region.data[table.size] == ',' &&
           memcmp(region.data, table.data, table.size) == 0;
}

void load_counters_read(struct load_counters *counters, const struct stele_cluster *cluster,
    struct stele_bytes table, int server_pid)
{
    for (size_t i = 0; i < counters->tablet_count; i++)
        counters->tablets[i].is_there = false;
    for (size_t i = 0; i < cluster->server_count; i++) {
        const struct stele_server_load *load = &cluster->servers[i];
        size_t server = find_server(counters, &load->server, server_pid);
        for (size_t j = 0; server != SIZE_MAX && j < load->region_count; j++)
            if (is_of_table(load->regions[j].name, table))
                read_tablet(counters, &load->regions[j], server);
    }
    snprintf(counters->version, sizeof counters->version, "%.*s", (int)cluster->version.size,
        (const char *)cluster->version.data);
    counters->has_begun = true;
}

void load_counters_end_cpu(struct load_counters *counters)
{
    counters->has_ended = true;
    for (size_t i = 0; i < counters->server_count; i++) {
        struct watched_server *server = &counters->servers[i];
        uint64_t now_us;
        if (server->pid <= 0 || !server_cpu_read(server->pid, &now_us)) {
            server->pid = -1;
            continue;
        }
        server->cpu_us = now_us - server->cpu_us;
        server->resident_kib = server_cpu_resident_kib(server->pid);
    }
}

/* What a tablet took, wherever it was. False: an entry before this one has told it. */
static bool sum_tablet(
    const struct load_counters *counters, size_t index, uint64_t *out_reads, uint64_t *out_writes)
{
    const struct counted_tablet *one = &counters->tablets[index];
    *out_reads = *out_writes = 0;
    for (size_t i = 0; i < counters->tablet_count; i++) {
        const struct counted_tablet *other = &counters->tablets[i];
        if (strcmp(other->name, one->name) != 0)
            continue;
        if (i < index && other->is_there)
            return false;
        *out_reads += other->reads;
        *out_writes += other->writes;
    }
    return true;
}

/* By start key, as the names of one table sort. */
static int compare_tablets(const void *a, const void *b)
{
    return strcmp(
        ((const struct watched_tablet *)a)->name, ((const struct watched_tablet *)b)->name);
}

void load_counters_take(const struct load_counters *counters, struct watch_figures *figures)
{
    memcpy(figures->version, counters->version, sizeof figures->version);
    memcpy(figures->servers, counters->servers, sizeof figures->servers);
    figures->server_count = counters->server_count;
    figures->tablets = memory_allocate_zeroed(counters->tablet_count + 1, sizeof *figures->tablets);
    for (size_t i = 0; figures->tablets && i < counters->tablet_count; i++) {
        const struct counted_tablet *counted = &counters->tablets[i];
        struct watched_tablet *tablet = &figures->tablets[figures->tablet_count];
        uint64_t reads, writes;
        if (!counted->is_there || !sum_tablet(counters, i, &reads, &writes) ||
            !(tablet->name = memory_duplicate_string(counted->name)))
            continue;
        memcpy(tablet->server, counters->servers[counted->server].address, sizeof tablet->server);
        tablet->reads = reads;
        tablet->writes = writes;
        figures->servers[counted->server].tablets++;
        figures->tablet_count++;
    }
    if (figures->tablets)
        qsort(figures->tablets, figures->tablet_count, sizeof *figures->tablets, compare_tablets);
}
