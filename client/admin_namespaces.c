/* Namespaces: what there is. */
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/schema_message.h"
#include "proto/wire.h"

void stele_namespace_list_free(struct stele_namespace_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_namespace_list){0};
}

/* Descriptors in field 1, one or many. */
static enum stele_status decode_list(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct stele_error *error = &question->job.error;
    struct span copy = arena ? arena_copy(arena, answer) : SPAN_EMPTY; /* they borrow from it */
    struct wire_field field;
    struct error cause;
    size_t count = 0;
    for (struct span in = copy; !wire_take(&in, &field);)
        count += wire_is(&field, 1, WIRE_BYTES);
    struct stele_namespace *list = arena && copy.size == answer.size
                                       ? arena_allocate(arena, count * sizeof(*list))
                                       : NULL;
    if (!list)
        return failure_set(error, STELE_NO_MEMORY, "no memory for namespaces");
    count = 0;
    while (!wire_take(&copy, &field)) {
        struct namespace_schema schema;
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        if (namespace_message_decode(field.bytes, arena, &schema, &cause))
            return failure_set(error, STELE_PROTOCOL, "%s", cause.message);
        list[count++] = (struct stele_namespace){bytes_of(schema.name),
            (const struct stele_attribute *)(const void *)schema.configuration,
            schema.configuration_count};
    }
    question->job.result.namespaces = (struct stele_namespace_list){list, count, arena};
    return STELE_OK;
}

static struct job *describe(struct stele_client *client, struct stele_bytes name)
{
    struct question *question = question_new(client, "GetNamespaceDescriptor", decode_list);
    if (!question)
        return NULL;
    wire_put_bytes(&question->request, 1, span_of(name));
    return &question->job;
}

static struct job *list(struct stele_client *client)
{
    struct question *question = question_new(client, "ListNamespaceDescriptors", decode_list);
    return question ? &question->job : NULL;
}

static void deliver(struct job *job)
{
    ((stele_namespace_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.namespaces);
}

static enum stele_status run(
    struct job *job, struct stele_namespace_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(job, &result, error);
    if (!status)
        *out_list = result.namespaces;
    return status;
}

enum stele_status stele_describe_namespace(struct stele_client *client, struct stele_bytes name,
    struct stele_namespace_list *out_list, struct stele_error *error)
{
    return run(describe(client, name), out_list, error);
}

void stele_describe_namespace_async(struct stele_client *client, struct stele_bytes name,
    stele_namespace_list_function *done, void *context)
{
    job_start(describe(client, name), deliver, (void (*)(void))done, context);
}

enum stele_status stele_list_namespaces(
    struct stele_client *client, struct stele_namespace_list *out_list, struct stele_error *error)
{
    return run(list(client), out_list, error);
}

void stele_list_namespaces_async(
    struct stele_client *client, stele_namespace_list_function *done, void *context)
{
    job_start(list(client), deliver, (void (*)(void))done, context);
}
