#include "server/peer/peer_tablet_link.h"

#include "base/memory.h"
#include "server/peer/peer_message.h"
#include "server/tablet/tablet_host.h"

struct remote_link {
    struct tablet_link link;
    struct peers *peers;
    struct tablet_host *host;
    struct server_name self;
};

/* A command on its way. */
struct remote_command {
    struct peer_call call; /* first */
    struct tablet_command *command;
};

static bool is_same_server(const struct server_name *a, const struct server_name *b)
{
    return a->port == b->port && a->start_code == b->start_code && span_equal(a->host, b->host);
}

/* A failure of the call itself. What was never sent, and what was refused unheard, has not been executed. */
static void take_failure(struct tablet_command *command, const struct peer_call *call)
{
    command->status = call->status == STATUS_REMOTE ? STATUS_IO : call->status;
    command->error = call->error;
    command->is_unknown = call->was_sent && call->status != STATUS_REMOTE;
}

static void on_answer(struct peer_call *call)
{
    struct remote_command *remote = (struct remote_command *)call;
    struct tablet_command *command = remote->command;
    struct error error = {0};
    if (call->status) {
        take_failure(command, call);
    } else if (tablet_command_decode_answer(call->answer, command, &error)) {
        command->is_unknown = true;
        command->status = STATUS_IO;
        error_set(&command->error, STATUS_IO, "the answer to %s is malformed: %s", call->method,
            error.message);
    }
    buffer_deinit(&call->request);
    memory_free(remote);
    command->done(command);
}

static void remote_send(struct tablet_link *link, struct tablet_command *command)
{
    struct remote_link *self = (struct remote_link *)link;
    command->is_unknown = command->was_done = false;
    if (self->host && is_same_server(command->server, &self->self)) {
        tablet_host_run(self->host, command);
        return;
    }
    struct remote_command *remote = memory_allocate_zeroed(1, sizeof *remote);
    if (!remote) {
        command->status = error_set(
            &command->error, STATUS_NO_MEMORY, "no memory to send a command");
        command->done(command);
        return;
    }
    remote->command = command;
    remote->call = (struct peer_call){.to = command->server,
        .method = tablet_command_method(command->kind),
        .timeout_ms = command->timeout_ms ? command->timeout_ms : TABLET_COMMAND_TIMEOUT_MS,
        .done = on_answer};
    tablet_command_encode(command, &remote->call.request);
    peers_call(self->peers, &remote->call);
}

static void remote_forget(struct tablet_link *link, const struct server_name *server)
{
    peers_forget(((struct remote_link *)link)->peers, server);
}

static void remote_free(struct tablet_link *link)
{
    memory_free(link);
}

static const struct tablet_link_table remote_table = {remote_send, remote_forget, remote_free};

enum status peer_tablet_link_new(struct peers *peers, struct tablet_host *host,
    const struct server_name *self, struct tablet_link **out_link, struct error *error)
{
    struct remote_link *link = memory_allocate_zeroed(1, sizeof *link);
    if (!link)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the way to the tablets");
    *link = (struct remote_link){
        .link = {&remote_table}, .peers = peers, .host = host, .self = *self};
    *out_link = &link->link;
    return STATUS_OK;
}
