/* What the master is asked to change: tables, families, namespaces. Each is one message, run as a
 * procedure; synchronous and asynchronous forms differ only in who waits. */
#include <stdlib.h>

#include "base/memory.h"
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/operation.h"
#include "proto/region.h"
#include "proto/wire.h"

/* What HBase's client sends with a family that does not say otherwise. */
static const char *const family_defaults[][2] = {
    {"BLOOMFILTER", "ROW"},
    {"REPLICATION_SCOPE", "0"},
    {"VERSIONS", "1"},
    {"MIN_VERSIONS", "0"},
    {"COMPRESSION", "NONE"},
    {"TTL", "2147483647"},
    {"BLOCKSIZE", "65536"},
    {"IN_MEMORY", "false"},
    {"BLOCKCACHE", "true"},
    {"KEEP_DELETED_CELLS", "FALSE"},
    {"DATA_BLOCK_ENCODING", "NONE"},
    {"INDEX_BLOCK_ENCODING", "NONE"},
};

/* ---- messages ---- */

static void put_pairs(
    struct buffer *out, uint32_t number, const struct stele_attribute *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wire_put_pair(out, number, span_of(pairs[i].key), span_of(pairs[i].value));
}

/* The fields of a ColumnFamilySchema. */
static void put_family(struct buffer *out, const struct stele_family *family)
{
    struct stele_bytes unused;
    wire_put_bytes(out, 1, span_of(family->name));
    put_pairs(out, 2, family->attributes, family->attribute_count);
    for (size_t i = 0; i < sizeof(family_defaults) / sizeof(family_defaults[0]); i++)
        if (!stele_attribute_find(family->attributes, family->attribute_count,
                stele_text(family_defaults[i][0]), &unused))
            wire_put_pair(
                out, 2, span_string(family_defaults[i][0]), span_string(family_defaults[i][1]));
    put_pairs(out, 3, family->configuration, family->configuration_count);
}

static void put_schema(struct buffer *out, uint32_t number, const struct stele_schema *schema)
{
    size_t mark = wire_begin(out, number);
    admin_put_table_name(out, 1, schema->name);
    put_pairs(out, 2, schema->attributes, schema->attribute_count);
    for (size_t i = 0; i < schema->family_count; i++) {
        size_t family = wire_begin(out, 3);
        put_family(out, &schema->families[i]);
        wire_end(out, family);
    }
    put_pairs(out, 4, schema->configuration, schema->configuration_count);
    wire_end(out, mark);
}

static void put_nonce(struct buffer *out, struct stele_client *client, uint32_t number)
{
    wire_put_varint(out, number, client->nonce_group);
    wire_put_varint(out, number + 1, client_next_nonce(client));
}

/* An operation on a table, with a good name or an error. */
static struct operation operation_on(const char *method, struct stele_bytes table)
{
    struct operation operation = {.method = method, .error = {.status = STELE_OK}};
    admin_check_table_name(table, &operation.error);
    return operation;
}

static int compare_keys(const void *a, const void *b)
{
    return span_compare(
        span_of(*(const struct stele_bytes *)a), span_of(*(const struct stele_bytes *)b));
}

/* The keys in order, as CreateTableRequest.split_keys. */
static void put_split_keys(
    struct operation *operation, const struct stele_bytes *split_keys, size_t count)
{
    struct stele_bytes *keys = count ? memory_allocate(count * sizeof(*keys)) : NULL;
    if (count && !keys)
        failure_set(&operation->error, STELE_NO_MEMORY, "no memory for %zu split keys", count);
    if (!keys)
        return;
    memcpy(keys, split_keys, count * sizeof(*keys));
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].size == 0)
            failure_set(&operation->error, STELE_INVALID,
                "Empty split key must not be passed in the split keys.");
        else if (i > 0 && compare_keys(&keys[i - 1], &keys[i]) == 0)
            failure_set(&operation->error, STELE_INVALID,
                "All split keys must be unique, found duplicate: %.*s", (int)keys[i].size,
                (const char *)keys[i].data);
        wire_put_bytes(&operation->request, 2, span_of(keys[i]));
    }
    memory_free(keys);
}

static struct operation create_table(struct stele_client *client, const struct stele_schema *schema,
    const struct stele_bytes *split_keys, size_t split_key_count)
{
    struct operation operation = operation_on("CreateTable", schema->name);
    put_schema(&operation.request, 1, schema);
    put_split_keys(&operation, split_keys, split_key_count);
    put_nonce(&operation.request, client, 3);
    return operation;
}

/* DeleteTable, EnableTable, DisableTable. */
static struct operation change_table(
    struct stele_client *client, const char *method, struct stele_bytes table)
{
    struct operation operation = operation_on(method, table);
    admin_put_table_name(&operation.request, 1, table);
    put_nonce(&operation.request, client, 2);
    return operation;
}

static struct operation truncate_table(
    struct stele_client *client, struct stele_bytes table, bool keeps_splits)
{
    struct operation operation = operation_on("truncateTable", table);
    admin_put_table_name(&operation.request, 1, table);
    wire_put_bool(&operation.request, 2, keeps_splits);
    put_nonce(&operation.request, client, 3);
    return operation;
}

static struct operation modify_table(struct stele_client *client, const struct stele_schema *schema)
{
    struct operation operation = operation_on("ModifyTable", schema->name);
    admin_put_table_name(&operation.request, 1, schema->name);
    put_schema(&operation.request, 2, schema);
    put_nonce(&operation.request, client, 3);
    return operation;
}

/* AddColumn, ModifyColumn. */
static struct operation change_family(struct stele_client *client, const char *method,
    struct stele_bytes table, const struct stele_family *family)
{
    struct operation operation = operation_on(method, table);
    admin_put_table_name(&operation.request, 1, table);
    size_t mark = wire_begin(&operation.request, 2);
    put_family(&operation.request, family);
    wire_end(&operation.request, mark);
    put_nonce(&operation.request, client, 3);
    return operation;
}

static struct operation delete_family(
    struct stele_client *client, struct stele_bytes table, struct stele_bytes family)
{
    struct operation operation = operation_on("DeleteColumn", table);
    admin_put_table_name(&operation.request, 1, table);
    wire_put_bytes(&operation.request, 2, span_of(family));
    put_nonce(&operation.request, client, 3);
    return operation;
}

/* CreateNamespace, ModifyNamespace. */
static struct operation change_namespace(
    struct stele_client *client, const char *method, const struct stele_namespace *namespace_)
{
    struct operation operation = {.method = method, .error = {.status = STELE_OK}};
    size_t mark = wire_begin(&operation.request, 1);
    wire_put_bytes(&operation.request, 1, span_of(namespace_->name));
    put_pairs(&operation.request, 2, namespace_->configuration, namespace_->configuration_count);
    wire_end(&operation.request, mark);
    put_nonce(&operation.request, client, 2);
    return operation;
}

static struct operation delete_namespace(struct stele_client *client, struct stele_bytes name)
{
    struct operation operation = {.method = "DeleteNamespace", .error = {.status = STELE_OK}};
    wire_put_bytes(&operation.request, 1, span_of(name));
    put_nonce(&operation.request, client, 2);
    return operation;
}

/* ---- the calls ---- */

enum stele_status stele_create_table(struct stele_client *client, const struct stele_schema *schema,
    const struct stele_bytes *split_keys, size_t split_key_count, struct stele_error *error)
{
    struct operation operation = create_table(client, schema, split_keys, split_key_count);
    return operation_run(client, &operation, error);
}

void stele_create_table_async(struct stele_client *client, const struct stele_schema *schema,
    const struct stele_bytes *split_keys, size_t split_key_count, stele_done_function *done,
    void *context)
{
    struct operation operation = create_table(client, schema, split_keys, split_key_count);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_delete_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error)
{
    struct operation operation = change_table(client, "DeleteTable", table);
    return operation_run(client, &operation, error);
}

void stele_delete_table_async(
    struct stele_client *client, struct stele_bytes table, stele_done_function *done, void *context)
{
    struct operation operation = change_table(client, "DeleteTable", table);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_enable_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error)
{
    struct operation operation = change_table(client, "EnableTable", table);
    return operation_run(client, &operation, error);
}

void stele_enable_table_async(
    struct stele_client *client, struct stele_bytes table, stele_done_function *done, void *context)
{
    struct operation operation = change_table(client, "EnableTable", table);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_disable_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error)
{
    struct operation operation = change_table(client, "DisableTable", table);
    return operation_run(client, &operation, error);
}

void stele_disable_table_async(
    struct stele_client *client, struct stele_bytes table, stele_done_function *done, void *context)
{
    struct operation operation = change_table(client, "DisableTable", table);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_truncate_table(struct stele_client *client, struct stele_bytes table,
    bool keeps_splits, struct stele_error *error)
{
    struct operation operation = truncate_table(client, table, keeps_splits);
    return operation_run(client, &operation, error);
}

void stele_truncate_table_async(struct stele_client *client, struct stele_bytes table,
    bool keeps_splits, stele_done_function *done, void *context)
{
    struct operation operation = truncate_table(client, table, keeps_splits);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_modify_table(
    struct stele_client *client, const struct stele_schema *schema, struct stele_error *error)
{
    struct operation operation = modify_table(client, schema);
    return operation_run(client, &operation, error);
}

void stele_modify_table_async(struct stele_client *client, const struct stele_schema *schema,
    stele_done_function *done, void *context)
{
    struct operation operation = modify_table(client, schema);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_add_family(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, struct stele_error *error)
{
    struct operation operation = change_family(client, "AddColumn", table, family);
    return operation_run(client, &operation, error);
}

void stele_add_family_async(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, stele_done_function *done, void *context)
{
    struct operation operation = change_family(client, "AddColumn", table, family);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_modify_family(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, struct stele_error *error)
{
    struct operation operation = change_family(client, "ModifyColumn", table, family);
    return operation_run(client, &operation, error);
}

void stele_modify_family_async(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, stele_done_function *done, void *context)
{
    struct operation operation = change_family(client, "ModifyColumn", table, family);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_delete_family(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes family, struct stele_error *error)
{
    struct operation operation = delete_family(client, table, family);
    return operation_run(client, &operation, error);
}

void stele_delete_family_async(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes family, stele_done_function *done, void *context)
{
    struct operation operation = delete_family(client, table, family);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_create_namespace(struct stele_client *client,
    const struct stele_namespace *namespace_, struct stele_error *error)
{
    struct operation operation = change_namespace(client, "CreateNamespace", namespace_);
    return operation_run(client, &operation, error);
}

void stele_create_namespace_async(struct stele_client *client,
    const struct stele_namespace *namespace_, stele_done_function *done, void *context)
{
    struct operation operation = change_namespace(client, "CreateNamespace", namespace_);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_modify_namespace(struct stele_client *client,
    const struct stele_namespace *namespace_, struct stele_error *error)
{
    struct operation operation = change_namespace(client, "ModifyNamespace", namespace_);
    return operation_run(client, &operation, error);
}

void stele_modify_namespace_async(struct stele_client *client,
    const struct stele_namespace *namespace_, stele_done_function *done, void *context)
{
    struct operation operation = change_namespace(client, "ModifyNamespace", namespace_);
    operation_start(client, &operation, done, context);
}

enum stele_status stele_delete_namespace(
    struct stele_client *client, struct stele_bytes name, struct stele_error *error)
{
    struct operation operation = delete_namespace(client, name);
    return operation_run(client, &operation, error);
}

void stele_delete_namespace_async(
    struct stele_client *client, struct stele_bytes name, stele_done_function *done, void *context)
{
    struct operation operation = delete_namespace(client, name);
    operation_start(client, &operation, done, context);
}
