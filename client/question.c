#include "client/question.h"

#include "base/memory.h"
#include "client/call.h"
#include "client/convert.h"
#include "client/server.h"
#include "proto/server_name.h"
#include "proto/wire.h"

/* The first may be of a connection that was old; the second was on a new one. */
enum { HANG_UPS_MOST = 2 };

static void release(struct job *job)
{
    struct question *question = (struct question *)job;
    buffer_deinit(&question->request);
    buffer_deinit(&question->subject);
}

static void send_question(struct question *question, struct server *server);

/* Whoever hangs up on a call of ours and answers one of HBase's has not our service. */
static void on_master_alive(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct question *question = call->context;
    (void)answer;
    (void)block;
    if (!failure || failure->error.exception_class[0]) {
        failure_set(&question->job.error, STELE_UNSUPPORTED,
            "the server hangs up at the question for %s and answers others: it is HBase, which "
            "does not measure heat",
            question->method);
        job_finish(&question->job);
    } else if (question->is_asked_again) {
        job_finish(&question->job);
    } else {
        question->is_asked_again = true;
        send_question(question, NULL);
    }
}

/* HBase does not answer a call of a service that it has not: it closes the connection, each time. So does a server
 * that ends, and whatever forwards to one that is gone: another call tells them apart. */
static void ask_if_alive(struct question *question)
{
    struct call *call = client_call_new(question->job.client, CALL_TO_MASTER, SERVICE_MASTER,
        "IsMasterRunning", on_master_alive, question);
    if (!call) {
        job_fail_no_memory(&question->job);
        return;
    }
    call->is_once = true;
    call_start(call);
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
    else
        question->job.error = failure ? failure->error : (struct stele_error){0};
    if (failure && question->service == SERVICE_STELE && failure->is_hang_up) {
        ask_if_alive(question);
        return;
    }
    if (!failure && question->decode)
        question->decode(question, answer->result);
    job_finish(&question->job);
}

/* server NULL: the active master. */
static void send_question(struct question *question, struct server *server)
{
    struct call *call = client_call_new(question->job.client,
        server ? CALL_TO_SERVER : CALL_TO_MASTER, question->service, question->method, on_answer,
        question);
    if (!call) {
        job_fail_no_memory(&question->job);
        return;
    }
    call->server = server;
    if (question->service == SERVICE_STELE && !question->is_asked_again)
        call->hang_ups_most = HANG_UPS_MOST;
    buffer_put(&call->body, buffer_span(&question->request));
    call->body.is_failed |= question->request.is_failed;
    call_start(call);
}

static void begin(struct job *job)
{
    struct question *question = (struct question *)job;
    bool is_to_master = question->service != SERVICE_ADMIN;
    struct server *server = NULL;
    struct server_name name;
    if (!is_to_master && !server_name_parse(buffer_span(&question->subject), &name, NULL))
        server = server_find(job->client, name.host, name.port, name.start_code);
    if (!is_to_master && !server)
        job_fail_no_memory(job);
    else
        send_question(question, server);
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
