/* Tables and their schemas. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/memory.h"
#include "client/admin_rpc.h"
#include "client/convert.h"
#include "proto/master.pb-c.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "proto/wire.h"

_Static_assert(sizeof(struct attribute) == sizeof(struct stele_attribute), "one layout");
_Static_assert(
    offsetof(struct attribute, value) == offsetof(struct stele_attribute, value), "one layout");

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

bool stele_attribute_find(const struct stele_attribute *attributes, size_t count,
    struct stele_bytes key, struct stele_bytes *out_value)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(span_of(attributes[i].key), span_of(key))) {
            *out_value = attributes[i].value;
            return true;
        }
    }
    return false;
}

/* ---- schemas to messages ---- */

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

static void put_table_name(struct buffer *out, uint32_t number, struct stele_bytes name)
{
    size_t mark = wire_begin(out, number);
    table_name_encode(out, span_of(name));
    wire_end(out, mark);
}

static void put_schema(struct buffer *out, uint32_t number, const struct stele_schema *schema)
{
    size_t mark = wire_begin(out, number);
    put_table_name(out, 1, schema->name);
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

static enum stele_status check_name(struct stele_bytes name, struct stele_error *error)
{
    struct error cause;
    enum status status = table_name_check(span_of(name), &cause);
    return status ? failure_from_error(error, status, &cause) : STELE_OK;
}

/* Runs the procedure and forgets the request. What the client knew of the table's regions is left
 * to be found wrong by the next call. */
static enum stele_status run(struct stele_client *client, const char *method,
    struct buffer *request, struct stele_error *error)
{
    enum stele_status status = admin_run_procedure(client, method, request, error);
    buffer_deinit(request);
    return status;
}

/* ---- operations ---- */

static int compare_keys(const void *a, const void *b)
{
    return span_compare(
        span_of(*(const struct stele_bytes *)a), span_of(*(const struct stele_bytes *)b));
}

enum stele_status stele_create_table(struct stele_client *client, const struct stele_schema *schema,
    const struct stele_bytes *split_keys, size_t split_key_count, struct stele_error *error)
{
    struct buffer request = {0};
    enum stele_status status = check_name(schema->name, error);
    struct stele_bytes *keys = split_key_count ? memory_allocate(split_key_count * sizeof(*keys))
                                               : NULL;
    if (split_key_count && !keys)
        return failure_set(error, STELE_NO_MEMORY, "no memory for %zu split keys", split_key_count);
    if (keys) {
        memcpy(keys, split_keys, split_key_count * sizeof(*keys));
        qsort(keys, split_key_count, sizeof(*keys), compare_keys);
    }
    put_schema(&request, 1, schema);
    for (size_t i = 0; i < split_key_count && !status; i++) {
        if (keys[i].size == 0)
            status = failure_set(
                error, STELE_INVALID, "Empty split key must not be passed in the split keys.");
        else if (i > 0 && compare_keys(&keys[i - 1], &keys[i]) == 0)
            status = failure_set(error, STELE_INVALID,
                "All split keys must be unique, found duplicate: %.*s", (int)keys[i].size,
                (const char *)keys[i].data);
        wire_put_bytes(&request, 2, span_of(keys[i]));
    }
    put_nonce(&request, client, 3);
    memory_free(keys);
    if (!status)
        return run(client, "CreateTable", &request, error);
    buffer_deinit(&request);
    return status;
}

static enum stele_status run_on_table(struct stele_client *client, const char *method,
    struct stele_bytes table, struct stele_error *error)
{
    struct buffer request = {0};
    enum stele_status status = check_name(table, error);
    if (status)
        return status;
    put_table_name(&request, 1, table);
    put_nonce(&request, client, 2);
    return run(client, method, &request, error);
}

enum stele_status stele_delete_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error)
{
    return run_on_table(client, "DeleteTable", table, error);
}

enum stele_status stele_enable_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error)
{
    return run_on_table(client, "EnableTable", table, error);
}

enum stele_status stele_disable_table(
    struct stele_client *client, struct stele_bytes table, struct stele_error *error)
{
    return run_on_table(client, "DisableTable", table, error);
}

enum stele_status stele_truncate_table(struct stele_client *client, struct stele_bytes table,
    bool keeps_splits, struct stele_error *error)
{
    struct buffer request = {0};
    enum stele_status status = check_name(table, error);
    if (status)
        return status;
    put_table_name(&request, 1, table);
    wire_put_bool(&request, 2, keeps_splits);
    put_nonce(&request, client, 3);
    return run(client, "truncateTable", &request, error);
}

enum stele_status stele_modify_table(
    struct stele_client *client, const struct stele_schema *schema, struct stele_error *error)
{
    struct buffer request = {0};
    enum stele_status status = check_name(schema->name, error);
    if (status)
        return status;
    put_table_name(&request, 1, schema->name);
    put_schema(&request, 2, schema);
    put_nonce(&request, client, 3);
    return run(client, "ModifyTable", &request, error);
}

static enum stele_status run_on_family(struct stele_client *client, const char *method,
    struct stele_bytes table, const struct stele_family *family, struct stele_error *error)
{
    struct buffer request = {0};
    enum stele_status status = check_name(table, error);
    if (status)
        return status;
    put_table_name(&request, 1, table);
    size_t mark = wire_begin(&request, 2);
    put_family(&request, family);
    wire_end(&request, mark);
    put_nonce(&request, client, 3);
    return run(client, method, &request, error);
}

enum stele_status stele_add_family(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, struct stele_error *error)
{
    return run_on_family(client, "AddColumn", table, family, error);
}

enum stele_status stele_modify_family(struct stele_client *client, struct stele_bytes table,
    const struct stele_family *family, struct stele_error *error)
{
    return run_on_family(client, "ModifyColumn", table, family, error);
}

enum stele_status stele_delete_family(struct stele_client *client, struct stele_bytes table,
    struct stele_bytes family, struct stele_error *error)
{
    struct buffer request = {0};
    enum stele_status status = check_name(table, error);
    if (status)
        return status;
    put_table_name(&request, 1, table);
    wire_put_bytes(&request, 2, span_of(family));
    put_nonce(&request, client, 3);
    return run(client, "DeleteColumn", &request, error);
}

/* ---- schemas from messages ---- */

static const struct stele_attribute *public_attributes(const struct attribute *attributes)
{
    return (const struct stele_attribute *)(const void *)attributes;
}

static bool schema_view(
    const struct table_schema *schema, struct arena *arena, struct stele_schema *out_schema)
{
    struct stele_family *families = arena_allocate(arena, schema->family_count * sizeof(*families));
    if (!families)
        return false;
    for (size_t i = 0; i < schema->family_count; i++) {
        const struct family_schema *family = &schema->families[i];
        families[i] = (struct stele_family){bytes_of(family->name),
            public_attributes(family->attributes), family->attribute_count,
            public_attributes(family->configuration), family->configuration_count};
    }
    *out_schema = (struct stele_schema){bytes_of(schema->name),
        public_attributes(schema->attributes), schema->attribute_count,
        public_attributes(schema->configuration), schema->configuration_count, families,
        schema->family_count};
    return true;
}

/* GetTableDescriptorsResponse{table_schema* = 1}. */
static enum stele_status decode_schemas(
    struct span message, struct stele_schema_list *out_list, struct stele_error *error)
{
    struct arena *arena = admin_memory_new();
    struct wire_field field;
    struct error cause;
    enum status status = STATUS_OK;
    size_t count = 0;
    if (arena)
        message = arena_copy(arena, message); /* the schemas borrow from it */
    if (!arena || (!message.data && message.size))
        status = error_set(&cause, STATUS_NO_MEMORY, "no memory for schemas");
    for (struct span in = message; !status && !wire_take(&in, &field);)
        count += wire_is(&field, 1, WIRE_BYTES);
    struct stele_schema *schemas = status ? NULL : arena_allocate(arena, count * sizeof(*schemas));
    count = 0;
    while (schemas && !status && !wire_take(&message, &field)) {
        struct table_schema schema;
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        status = table_schema_message_decode(field.bytes, arena, &schema, &cause);
        if (!status && !schema_view(&schema, arena, &schemas[count++]))
            status = error_set(&cause, STATUS_NO_MEMORY, "no memory for schemas");
    }
    if (status || !schemas) {
        admin_memory_free(arena);
        return status == STATUS_INVALID
                   ? failure_set(error, STELE_PROTOCOL, "%s", cause.message)
                   : failure_set(error, STELE_NO_MEMORY, "no memory for schemas");
    }
    *out_list = (struct stele_schema_list){schemas, count, arena};
    return STELE_OK;
}

void stele_schema_list_free(struct stele_schema_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_schema_list){0};
}

static enum stele_status fetch_schemas(struct stele_client *client,
    const Hbase__Pb__GetTableDescriptorsRequest *request, struct stele_schema_list *out_list,
    struct stele_error *error)
{
    struct admin_answer answer;
    enum stele_status status = admin_call_master(
        client, "GetTableDescriptors", &request->base, &answer, error);
    if (status)
        return status;
    status = decode_schemas(answer.result, out_list, error);
    admin_answer_deinit(&answer);
    return status;
}

enum stele_status stele_describe_table(struct stele_client *client, struct stele_bytes table,
    struct stele_schema_list *out_list, struct stele_error *error)
{
    Hbase__Pb__GetTableDescriptorsRequest request = HBASE__PB__GET_TABLE_DESCRIPTORS_REQUEST__INIT;
    Hbase__Pb__TableName name = admin_table_name(table), *names[] = {&name};
    enum stele_status status = check_name(table, error);
    if (status)
        return status;
    request.table_names = names;
    request.n_table_names = 1;
    status = fetch_schemas(client, &request, out_list, error);
    if (status || out_list->count)
        return status;
    stele_schema_list_free(out_list);
    status = failure_set(error, STELE_NOT_FOUND, "%.*s", (int)table.size, (const char *)table.data);
    if (error)
        memcpy(
            error->exception_class, EXCEPTION_TABLE_NOT_FOUND, sizeof(EXCEPTION_TABLE_NOT_FOUND));
    return status;
}

enum stele_status stele_describe_tables(struct stele_client *client, const char *regex,
    bool with_system, struct stele_schema_list *out_list, struct stele_error *error)
{
    Hbase__Pb__GetTableDescriptorsRequest request = HBASE__PB__GET_TABLE_DESCRIPTORS_REQUEST__INIT;
    request.regex = (char *)(uintptr_t)regex;
    request.has_include_sys_tables = true;
    request.include_sys_tables = with_system;
    return fetch_schemas(client, &request, out_list, error);
}

/* ---- names ---- */

void stele_name_list_free(struct stele_name_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_name_list){0};
}

/* Also of ListTableNamesByNamespace. */
static enum stele_status decode_names(
    const struct admin_answer *answer, struct stele_name_list *out_list, struct stele_error *error)
{
    struct arena *arena = admin_memory_new();
    if (!arena)
        return failure_set(error, STELE_NO_MEMORY, "no memory for names");
    const Hbase__Pb__GetTableNamesResponse *response = (void *)admin_unpack(
        answer, &hbase__pb__get_table_names_response__descriptor, arena, error);
    struct stele_bytes *names = response ? arena_allocate(
                                               arena, response->n_table_names * sizeof(*names))
                                         : NULL;
    for (size_t i = 0; names && i < response->n_table_names; i++) {
        names[i] = admin_copy_table_name(arena, response->table_names[i]);
        if (!names[i].data)
            names = NULL;
    }
    if (!names) {
        admin_memory_free(arena);
        return response ? failure_set(error, STELE_NO_MEMORY, "no memory for names")
                        : STELE_PROTOCOL;
    }
    *out_list = (struct stele_name_list){names, response->n_table_names, arena};
    return STELE_OK;
}

enum stele_status stele_list_tables(struct stele_client *client, const char *regex,
    bool with_system, struct stele_name_list *out_list, struct stele_error *error)
{
    Hbase__Pb__GetTableNamesRequest request = HBASE__PB__GET_TABLE_NAMES_REQUEST__INIT;
    struct admin_answer answer;
    request.regex = (char *)(uintptr_t)regex;
    request.has_include_sys_tables = true;
    request.include_sys_tables = with_system;
    enum stele_status status = admin_call_master(
        client, "GetTableNames", &request.base, &answer, error);
    if (status)
        return status;
    status = decode_names(&answer, out_list, error);
    admin_answer_deinit(&answer);
    return status;
}

enum stele_status stele_list_namespace_tables(struct stele_client *client, struct stele_bytes name,
    struct stele_name_list *out_list, struct stele_error *error)
{
    struct buffer request = {0};
    struct admin_answer answer;
    wire_put_bytes(&request, 1, span_of(name));
    enum stele_status status = admin_call_master_bytes(
        client, "ListTableNamesByNamespace", &request, &answer, error);
    buffer_deinit(&request);
    if (status)
        return status;
    status = decode_names(&answer, out_list, error);
    admin_answer_deinit(&answer);
    return status;
}

/* ---- states ---- */

/* *out_has_state false: there is no such table. */
static enum stele_status read_state(struct stele_client *client, struct stele_bytes table,
    bool *out_has_state, enum stele_table_state *out_state, struct stele_error *error)
{
    struct stele_column column = {STELE_TEXT("table"), STELE_TEXT("state"), false};
    struct stele_get get;
    struct stele_result result = {0};
    struct span name = span_of(table);
    enum stele_status status = check_name(table, error);
    if (status)
        return status;
    if (span_starts_with(name, SPAN_LITERAL("default:")))
        name = span_slice(name, 8, name.size - 8);
    if (span_equal(name, SPAN_LITERAL(META_TABLE_NAME))) {
        *out_has_state = true;
        *out_state = STELE_ENABLED;
        return STELE_OK;
    }
    stele_get_init(&get, bytes_of(name));
    get.read.columns = &column;
    get.read.column_count = 1;
    status = stele_get(client->meta, &get, &result, error);
    if (status)
        return status;
    *out_has_state = false;
    if (result.cell_count) {
        struct span value = span_of(result.cells[0].value);
        struct wire_field field;
        while (!wire_take(&value, &field)) {
            if (wire_is(&field, 1, WIRE_VARINT) && field.value <= STELE_ENABLING) {
                *out_has_state = true;
                *out_state = (enum stele_table_state)field.value;
            }
        }
    }
    stele_result_free(&result);
    return STELE_OK;
}

enum stele_status stele_table_exists(struct stele_client *client, struct stele_bytes table,
    bool *out_exists, struct stele_error *error)
{
    enum stele_table_state state;
    return read_state(client, table, out_exists, &state, error);
}

enum stele_status stele_get_table_state(struct stele_client *client, struct stele_bytes table,
    enum stele_table_state *out_state, struct stele_error *error)
{
    bool exists;
    enum stele_status status = read_state(client, table, &exists, out_state, error);
    if (status || exists)
        return status;
    status = failure_set(error, STELE_NOT_FOUND, "%.*s", (int)table.size, (const char *)table.data);
    if (error)
        memcpy(
            error->exception_class, EXCEPTION_TABLE_NOT_FOUND, sizeof(EXCEPTION_TABLE_NOT_FOUND));
    return status;
}

enum stele_status stele_alter_status(struct stele_client *client, struct stele_bytes table,
    uint32_t *out_left, uint32_t *out_total, struct stele_error *error)
{
    struct buffer request = {0};
    struct admin_answer answer;
    struct wire_field field;
    put_table_name(&request, 1, table);
    enum stele_status status = admin_call_master_bytes(
        client, "GetSchemaAlterStatus", &request, &answer, error);
    buffer_deinit(&request);
    if (status)
        return status;
    uint32_t left = 0, total = 0;
    while (!wire_take(&answer.result, &field)) {
        if (wire_is(&field, 1, WIRE_VARINT))
            left = (uint32_t)field.value;
        else if (wire_is(&field, 2, WIRE_VARINT))
            total = (uint32_t)field.value;
    }
    *out_left = left;
    *out_total = total;
    admin_answer_deinit(&answer);
    return STELE_OK;
}
