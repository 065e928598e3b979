/* Procedures and locks of the master, as lists. */
#include "client/admin_text.h"
#include "client/convert.h"
#include "client/question.h"
#include "proto/procedure.pb-c.h"
#include "proto/unpack.h"
#include "proto/wire.h"

void stele_procedure_list_free(struct stele_procedure_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_procedure_list){0};
}

void stele_lock_list_free(struct stele_lock_list *list)
{
    if (!list)
        return;
    admin_memory_free(list->memory);
    *list = (struct stele_lock_list){0};
}

static struct stele_bytes text_or_empty(const char *text)
{
    return stele_text(text ? text : "");
}

static const char *value_name(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return found ? found->name : "UNKNOWN";
}

/* The messages that a procedure works on, as JSON: their types, for what is in them is known to the
 * server alone, except a BytesValue{value = 1}, which is text. Data NULL on no memory. */
static struct stele_bytes parameters_of(struct arena *arena, const Hbase__Pb__Procedure *procedure)
{
    struct buffer text = {0};
    buffer_put(&text, SPAN_LITERAL("["));
    for (size_t i = 0; i < procedure->n_state_message; i++) {
        const Hbase__Pb__StateMessage *message = procedure->state_message[i];
        struct span type = span_string(message->type_url ? message->type_url : ""), value, unused;
        size_t slash = span_find_last(type, '/');
        if (slash != SIZE_MAX)
            type = span_slice(type, slash + 1, type.size - slash - 1);
        buffer_put(&text, i ? SPAN_LITERAL(", \"") : SPAN_LITERAL("\""));
        if (span_equal(type, SPAN_LITERAL("google.protobuf.BytesValue")) &&
            !wire_read_pair(binary_span(message->value), &value, &unused))
            buffer_put_escaped(&text, value);
        else
            buffer_put(&text, type);
        buffer_put(&text, SPAN_LITERAL("\""));
    }
    buffer_put(&text, SPAN_LITERAL("]"));
    struct stele_bytes copy = text.is_failed ? STELE_NO_BYTES
                                             : admin_copy_text(arena, buffer_span(&text));
    buffer_deinit(&text);
    return copy;
}

/* The message shares the arena with what is made of it. False on no memory. */
static bool procedure_of(
    struct arena *arena, const Hbase__Pb__Procedure *from, struct stele_procedure *out_procedure)
{
    const Hbase__Pb__GenericExceptionMessage *generic = from->exception
                                                            ? from->exception->generic_exception
                                                            : NULL;
    *out_procedure = (struct stele_procedure){
        .id = from->proc_id,
        .parent_id = from->parent_id,
        .name = stele_text(from->class_name),
        .state = stele_text(value_name(&hbase__pb__procedure_state__descriptor, (int)from->state)),
        .owner = text_or_empty(from->owner),
        .parameters = parameters_of(arena, from),
        .submitted_ms = from->submitted_time,
        .updated_ms = from->last_update,
        .failure = text_or_empty(generic ? generic->message : NULL),
    };
    return out_procedure->parameters.data != NULL;
}

/* NULL on no memory. */
static const struct stele_procedure *procedures_of(
    struct arena *arena, Hbase__Pb__Procedure **from, size_t count)
{
    struct stele_procedure *list = arena_allocate(arena, count * sizeof(*list));
    for (size_t i = 0; list && i < count; i++)
        if (!procedure_of(arena, from[i], &list[i]))
            return NULL;
    return list;
}

/* False on no memory. */
static bool lock_of(
    struct arena *arena, const Hbase__Pb__LockedResource *from, struct stele_lock *out_lock)
{
    *out_lock = (struct stele_lock){
        .kind = stele_text(
            value_name(&hbase__pb__locked_resource_type__descriptor, (int)from->resource_type)),
        .name = text_or_empty(from->resource_name),
        .is_exclusive = from->lock_type == HBASE__PB__LOCK_TYPE__EXCLUSIVE,
        .shared_count = (uint32_t)from->shared_lock_count,
        .waiting = procedures_of(arena, from->waiting_procedures, from->n_waiting_procedures),
        .waiting_count = from->n_waiting_procedures,
    };
    return out_lock->waiting &&
           (!from->exclusive_lock_owner_procedure ||
               procedure_of(arena, from->exclusive_lock_owner_procedure, &out_lock->owner));
}

/* ---- the calls ---- */

static enum stele_status no_memory(struct question *question)
{
    return failure_set(&question->job.error, STELE_NO_MEMORY, "no memory for procedures");
}

static enum stele_status decode_procedures(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct error cause;
    const Hbase__Pb__GetProceduresResponse *response =
        arena ? (void *)message_unpack(
                    &hbase__pb__get_procedures_response__descriptor, answer, arena, &cause)
              : NULL;
    if (arena && !response)
        return failure_set(&question->job.error, STELE_PROTOCOL, "%s", cause.message);
    const struct stele_procedure *list = arena ? procedures_of(arena, response->procedure,
                                                     response->n_procedure)
                                               : NULL;
    if (!list)
        return no_memory(question);
    question->job.result.procedures = (struct stele_procedure_list){
        list, response->n_procedure, arena};
    return STELE_OK;
}

static enum stele_status decode_locks(struct question *question, struct span answer)
{
    struct arena *arena = job_memory(&question->job);
    struct error cause;
    const Hbase__Pb__GetLocksResponse *response =
        arena ? (void *)message_unpack(
                    &hbase__pb__get_locks_response__descriptor, answer, arena, &cause)
              : NULL;
    if (arena && !response)
        return failure_set(&question->job.error, STELE_PROTOCOL, "%s", cause.message);
    struct stele_lock *list = arena ? arena_allocate(arena, response->n_lock * sizeof(*list))
                                    : NULL;
    for (size_t i = 0; list && i < response->n_lock; i++)
        if (!lock_of(arena, response->lock[i], &list[i]))
            list = NULL;
    if (!list)
        return no_memory(question);
    question->job.result.locks = (struct stele_lock_list){list, response->n_lock, arena};
    return STELE_OK;
}

static struct job *ask(struct stele_client *client, const char *method, question_decode *decode)
{
    struct question *question = question_new(client, method, decode);
    return question ? &question->job : NULL;
}

static void deliver_procedures(struct job *job)
{
    ((stele_procedure_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.procedures);
}

static void deliver_locks(struct job *job)
{
    ((stele_lock_list_function *)job->done)(
        job->context, &job->error, job->error.status ? NULL : &job->result.locks);
}

enum stele_status stele_list_procedures(
    struct stele_client *client, struct stele_procedure_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(
        ask(client, "GetProcedures", decode_procedures), &result, error);
    if (!status)
        *out_list = result.procedures;
    return status;
}

void stele_list_procedures_async(
    struct stele_client *client, stele_procedure_list_function *done, void *context)
{
    job_start(ask(client, "GetProcedures", decode_procedures), deliver_procedures,
        (void (*)(void))done, context);
}

enum stele_status stele_list_locks(
    struct stele_client *client, struct stele_lock_list *out_list, struct stele_error *error)
{
    union job_result result;
    enum stele_status status = job_run(ask(client, "GetLocks", decode_locks), &result, error);
    if (!status)
        *out_list = result.locks;
    return status;
}

void stele_list_locks_async(
    struct stele_client *client, stele_lock_list_function *done, void *context)
{
    job_start(ask(client, "GetLocks", decode_locks), deliver_locks, (void (*)(void))done, context);
}
