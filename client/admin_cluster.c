/* The cluster's status, copied out of its message. */
#include "base/memory.h"
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/cluster.pb-c.h"
#include "proto/unpack.h"

void stele_cluster_free(struct stele_cluster *cluster)
{
    if (!cluster)
        return;
    admin_memory_free(cluster->memory);
    *cluster = (struct stele_cluster){0};
}

/* The message and all copies share one arena, so borrowing from the message is as good as copying:
 * only what must have a NUL after it is copied. */
static struct stele_bytes text_of(const char *text)
{
    return text ? stele_text(text) : stele_text("");
}

static struct stele_server server_of(const Hbase__Pb__ServerName *name)
{
    return name ? (struct stele_server){stele_text(name->host_name), name->port, name->start_code}
                : (struct stele_server){stele_text(""), 0, 0};
}

static const struct stele_server *servers_of(
    struct arena *arena, Hbase__Pb__ServerName **names, size_t count)
{
    struct stele_server *servers = arena_allocate(arena, count * sizeof(*servers));
    for (size_t i = 0; servers && i < count; i++)
        servers[i] = server_of(names[i]);
    return servers;
}

static const struct stele_task *tasks_of(
    struct arena *arena, Hbase__Pb__ServerTask **from, size_t count)
{
    struct stele_task *tasks = arena_allocate(arena, count * sizeof(*tasks));
    for (size_t i = 0; tasks && i < count; i++) {
        const ProtobufCEnumValue *state = protobuf_c_enum_descriptor_get_value(
            &hbase__pb__server_task__state__descriptor, (int)from[i]->state);
        tasks[i] = (struct stele_task){text_of(from[i]->description), text_of(from[i]->status),
            text_of(state ? state->name : "UNKNOWN"), from[i]->start_time,
            from[i]->completion_time};
    }
    return tasks;
}

static const struct stele_bytes *names_of(
    struct arena *arena, Hbase__Pb__Coprocessor **coprocessors, size_t count)
{
    struct stele_bytes *names = arena_allocate(arena, count * sizeof(*names));
    for (size_t i = 0; names && i < count; i++)
        names[i] = text_of(coprocessors[i]->name);
    return names;
}

static struct stele_region_load region_load_of(const Hbase__Pb__RegionLoad *load)
{
    return (struct stele_region_load){
        .name = bytes_of(binary_span(load->region_specifier->value)),
        .stores = load->stores,
        .store_files = load->storefiles,
        .store_uncompressed_size_mb = load->store_uncompressed_size_mb,
        .store_file_size_mb = load->storefile_size_mb,
        .memtable_size_mb = load->mem_store_size_mb,
        .read_requests = load->read_requests_count,
        .write_requests = load->write_requests_count,
        .filtered_read_requests = load->filtered_read_requests_count,
        .compacting_cells = load->total_compacting_kvs,
        .compacted_cells = load->current_compacted_kvs,
        .root_index_size_kb = load->root_index_size_kb,
        .static_index_size_kb = load->total_static_index_size_kb,
        .static_bloom_size_kb = load->total_static_bloom_size_kb,
        .complete_sequence = load->complete_sequence_id,
        .last_major_compaction_ms = load->last_major_compaction_ts,
        .store_ref_count = (uint32_t)load->store_ref_count,
        .max_compacted_store_file_ref_count = (uint32_t)load->max_compacted_store_file_ref_count,
        .data_locality = load->data_locality,
    };
}

/* False on no memory. */
static bool server_load_of(
    struct arena *arena, const Hbase__Pb__LiveServerInfo *info, struct stele_server_load *out)
{
    const Hbase__Pb__ServerLoad *load = info->server_load;
    struct stele_region_load *regions = arena_allocate(
        arena, load->n_region_loads * sizeof(*regions));
    for (size_t i = 0; regions && i < load->n_region_loads; i++)
        regions[i] = region_load_of(load->region_loads[i]);
    *out = (struct stele_server_load){
        .server = server_of(info->server),
        .requests_per_second = load->number_of_requests,
        .total_requests = load->total_number_of_requests,
        .used_heap_mb = load->used_heap_mb,
        .max_heap_mb = load->max_heap_mb,
        .report_start_ms = load->report_start_time,
        .report_end_ms = load->report_end_time,
        .web_port = load->info_server_port,
        .regions = regions,
        .region_count = load->n_region_loads,
        .coprocessors = names_of(arena, load->coprocessors, load->n_coprocessors),
        .coprocessor_count = load->n_coprocessors,
        .tasks = tasks_of(arena, load->tasks, load->n_tasks),
        .task_count = load->n_tasks,
    };
    return regions && out->coprocessors && out->tasks;
}

static const struct stele_transition *transitions_of(
    struct arena *arena, const Hbase__Pb__ClusterStatus *status)
{
    size_t count = status->n_regions_in_transition;
    struct stele_transition *transitions = arena_allocate(arena, count * sizeof(*transitions));
    for (size_t i = 0; transitions && i < count; i++) {
        const Hbase__Pb__RegionInTransition *transition = status->regions_in_transition[i];
        const ProtobufCEnumValue *state = protobuf_c_enum_descriptor_get_value(
            &hbase__pb__region_state__state__descriptor, (int)transition->region_state->state);
        transitions[i] = (struct stele_transition){bytes_of(binary_span(transition->spec->value)),
            text_of(state ? state->name : "UNKNOWN"), transition->region_state->stamp};
    }
    return transitions;
}

static const struct stele_table_regions *tables_of(
    struct arena *arena, const Hbase__Pb__ClusterStatus *status)
{
    size_t count = status->n_table_region_states_count;
    struct stele_table_regions *tables = arena_allocate(arena, count * sizeof(*tables));
    for (size_t i = 0; tables && i < count; i++) {
        const Hbase__Pb__TableRegionStatesCount *entry = status->table_region_states_count[i];
        const Hbase__Pb__RegionStatesCount *counts = entry->region_states_count;
        tables[i] = (struct stele_table_regions){admin_copy_table_name(arena, entry->table_name),
            counts->open_regions, counts->split_regions, counts->closed_regions,
            counts->regions_in_transition, counts->total_regions};
        if (!tables[i].table.data)
            return NULL;
    }
    return tables;
}

/* False on no memory. */
static bool cluster_of(
    struct arena *arena, const Hbase__Pb__ClusterStatus *status, struct stele_cluster *out)
{
    struct stele_server_load *servers = arena_allocate(
        arena, status->n_live_servers * sizeof(*servers));
    size_t region_count = 0;
    if (!servers)
        return false;
    for (size_t i = 0; i < status->n_live_servers; i++) {
        if (!server_load_of(arena, status->live_servers[i], &servers[i]))
            return false;
        region_count += servers[i].region_count;
    }
    *out = (struct stele_cluster){
        .version = text_of(status->hbase_version ? status->hbase_version->version : NULL),
        .id = text_of(status->cluster_id ? status->cluster_id->cluster_id : NULL),
        .master = server_of(status->master),
        .master_web_port = status->master_info_port,
        .backup_masters = servers_of(arena, status->backup_masters, status->n_backup_masters),
        .backup_master_count = status->n_backup_masters,
        .servers = servers,
        .server_count = status->n_live_servers,
        .dead_servers = servers_of(arena, status->dead_servers, status->n_dead_servers),
        .dead_server_count = status->n_dead_servers,
        .unknown_servers = servers_of(arena, status->unknown_servers, status->n_unknown_servers),
        .unknown_server_count = status->n_unknown_servers,
        .transitions = transitions_of(arena, status),
        .transition_count = status->n_regions_in_transition,
        .tables = tables_of(arena, status),
        .table_count = status->n_table_region_states_count,
        .master_coprocessors = names_of(
            arena, status->master_coprocessors, status->n_master_coprocessors),
        .master_coprocessor_count = status->n_master_coprocessors,
        .tasks = tasks_of(arena, status->master_tasks, status->n_master_tasks),
        .task_count = status->n_master_tasks,
        .is_balancer_on = status->balancer_on,
        .average_load = status->n_live_servers
                            ? (double)region_count / (double)status->n_live_servers
                            : 0,
    };
    return out->backup_masters && out->dead_servers && out->unknown_servers && out->transitions &&
           out->tables && out->master_coprocessors && out->tasks;
}

static enum stele_status decode(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct stele_error *error = &question->job.error;
    struct error cause;
    const Hbase__Pb__GetClusterStatusResponse *response =
        arena ? (void *)message_unpack(
                    &hbase__pb__get_cluster_status_response__descriptor, answer, arena, &cause)
              : NULL;
    if (arena && !response)
        return failure_set(error, STELE_PROTOCOL, "%s", cause.message);
    if (!arena || !cluster_of(arena, response->cluster_status, &question->job.result.cluster))
        return failure_set(error, STELE_NO_MEMORY, "no memory for the cluster's status");
    question->job.result.cluster.memory = arena;
    return STELE_OK;
}

static struct job *ask(struct stele_client *client)
{
    struct question *question = question_new(client, "GetClusterStatus", decode);
    return question ? &question->job : NULL;
}

static void deliver(struct job *job)
{
    ((stele_cluster_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.cluster);
}

enum stele_status stele_cluster_status(
    struct stele_client *client, struct stele_cluster *out_cluster, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(ask(client), &result, error);
    if (!status)
        *out_cluster = result.cluster;
    return status;
}

void stele_cluster_status_async(
    struct stele_client *client, stele_cluster_function *done, void *context)
{
    job_start(ask(client), deliver, (void (*)(void))done, context);
}
