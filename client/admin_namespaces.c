/* Namespaces: what there is. */
#include "client/admin_rpc.h"
#include "client/convert.h"
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
static enum stele_status decode_list(
    struct span message, struct stele_namespace_list *out_list, struct stele_error *error)
{
    struct arena *arena = admin_memory_new();
    struct wire_field field;
    struct error cause;
    size_t count = 0;
    for (struct span in = message; !wire_take(&in, &field);)
        count += wire_is(&field, 1, WIRE_BYTES);
    struct stele_namespace *list = arena ? arena_allocate(arena, count * sizeof(*list)) : NULL;
    struct span copy = list ? arena_copy(arena, message)
                            : SPAN_EMPTY; /* the descriptors borrow from it */
    if (!list || (!copy.data && message.size)) {
        admin_memory_free(arena);
        return failure_set(error, STELE_NO_MEMORY, "no memory for namespaces");
    }
    count = 0;
    while (!wire_take(&copy, &field)) {
        struct namespace_schema schema;
        if (!wire_is(&field, 1, WIRE_BYTES))
            continue;
        if (namespace_message_decode(field.bytes, arena, &schema, &cause)) {
            admin_memory_free(arena);
            return failure_set(error, STELE_PROTOCOL, "%s", cause.message);
        }
        list[count++] = (struct stele_namespace){bytes_of(schema.name),
            (const struct stele_attribute *)(const void *)schema.configuration,
            schema.configuration_count};
    }
    *out_list = (struct stele_namespace_list){list, count, arena};
    return STELE_OK;
}

static enum stele_status fetch_list(struct stele_client *client, const char *method,
    struct buffer *request, struct stele_namespace_list *out_list, struct stele_error *error)
{
    struct admin_answer answer;
    enum stele_status status = admin_call_master_bytes(client, method, request, &answer, error);
    if (request)
        buffer_deinit(request);
    if (status)
        return status;
    status = decode_list(answer.result, out_list, error);
    admin_answer_deinit(&answer);
    return status;
}

enum stele_status stele_describe_namespace(struct stele_client *client, struct stele_bytes name,
    struct stele_namespace_list *out_list, struct stele_error *error)
{
    struct buffer request = {0};
    wire_put_bytes(&request, 1, span_of(name));
    return fetch_list(client, "GetNamespaceDescriptor", &request, out_list, error);
}

enum stele_status stele_list_namespaces(
    struct stele_client *client, struct stele_namespace_list *out_list, struct stele_error *error)
{
    return fetch_list(client, "ListNamespaceDescriptors", NULL, out_list, error);
}
