/* Tables: their schemas, names and states. */
#include "base/memory.h"
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/exception_class.h"
#include "proto/master.pb-c.h"
#include "proto/region.h"
#include "proto/schema_message.h"
#include "proto/unpack.h"
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

/* GetTableDescriptorsResponse{table_schema* = 1}. A subject is a table that must be there. */
static enum stele_status decode_schemas(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct stele_error *error = &question->job.error;
    struct span message = arena ? arena_copy(arena, answer)
                                : SPAN_EMPTY; /* schemas borrow from it */
    struct wire_field field;
    struct error cause;
    enum status status = STATUS_OK;
    size_t count = 0;
    for (struct span in = message; !wire_take(&in, &field);)
        count += wire_is(&field, 1, WIRE_BYTES);
    struct stele_schema *schemas = arena && message.size == answer.size
                                       ? arena_allocate(arena, count * sizeof(*schemas))
                                       : NULL;
    if (!schemas)
        return failure_set(error, STELE_NO_MEMORY, "no memory for schemas");
    count = 0;
    while (!status && !wire_take(&message, &field)) {
        struct table_schema schema;
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        status = table_schema_message_decode(field.bytes, arena, &schema, &cause);
        if (!status && !schema_view(&schema, arena, &schemas[count++]))
            status = error_set(&cause, STATUS_NO_MEMORY, "no memory for schemas");
    }
    if (status)
        return failure_set(error, status == STATUS_INVALID ? STELE_PROTOCOL : STELE_NO_MEMORY, "%s",
            cause.message);
    if (count == 0 && question->subject.size)
        return admin_not_found(
            error, EXCEPTION_TABLE_NOT_FOUND, bytes_of(buffer_span(&question->subject)));
    question->job.result.schemas = (struct stele_schema_list){schemas, count, arena};
    return STELE_OK;
}

void stele_schema_list_free(struct stele_schema_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_schema_list){0};
}

/* {table_names* = 1, regex = 2, include_sys_tables = 3} */
static struct job *describe_table(struct stele_client *client, struct stele_bytes table)
{
    struct question *question = question_new(client, "GetTableDescriptors", decode_schemas);
    if (!question)
        return NULL;
    admin_check_table_name(table, &question->job.error);
    admin_put_table_name(&question->request, 1, table);
    buffer_put(&question->subject, span_of(table));
    return &question->job;
}

static struct job *describe_tables(struct stele_client *client, const char *regex, bool with_system)
{
    struct question *question = question_new(client, "GetTableDescriptors", decode_schemas);
    if (!question)
        return NULL;
    if (regex)
        wire_put_bytes(&question->request, 2, span_string(regex));
    wire_put_bool(&question->request, 3, with_system);
    return &question->job;
}

static void deliver_schemas(struct job *job)
{
    ((stele_schema_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.schemas);
}

static enum stele_status run_schemas(
    struct job *job, struct stele_schema_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(job, &result, error);
    if (!status)
        *out_list = result.schemas;
    return status;
}

enum stele_status stele_describe_table(struct stele_client *client, struct stele_bytes table,
    struct stele_schema_list *out_list, struct stele_error *error)
{
    return run_schemas(describe_table(client, table), out_list, error);
}

void stele_describe_table_async(struct stele_client *client, struct stele_bytes table,
    stele_schema_list_function *done, void *context)
{
    job_start(describe_table(client, table), deliver_schemas, (void (*)(void))done, context);
}

enum stele_status stele_describe_tables(struct stele_client *client, const char *regex,
    bool with_system, struct stele_schema_list *out_list, struct stele_error *error)
{
    return run_schemas(describe_tables(client, regex, with_system), out_list, error);
}

void stele_describe_tables_async(struct stele_client *client, const char *regex, bool with_system,
    stele_schema_list_function *done, void *context)
{
    job_start(describe_tables(client, regex, with_system), deliver_schemas, (void (*)(void))done,
        context);
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
static enum stele_status decode_names(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct error cause;
    const Hbase__Pb__GetTableNamesResponse *response =
        arena ? (void *)message_unpack(
                    &hbase__pb__get_table_names_response__descriptor, answer, arena, &cause)
              : NULL;
    if (arena && !response)
        return failure_set(&question->job.error, STELE_PROTOCOL, "%s", cause.message);
    struct stele_bytes *names = arena ? arena_allocate(
                                            arena, response->n_table_names * sizeof(*names))
                                      : NULL;
    for (size_t i = 0; names && i < response->n_table_names; i++) {
        names[i] = admin_copy_table_name(arena, response->table_names[i]);
        if (!names[i].data)
            names = NULL;
    }
    if (!names)
        return failure_set(&question->job.error, STELE_NO_MEMORY, "no memory for names");
    question->job.result.names = (struct stele_name_list){names, response->n_table_names, arena};
    return STELE_OK;
}

/* {regex = 1, include_sys_tables = 2} */
static struct job *list_tables(struct stele_client *client, const char *regex, bool with_system)
{
    struct question *question = question_new(client, "GetTableNames", decode_names);
    if (!question)
        return NULL;
    if (regex)
        wire_put_bytes(&question->request, 1, span_string(regex));
    wire_put_bool(&question->request, 2, with_system);
    return &question->job;
}

static struct job *list_namespace_tables(struct stele_client *client, struct stele_bytes name)
{
    struct question *question = question_new(client, "ListTableNamesByNamespace", decode_names);
    if (!question)
        return NULL;
    wire_put_bytes(&question->request, 1, span_of(name));
    return &question->job;
}

static void deliver_names(struct job *job)
{
    ((stele_name_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.names);
}

static enum stele_status run_names(
    struct job *job, struct stele_name_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(job, &result, error);
    if (!status)
        *out_list = result.names;
    return status;
}

enum stele_status stele_list_tables(struct stele_client *client, const char *regex,
    bool with_system, struct stele_name_list *out_list, struct stele_error *error)
{
    return run_names(list_tables(client, regex, with_system), out_list, error);
}

void stele_list_tables_async(struct stele_client *client, const char *regex, bool with_system,
    stele_name_list_function *done, void *context)
{
    job_start(
        list_tables(client, regex, with_system), deliver_names, (void (*)(void))done, context);
}

enum stele_status stele_list_namespace_tables(struct stele_client *client, struct stele_bytes name,
    struct stele_name_list *out_list, struct stele_error *error)
{
    return run_names(list_namespace_tables(client, name), out_list, error);
}

void stele_list_namespace_tables_async(struct stele_client *client, struct stele_bytes name,
    stele_name_list_function *done, void *context)
{
    job_start(list_namespace_tables(client, name), deliver_names, (void (*)(void))done, context);
}

/* ---- states ---- */

enum { NO_SUCH_TABLE = -1 };

/* Reads the table's row of hbase:meta: a state, or NO_SUCH_TABLE. */
struct state_question {
    struct job job;
    bool asks_existence; /* the number is 1 or 0; else a missing table is an error */
    struct buffer name;
};

static void release_state(struct job *job)
{
    buffer_deinit(&((struct state_question *)job)->name);
}

static void finish_state(struct state_question *question, int64_t state)
{
    struct job *job = &question->job;
    if (question->asks_existence)
        job->result.number = state != NO_SUCH_TABLE;
    else if (state == NO_SUCH_TABLE)
        admin_not_found(
            &job->error, EXCEPTION_TABLE_NOT_FOUND, bytes_of(buffer_span(&question->name)));
    else
        job->result.number = state;
    job_finish(job);
}

/* TableState{state = 1}. */
static void on_state_row(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed)
{
    struct state_question *question = context;
    struct wire_field field;
    int64_t state = NO_SUCH_TABLE;
    (void)is_processed;
    if (error->status) {
        job_fail(&question->job, error);
        return;
    }
    struct span value = result->cell_count ? span_of(result->cells[0].value) : SPAN_EMPTY;
    while (!wire_take(&value, &field))
        if (wire_is(&field, 1, WIRE_VARINT) && field.value <= STELE_ENABLING)
            state = (int64_t)field.value;
    finish_state(question, state);
}

static void begin_state(struct job *job)
{
    struct state_question *question = (struct state_question *)job;
    struct stele_column column = {STELE_TEXT("table"), STELE_TEXT("state"), false};
    struct span name = buffer_span(&question->name);
    struct stele_get get;
    if (buffer_status(&question->name)) {
        job_fail_no_memory(job);
        return;
    }
    if (span_starts_with(name, SPAN_LITERAL("default:")))
        name = span_slice(name, 8, name.size - 8);
    if (span_equal(name, SPAN_LITERAL(META_TABLE_NAME))) {
        finish_state(question, STELE_ENABLED);
        return;
    }
    stele_get_init(&get, bytes_of(name));
    get.read.columns = &column;
    get.read.column_count = 1;
    stele_get_async(job->client->meta, &get, on_state_row, question);
}

static struct job *ask_state(
    struct stele_client *client, struct stele_bytes table, bool asks_existence)
{
    struct state_question *question = memory_allocate_zeroed(1, sizeof(*question));
    if (!question)
        return NULL;
    job_init(&question->job, client, begin_state, release_state);
    question->asks_existence = asks_existence;
    buffer_put(&question->name, span_of(table));
    admin_check_table_name(table, &question->job.error);
    return &question->job;
}

enum stele_status stele_table_exists(struct stele_client *client, struct stele_bytes table,
    bool *out_exists, struct stele_error *error)
{
    return job_run_bool(ask_state(client, table, true), out_exists, error);
}

void stele_table_exists_async(struct stele_client *client, struct stele_bytes table,
    stele_number_function *done, void *context)
{
    job_start_number(ask_state(client, table, true), done, context);
}

enum stele_status stele_get_table_state(struct stele_client *client, struct stele_bytes table,
    enum stele_table_state *out_state, struct stele_error *error)
{
    int64_t state;
    enum stele_status status = job_run_number(ask_state(client, table, false), &state, error);
    if (!status)
        *out_state = (enum stele_table_state)state;
    return status;
}

void stele_get_table_state_async(struct stele_client *client, struct stele_bytes table,
    stele_number_function *done, void *context)
{
    job_start_number(ask_state(client, table, false), done, context);
}

/* ---- alter ---- */

/* {yet_to_update_regions = 1, total_regions = 2} */
static enum stele_status decode_alter(struct question *question, struct span answer)
{
    struct wire_field field;
    while (!wire_take(&answer, &field)) {
        if (wire_is(&field, 1, WIRE_VARINT))
            question->job.result.alter.left = (uint32_t)field.value;
        else if (wire_is(&field, 2, WIRE_VARINT))
            question->job.result.alter.total = (uint32_t)field.value;
    }
    return STELE_OK;
}

static struct job *alter_status(struct stele_client *client, struct stele_bytes table)
{
    struct question *question = question_new(client, "GetSchemaAlterStatus", decode_alter);
    if (!question)
        return NULL;
    admin_put_table_name(&question->request, 1, table);
    return &question->job;
}

static void deliver_alter(struct job *job)
{
    ((stele_alter_status_function *)job->done)(
        job->context, &job->error, job->result.alter.left, job->result.alter.total);
}

enum stele_status stele_alter_status(struct stele_client *client, struct stele_bytes table,
    uint32_t *out_left, uint32_t *out_total, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(alter_status(client, table), &result, error);
    if (status)
        return status;
    *out_left = result.alter.left;
    *out_total = result.alter.total;
    return STELE_OK;
}

void stele_alter_status_async(struct stele_client *client, struct stele_bytes table,
    stele_alter_status_function *done, void *context)
{
    job_start(alter_status(client, table), deliver_alter, (void (*)(void))done, context);
}
