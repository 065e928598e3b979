/* The looks of a live run: where its tablets are (hbase:meta), and what they count (the servers' reports). */
#include <string.h>

#include "bench/study/live_run_internal.h"

static void on_regions(
    void *context, const struct stele_error *failure, const struct stele_region_list *list)
{
    struct live_cell_run *run = context;
    run->is_listing = false;
    if (failure->status)
        return; /* the next look tells */
    live_tablets_begin(&run->tablets);
    for (size_t i = 0; i < list->count; i++) {
        const struct stele_region *region = &list->regions[i];
        if (!region->is_split && !region->is_offline && region->start_key.size <= STUDY_KEY_SIZE)
            live_tablets_add(&run->tablets, span_of(region->start_key),
                live_find_server(run->live, &region->server));
    }
    live_tablets_end(&run->tablets, run->set, run->second, run->run);
}

static void on_cluster(
    void *context, const struct stele_error *failure, const struct stele_cluster *cluster)
{
    struct live_cell_run *run = context;
    size_t live_servers = 0;
    int64_t reported_ms = INT64_MAX;
    run->is_counting = false;
    if (failure->status)
        return;
    live_counters_begin_look(&run->counters);
    for (size_t i = 0; i < cluster->server_count; i++) {
        const struct stele_server_load *server = &cluster->servers[i];
        size_t at = live_find_server(run->live, &server->server);
        if (at != SIZE_MAX) {
            live_servers++;
            if ((int64_t)server->report_end_ms < reported_ms)
                reported_ms = (int64_t)server->report_end_ms;
        }
        for (size_t j = 0; j < server->region_count; j++) {
            const struct stele_region_load *load = &server->regions[j];
            if (load->name.size <= run->name.size || load->name.data[run->name.size] != ',' ||
                memcmp(load->name.data, run->name.data, run->name.size) != 0)
                continue;
            live_counters_take(&run->counters, span_of(load->name), at,
                load->read_requests + load->write_requests);
        }
    }
    live_counters_end_look(&run->counters);
    run->run->counted = run->counters.total;
    run->run->lost = run->counters.lost;
    run->reported_ms = reported_ms;
    if (live_servers < run->live->server_count && !run->is_over)
        live_run_end(
            run, error_set(&run->error, STATUS_REMOTE, "%zu of %zu tablet servers are gone",
                     run->live->server_count - live_servers, run->live->server_count));
}

void live_looks_begin(struct live_cell_run *run)
{
    if (!run->is_listing) {
        run->is_listing = true;
        stele_list_regions_async(run->live->looks, run->name, on_regions, run);
    }
    if (!run->is_counting) {
        run->is_counting = true;
        stele_cluster_status_async(run->live->looks, on_cluster, run);
    }
}
