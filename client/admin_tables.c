/* Tables: their schemas, names and states. */
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

static enum stele_status check_name(struct stele_bytes name, struct stele_error *error)
{
    struct error cause;
    enum status status = table_name_check(span_of(name), &cause);
    return status ? failure_from_error(error, status, &cause) : STELE_OK;
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
    size_t mark = wire_begin(&request, 1);
    table_name_encode(&request, span_of(table));
    wire_end(&request, mark);
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
