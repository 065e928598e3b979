#include "client/question.h"

#include "base/memory.h"
#include "client/call.h"
#include "client/convert.h"
#include "client/server.h"
#include "proto/server_name.h"
#include "proto/wire.h"

static void release(struct job *job)
{
    struct question *question = (struct question *)job;
    buffer_deinit(&question->request);
    buffer_deinit(&question->subject);
}

/* HBase does not answer a call of a service that it has not: it closes the connection, each time. */
static bool is_hung_up_on(const struct failure *failure)
{
    return failure->kind == EXCEPTION_SERVER_GONE && failure->error.status == STELE_CONNECTION &&
           strstr(failure->error.message, "closed the connection");
}

static void on_answer(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct question *question = call->context;
    (void)block;
    if (failure && question->service == SERVICE_STELE &&
        strcmp(failure->error.exception_class, EXCEPTION_UNKNOWN_SERVICE) == 0)
        failure_set(&question->job.error, STELE_UNSUPPORTED,
            "the server does not know %s: it is HBase, which does not measure heat, or a Stele "
            "that is older than this client",
            question->method);
    else if (failure && question->service == SERVICE_STELE && is_hung_up_on(failure))
        failure_set(&question->job.error, STELE_UNSUPPORTED,
            "%s at the question for %s: if it lives, it is HBase, which does not measure heat",
            failure->error.message, question->method);
    else if (failure)
        question->job.error = failure->error;
    else if (question->decode)
        question->decode(question, answer->result);
    job_finish(&question->job);
}

static void begin(struct job *job)
{
    struct question *question = (struct question *)job;
    bool is_to_master = question->service != SERVICE_ADMIN;
    struct server *server = NULL;
    struct server_name name;
    if (!is_to_master && !server_name_parse(buffer_span(&question->subject), &name, NULL))
        server = server_find(job->client, name.host, name.port, name.start_code);
    struct call *call = is_to_master || server
                            ? client_call_new(job->client,
                                  is_to_master ? CALL_TO_MASTER : CALL_TO_SERVER, question->service,
                                  question->method, on_answer, question)
                            : NULL;
    if (!call) {
        job_fail_no_memory(job);
        return;
    }
    call->server = server;
    buffer_put(&call->body, buffer_span(&question->request));
    call->body.is_failed |= question->request.is_failed;
    call_start(call);
}

struct question *question_new(
    struct stele_client *client, const char *method, question_decode *decode)
{
    struct question *question = memory_allocate_zeroed(1, sizeof(*question));
    if (!question)
        return NULL;
    job_init(&question->job, client, begin, release);
    question->method = method;
    question->service = SERVICE_MASTER;
    question->decode = decode;
    return question;
}

struct question *question_to_server(struct stele_client *client, struct stele_bytes server,
    const char *method, question_decode *decode)
{
    struct question *question = question_new(client, method, decode);
    struct server_name name;
    struct error cause;
    if (!question)
        return NULL;
    question->service = SERVICE_ADMIN;
    buffer_put(&question->subject, span_of(server));
    enum status status = server_name_parse(span_of(server), &name, &cause);
    if (status)
        failure_from_error(&question->job.error, status, &cause);
    return question;
}

enum stele_status question_decode_number(struct question *question, struct span answer)
{
    struct wire_field field;
    while (!wire_take(&answer, &field))
        if (wire_is(&field, question->field, WIRE_VARINT))
            question->job.result.number = (int64_t)field.value;
    return STELE_OK;
}
