/* Shell::Native: cluster status and regions, as hashes with symbol keys. */
#include <mruby.h>
#include <mruby/array.h>
#include <mruby/hash.h>
#include <mruby/string.h>
#include <stdio.h>
#include <string.h>

#include "shell/native.h"

static void set_number(mrb_state *mrb, mrb_value hash, const char *key, uint64_t number)
{
    native_hash_set(
        mrb, hash, key, mrb_int_value(mrb, number > INT64_MAX ? INT64_MAX : (mrb_int)number));
}

static void set_server(mrb_state *mrb, mrb_value hash, const struct stele_server *server)
{
    native_hash_set(mrb, hash, "host", native_string(mrb, server->host));
    set_number(mrb, hash, "port", server->port);
    set_number(mrb, hash, "start_code", server->start_code);
}

static mrb_value server_value(mrb_state *mrb, const struct stele_server *server)
{
    mrb_value hash = mrb_hash_new(mrb);
    set_server(mrb, hash, server);
    return hash;
}

mrb_value native_server_text(mrb_state *mrb, const struct stele_server *server)
{
    char text[512];
    if (server->host.size == 0)
        return mrb_nil_value();
    snprintf(text, sizeof text, "%.*s,%u,%llu", (int)server->host.size,
        (const char *)server->host.data, server->port, (unsigned long long)server->start_code);
    return mrb_str_new_cstr(mrb, text);
}

static mrb_value region_load_value(mrb_state *mrb, const struct stele_region_load *load)
{
    mrb_value hash = mrb_hash_new(mrb);
    native_hash_set(mrb, hash, "name", native_string(mrb, load->name));
    set_number(mrb, hash, "stores", load->stores);
    set_number(mrb, hash, "files", load->store_files);
    set_number(mrb, hash, "raw_mb", load->store_uncompressed_size_mb);
    set_number(mrb, hash, "files_mb", load->store_file_size_mb);
    set_number(mrb, hash, "memstore_mb", load->memtable_size_mb);
    set_number(mrb, hash, "reads", load->read_requests);
    set_number(mrb, hash, "filtered", load->filtered_read_requests);
    set_number(mrb, hash, "writes", load->write_requests);
    set_number(mrb, hash, "refs", load->store_ref_count);
    set_number(mrb, hash, "compacted_refs", load->max_compacted_store_file_ref_count);
    set_number(mrb, hash, "root_index_kb", load->root_index_size_kb);
    set_number(mrb, hash, "index_kb", load->static_index_size_kb);
    set_number(mrb, hash, "bloom_kb", load->static_bloom_size_kb);
    set_number(mrb, hash, "compacting", load->compacting_cells);
    set_number(mrb, hash, "compacted", load->compacted_cells);
    native_hash_set(mrb, hash, "locality", mrb_float_value(mrb, (mrb_float)load->data_locality));
    return hash;
}

static mrb_value names_value(mrb_state *mrb, const struct stele_bytes *names, size_t count)
{
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < count; i++)
        mrb_ary_push(mrb, values, native_string(mrb, names[i]));
    return values;
}

/* [[description, status, state, started ms, completed ms]...] */
static mrb_value tasks_value(mrb_state *mrb, const struct stele_task *tasks, size_t count)
{
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < count; i++) {
        mrb_value parts[5] = {native_string(mrb, tasks[i].description),
            native_string(mrb, tasks[i].status), native_string(mrb, tasks[i].state),
            mrb_int_value(mrb, (mrb_int)tasks[i].started_ms),
            mrb_int_value(mrb, (mrb_int)tasks[i].completed_ms)};
        mrb_ary_push(mrb, values, mrb_ary_new_from_values(mrb, 5, parts));
    }
    return values;
}

/* [[region, state, since ms]...] */
static mrb_value transitions_value(mrb_state *mrb, const struct stele_cluster *cluster)
{
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < cluster->transition_count; i++) {
        const struct stele_transition *transition = &cluster->transitions[i];
        mrb_value parts[3] = {native_string(mrb, transition->region_name),
            native_string(mrb, transition->state),
            mrb_int_value(mrb, (mrb_int)transition->since_ms)};
        mrb_ary_push(mrb, values, mrb_ary_new_from_values(mrb, 3, parts));
    }
    return values;
}

static mrb_value server_texts(mrb_state *mrb, const struct stele_server *servers, size_t count)
{
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < count; i++)
        mrb_ary_push(mrb, values, native_server_text(mrb, &servers[i]));
    return values;
}

static mrb_value cluster_value(mrb_state *mrb, const struct stele_cluster *cluster)
{
    mrb_value hash = mrb_hash_new(mrb), servers = mrb_ary_new(mrb), backups = mrb_ary_new(mrb);
    native_hash_set(mrb, hash, "version", native_string(mrb, cluster->version));
    native_hash_set(mrb, hash, "master",
        cluster->master.host.size ? server_value(mrb, &cluster->master) : mrb_nil_value());
    native_hash_set(mrb, hash, "transitions", transitions_value(mrb, cluster));
    native_hash_set(mrb, hash, "tasks", tasks_value(mrb, cluster->tasks, cluster->task_count));
    native_hash_set(mrb, hash, "coprocessors",
        names_value(mrb, cluster->master_coprocessors, cluster->master_coprocessor_count));
    native_hash_set(mrb, hash, "servers", servers);
    native_hash_set(mrb, hash, "backups", backups);
    native_hash_set(
        mrb, hash, "dead", server_texts(mrb, cluster->dead_servers, cluster->dead_server_count));
    native_hash_set(mrb, hash, "unknown",
        server_texts(mrb, cluster->unknown_servers, cluster->unknown_server_count));
    for (size_t i = 0; i < cluster->backup_master_count; i++)
        mrb_ary_push(mrb, backups, server_value(mrb, &cluster->backup_masters[i]));
    for (size_t i = 0; i < cluster->server_count; i++) {
        const struct stele_server_load *load = &cluster->servers[i];
        mrb_value server = server_value(mrb, &load->server), regions = mrb_ary_new(mrb);
        set_number(mrb, server, "requests", load->requests_per_second);
        set_number(mrb, server, "used_mb", load->used_heap_mb);
        set_number(mrb, server, "max_mb", load->max_heap_mb);
        native_hash_set(mrb, server, "name", native_server_text(mrb, &load->server));
        native_hash_set(mrb, server, "coprocessors",
            names_value(mrb, load->coprocessors, load->coprocessor_count));
        native_hash_set(mrb, server, "tasks", tasks_value(mrb, load->tasks, load->task_count));
        native_hash_set(mrb, server, "regions", regions);
        for (size_t j = 0; j < load->region_count; j++)
            mrb_ary_push(mrb, regions, region_load_value(mrb, &load->regions[j]));
        mrb_ary_push(mrb, servers, server);
    }
    return hash;
}

static mrb_value cluster_status(mrb_state *mrb, mrb_value self)
{
    struct stele_cluster cluster = {0};
    struct stele_error error = {0};
    (void)self;
    if (stele_cluster_status(native_client(mrb), &cluster, &error))
        native_raise(mrb, &error);
    mrb_value value = cluster_value(mrb, &cluster);
    stele_cluster_free(&cluster);
    return value;
}

static mrb_value region_value(mrb_state *mrb, const struct stele_region *region)
{
    mrb_value hash = mrb_hash_new(mrb);
    native_hash_set(mrb, hash, "name", native_string(mrb, region->name));
    native_hash_set(mrb, hash, "encoded", native_string(mrb, region->encoded_name));
    native_hash_set(mrb, hash, "start", native_string(mrb, region->start_key));
    native_hash_set(mrb, hash, "end", native_string(mrb, region->end_key));
    native_hash_set(mrb, hash, "sequence", mrb_int_value(mrb, (mrb_int)region->open_sequence));
    native_hash_set(mrb, hash, "server", native_server_text(mrb, &region->server));
    set_server(mrb, hash, &region->server);
    return hash;
}

static const struct stele_region_load *find_load(
    const struct stele_cluster *cluster, struct stele_bytes name)
{
    for (size_t i = 0; i < cluster->server_count; i++) {
        for (size_t j = 0; j < cluster->servers[i].region_count; j++) {
            const struct stele_region_load *load = &cluster->servers[i].regions[j];
            if (load->name.size == name.size && memcmp(load->name.data, name.data, name.size) == 0)
                return load;
        }
    }
    return NULL;
}

/* The regions of a table that serve (not parents of splits), each with :load when its server tells
 * it. */
static mrb_value regions(mrb_state *mrb, mrb_value self)
{
    mrb_value table;
    struct stele_region_list list = {0};
    struct stele_cluster cluster = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "S", &table);
    struct stele_client *client = native_client(mrb);
    if (stele_list_regions(client, native_bytes(table), &list, &error))
        native_raise(mrb, &error);
    if (stele_cluster_status(client, &cluster, &error)) {
        stele_region_list_free(&list);
        native_raise(mrb, &error);
    }
    mrb_value values = mrb_ary_new(mrb);
    for (size_t i = 0; i < list.count; i++) {
        if (list.regions[i].is_split || list.regions[i].is_offline)
            continue;
        const struct stele_region_load *load = find_load(&cluster, list.regions[i].name);
        mrb_value region = region_value(mrb, &list.regions[i]);
        if (load)
            native_hash_set(mrb, region, "load", region_load_value(mrb, load));
        mrb_ary_push(mrb, values, region);
    }
    stele_cluster_free(&cluster);
    stele_region_list_free(&list);
    return values;
}

static mrb_value locate_region(mrb_state *mrb, mrb_value self)
{
    mrb_value table, row;
    struct stele_region_list list = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "SS", &table, &row);
    if (stele_locate_region(
            native_client(mrb), native_bytes(table), native_bytes(row), &list, &error))
        native_raise(mrb, &error);
    mrb_value value = list.count ? region_value(mrb, &list.regions[0]) : mrb_nil_value();
    stele_region_list_free(&list);
    return value;
}

static mrb_value find_region(mrb_state *mrb, mrb_value self)
{
    mrb_value name;
    struct stele_region_list list = {0};
    struct stele_error error = {0};
    (void)self;
    mrb_get_args(mrb, "S", &name);
    if (stele_find_region(native_client(mrb), native_bytes(name), &list, &error))
        native_raise(mrb, &error);
    mrb_value value = list.count ? region_value(mrb, &list.regions[0]) : mrb_nil_value();
    stele_region_list_free(&list);
    return value;
}

void native_define_cluster(mrb_state *mrb, struct RClass *native)
{
    mrb_define_module_function(mrb, native, "cluster_status", cluster_status, MRB_ARGS_NONE());
    mrb_define_module_function(mrb, native, "regions", regions, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "find_region", find_region, MRB_ARGS_REQ(1));
    mrb_define_module_function(mrb, native, "locate_region", locate_region, MRB_ARGS_REQ(2));
}
