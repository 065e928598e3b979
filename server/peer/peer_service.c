#include "server/peer/peer_service.h"

#include "base/log_lines.h"
#include "proto/peer.pb-c.h"
#include "proto/wire.h"
#include "server/hbase/call.h"
#include "server/hbase/rpc_connection.h"
#include "server/hbase/services.h"
#include "server/peer/heat_message.h"
#include "server/peer/peer_message.h"
#include "server/tablet/tablet_host.h"

/* ---- Who is there ---- */

static enum call_outcome greet(struct call *call)
{
    const struct peer_service *service = call->service->peers;
    struct peer_session *session = rpc_peer_session(call->connection);
    uint8_t proof[PEER_PROOF_SIZE];
    const Stele__Pb__GreetRequest *request = call_unpack(
        call, &stele__pb__greet_request__descriptor);
    if (!request)
        return CALL_DONE;
    if (!service)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "this server is alone: it has no peers");
    wire_put_bytes(&call->result, 1, span_string(service->self));
    if (!span_equal(binary_span(request->callee), span_string(service->self)))
        return CALL_DONE; /* another life of it was meant */
    if (session->is_greeted || request->nonce.len != PEER_NONCE_SIZE ||
        request->caller.len >= sizeof session->caller)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "the greeting is malformed");
    memcpy(session->caller, request->caller.data, request->caller.len);
    session->greeting.caller = span_make(session->caller, request->caller.len);
    session->greeting.callee = span_string(service->self);
    memcpy(session->greeting.caller_nonce, request->nonce.data, PEER_NONCE_SIZE);
    env_random_bytes(service->env, session->greeting.callee_nonce, PEER_NONCE_SIZE);
    if (!peer_prove(service->secret, PEER_CALLEE, &session->greeting, proof))
        return call_fail(call, EXCEPTION_IO, "no memory for a proof");
    session->is_greeted = true;
    wire_put_bytes(&call->result, 2, span_make(session->greeting.callee_nonce, PEER_NONCE_SIZE));
    wire_put_bytes(&call->result, 3, span_make(proof, sizeof proof));
    return CALL_DONE;
}

static enum call_outcome prove(struct call *call)
{
    const struct peer_service *service = call->service->peers;
    struct peer_session *session = rpc_peer_session(call->connection);
    const Stele__Pb__ProveRequest *request = call_unpack(
        call, &stele__pb__prove_request__descriptor);
    if (!request)
        return CALL_DONE;
    if (service && session->is_greeted && !session->is_proven &&
        peer_check_proof(
            service->secret, PEER_CALLER, &session->greeting, binary_span(request->proof))) {
        session->is_proven = true;
        return call_reply_empty(call);
    }
    log_line(LOG_WARN, "peer.refused", "from=%s name=\"%.*s\"", call->connection->stream->peer,
        (int)session->greeting.caller.size, (const char *)session->greeting.caller.data);
    session->is_greeted = session->is_proven = false;
    call_fail(call, EXCEPTION_ACCESS_DENIED, "it does not know the secret of this cluster");
    connection_finish(call->connection);
    return CALL_DONE;
}

/* False after a call_fail. On the loop: before the call goes anywhere else. */
static bool is_peer(struct call *call)
{
    if (call->service->peers && rpc_peer_session(call->connection)->is_proven)
        return true;
    call_fail(call, EXCEPTION_ACCESS_DENIED, "only servers of this cluster may ask for this");
    return false;
}

/* ---- Commands ---- */

static void on_executed(struct tablet_command *command)
{
    struct call *call = command->sender;
    tablet_command_encode_answer(command, &call->result);
    call_finish(call);
}

static enum call_outcome command(struct call *call)
{
    struct error error = {0};
    struct tablet_command *command;
    if (!is_peer(call))
        return CALL_DONE;
    struct tablet_host *host = call->service->peers->host;
    if (!host)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "this server serves no tablets");
    if (!call_own(call))
        return CALL_DONE;
    command = arena_allocate_zeroed(&call->arena, 1, sizeof *command);
    if (!command)
        return call_fail(call, EXCEPTION_IO, "no memory for a command");
    enum status status = tablet_command_decode(call->param, &call->arena, command, &error);
    if (!status && strcmp(tablet_command_method(command->kind), call->method->name) != 0)
        status = error_set(
            &error, STATUS_INVALID, "%s with command %d", call->method->name, (int)command->kind);
    if (status)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    command->sender = call;
    command->done = on_executed;
    tablet_host_run(host, command);
    return CALL_PENDING;
}

/* ---- Reports ---- */

static enum call_outcome report(struct call *call)
{
    struct error error = {0};
    struct server_report report;
    struct server_report_answer answer = {0};
    if (!is_peer(call))
        return CALL_DONE;
    const struct peer_service *service = call->service->peers;
    if (!service->take_report)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "this server is no master");
    if (server_report_decode(call->param, &call->arena, &report, &error))
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    service->take_report(service->context, &report, &answer);
    server_report_answer_encode(&answer, &call->result);
    return CALL_DONE;
}

/* It may put a minute of the whole cluster together, and the keys of a table: a worker's. */
static enum call_outcome report_heat(struct call *call)
{
    struct error error = {0};
    struct heat_report report;
    struct heat_report_answer answer = {0};
    if (!call->may_block && !is_peer(call)) /* asked on the loop, before it goes to a worker */
        return CALL_DONE;
    const struct peer_service *service = call->service->peers;
    if (!service->take_heat)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "this server is no master");
    if (!call->may_block)
        return CALL_TO_WORKER;
    if (heat_report_decode(call->param, &call->arena, &report, &error))
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "%s", error.message);
    service->take_heat(service->context, &report, &answer);
    heat_report_answer_encode(&answer, &call->result);
    return CALL_DONE;
}

/* ---- Looks for another ---- */

static enum call_outcome look(struct call *call)
{
    struct error error = {0};
    if (!call->may_block && !is_peer(call))
        return CALL_DONE;
    const struct peer_service *service = call->service->peers;
    if (!service->look)
        return call_fail(call, EXCEPTION_DO_NOT_RETRY_IO, "this server is no master");
    if (!call->may_block)
        return CALL_TO_WORKER;
    if (service->look(service->context, &error))
        return call_fail(call, EXCEPTION_IO, "%s", error.message);
    return call_reply_empty(call);
}

const struct call_method peer_methods[] = {
    {"Greet", greet},
    {"Prove", prove},
    {"OpenTablet", command},
    {"CloseTablet", command},
    {"SetSchema", command},
    {"ListTablets", command},
    {"FlushTablet", command},
    {"CompactTablet", command},
    {"WriteRows", command},
    {"ReadRows", command},
    {"Stop", command},
    {"SplitRow", command},
    {"ExpectTablet", command},
    {"Report", report},
    {"ReportHeat", report_heat},
    {"Look", look},
    {NULL, NULL},
};
