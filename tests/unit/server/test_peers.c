/* Servers that call each other: over a network in memory and over loopback; with the secret, without it, with another;
 * to a life of a server that is over, to nobody, to one that never answers. */
#include "tests/support/tablet_world.h"

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/pause.h"
#include "server/hbase/call.h"
#include "server/hbase/rpc_connection.h"
#include "server/hbase/service.h"
#include "server/net/loop.h"
#include "server/peer/peer_message.h"
#include "server/peer/peer_tablet_link.h"
#include "server/tablet/tablet_host.h"
#include "tests/sim/reactor_memory.h"

#define TABLET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SELF   "master.example,16000,5"

/* A tablet server and a process that calls it. */
struct peer_world {
    struct tablet_world world;
    reactor_maker *make_reactor;
    struct loop *loop;
    struct call_pool *calls;
    struct listener *listener;
    struct tablet_service *tablets;
    struct tablet_host *host;
    struct hbase_service service;
    struct peer_service peer_service;
    struct peer_secret secret, other_secret;
    struct answer_looks *looks;
    struct peers *peers;
    struct server_name server;
    char server_text[64];
    unsigned reports, looks_asked;
    enum status look_status;
    struct server_report_answer answer;
};

static const struct protocol *sniff(
    void *context, struct span first, bool *out_needs_more, void **out_protocol_context)
{
    (void)first, (void)out_needs_more;
    *out_protocol_context = context;
    return &rpc_protocol;
}

static void accept_one(void *context, struct stream *stream)
{
    struct peer_world *self = context;
    struct connection *connection;
    (void)connection_new(self->loop, stream, sniff, &self->service, &connection);
}

static void take_report(
    void *context, const struct server_report *report, struct server_report_answer *out_answer)
{
    struct peer_world *self = context;
    assert_true(span_equal(report->server.host, SPAN_LITERAL("master.example")));
    assert_int_equal(report->tablet_count, 1);
    assert_true(report->tablets[0].load[VIEW_CPU] == 0.5f);
    assert_int_equal(report->file_count, 1);
    assert_int_equal(report->calls[LOAD_CALLS_READ][0], 7);
    assert_true(report->calls[LOAD_CALLS_WRITE][CALL_BUCKETS - 1] == UINT64_MAX);
    assert_int_equal(report->stalled_ms, 61000);
    assert_int_equal(report->wall_ms, 1764315042000);
    self->reports++;
    *out_answer = self->answer;
}

static enum status look_for_leader(void *context, struct error *error)
{
    struct peer_world *self = context;
    self->looks_asked++;
    return self->look_status ? error_set(error, self->look_status, "the directory is away")
                             : STATUS_OK;
}

static void start_server(struct peer_world *self)
{
    struct error error = {0};
    struct env *env = self->world.env;
    struct tablet_host_config config = {
        .env = env, .store = self->world.store, .tablets = self->tablets};
    assert_ok(tablet_host_new(&config, &self->host, &error), &error);
    assert_ok(loop_new(env, 0, self->make_reactor, &self->loop, &error), &error);
    self->calls = memory_allocate_zeroed(1, sizeof *self->calls);
    self->loop->service = self->calls;
    assert_ok(reactor_listen(
                  self->loop->reactor, "127.0.0.1", 0, accept_one, self, &self->listener, &error),
        &error);
    const char *host = self->make_reactor == reactor_memory_new ? env_memory_host_name(env)
                                                                : "127.0.0.1";
    self->server = (struct server_name){
        span_string(host), self->loop->reactor->table->listener_port(self->listener), 77};
    snprintf(self->server_text, sizeof self->server_text, "%s,%u,77", host, self->server.port);
    self->peer_service = (struct peer_service){.env = env,
        .secret = &self->secret,
        .self = self->server_text,
        .host = self->host,
        .take_report = take_report,
        .look = look_for_leader,
        .context = self};
    self->service.env = env;
    self->service.store = self->world.store;
    self->service.tablets = self->tablets;
    self->service.requests.limit_bytes = 1 << 30;
    self->service.peers = &self->peer_service;
    loop_start(self->loop);
}

static void peer_world_init(struct peer_world *self, bool is_real)
{
    struct error error = {0};
    struct tablet_info tablet = {.id = TABLET, .region_id = 7, .state = TABLET_CLOSED};
    memset(self, 0, sizeof *self);
    self->make_reactor = is_real ? reactor_libevent_new : reactor_memory_new;
    tablet_world_init(&self->world, 3, is_real ? ENV_MEMORY_THREADS : ENV_MEMORY_SEEDED);
    if (!is_real)
        network_open(self->world.env, 9);
    tablet_world_set_families(&self->world, "f");
    assert_ok(tablet_world_start(&self->world, &error), &error);
    strcpy(tablet.table_id, self->world.table_id);
    assert_ok(
        store_tablet_create(self->world.store, self->world.table_id, &tablet, 1, &error), &error);
    assert_ok(tablet_service_new(self->world.store, &self->tablets), NULL);
    assert_ok(
        peer_secret_load(self->world.env, self->world.config.root, &self->secret, &error), &error);
    memset(&self->other_secret, 7, sizeof self->other_secret);
    start_server(self);
    struct peers_config peers = {.env = self->world.env,
        .make_reactor = self->make_reactor,
        .self = SELF,
        .secret = &self->secret};
    assert_ok(peers_new(&peers, &self->peers, &error), &error);
}

struct flag {
    struct peer_world *self;
    struct task task;
    bool is_done;
};

static void set_flag(void *context)
{
    struct flag *flag = context;
    tablet_world_signal(&flag->self->world, &flag->is_done);
}

static void clear_loop(struct task *task)
{
    struct flag *flag = (struct flag *)((char *)task - offsetof(struct flag, task));
    struct loop *loop = flag->self->loop;
    loop->reactor->table->listener_close(flag->self->listener);
    loop_close_connections(loop);
    set_flag(flag);
}

static void peer_world_deinit(struct peer_world *self)
{
    struct flag stopped = {.self = self}, cleared = {.self = self, .task = {.run = clear_loop}};
    peers_stop(self->peers, set_flag, &stopped);
    tablet_world_wait(&self->world, &stopped.is_done);
    loop_post(self->loop, &cleared.task);
    tablet_world_wait(&self->world, &cleared.is_done);
    answer_looks_stop(self->looks);
    struct served_tablet *served = tablet_service_take(self->tablets, TABLET);
    served_tablet_unref(served);
    tablet_world_stop(&self->world);
    peers_free(self->peers);
    loop_free(self->loop);
    call_pool_free(self->calls);
    answer_looks_free(self->looks);
    tablet_host_free(self->host);
    tablet_service_free(self->tablets);
    if (self->make_reactor == reactor_memory_new)
        network_close();
    tablet_world_deinit(&self->world);
}

/* ---- Calls ---- */

struct waited_call {
    struct peer_call call;
    struct peer_world *self;
    bool is_done;
    struct server_report_answer answer;
};

static void on_call(struct peer_call *call)
{
    struct waited_call *waited = (struct waited_call *)call;
    if (!call->status)
        assert_ok(server_report_answer_decode(call->answer, &waited->answer, NULL), NULL);
    tablet_world_signal(&waited->self->world, &waited->is_done);
}

static void encode_report(struct buffer *out)
{
    struct tablet_report tablet = {.id = TABLET, .open_sequence = 4, .load[VIEW_CPU] = 0.5f};
    struct given_up_file file = {SPAN_LITERAL("table"), SPAN_LITERAL("a-1.sst")};
    struct server_report report = {.server = {SPAN_LITERAL("master.example"), 16000, 5},
        .tablets = &tablet,
        .tablet_count = 1,
        .files = &file,
        .file_count = 1,
        .stalled_ms = 61000,
        .wall_ms = 1764315042000};
    report.calls[LOAD_CALLS_READ][0] = 7;
    report.calls[LOAD_CALLS_WRITE][CALL_BUCKETS - 1] = UINT64_MAX;
    server_report_encode(&report, out);
}

/* A report to `to`. */
static enum status report_to(
    struct peer_world *self, const struct server_name *to, struct waited_call *waited)
{
    *waited = (struct waited_call){.self = self};
    waited->call = (struct peer_call){
        .to = to, .method = "Report", .timeout_ms = 5000, .done = on_call};
    encode_report(&waited->call.request);
    peers_call(self->peers, &waited->call);
    tablet_world_wait(&self->world, &waited->is_done);
    buffer_deinit(&waited->call.request);
    return waited->call.status;
}

static void calls_pass(bool is_real)
{
    struct peer_world self;
    struct waited_call call;
    peer_world_init(&self, is_real);
    self.answer = (struct server_report_answer){
        .epoch = 12, .splits_by_policy = true, .is_sealed = true};
    for (unsigned i = 1; i <= 3; i++) {
        assert_ok(report_to(&self, &self.server, &call), &call.call.error);
        assert_int_equal(call.answer.epoch, 12);
        assert_true(call.answer.splits_by_policy && call.answer.is_sealed);
        assert_int_equal(self.reports, i);
    }
    peer_world_deinit(&self);
}

static void calls_pass_in_memory(void **state)
{
    (void)state;
    calls_pass(false);
}

static void calls_pass_over_loopback(void **state)
{
    (void)state;
    calls_pass(true);
}

static void on_looked(struct peer_call *call)
{
    struct waited_call *waited = (struct waited_call *)call;
    tablet_world_signal(&waited->self->world, &waited->is_done);
}

static enum status ask_for_look(struct peer_world *self, struct waited_call *waited)
{
    *waited = (struct waited_call){.self = self};
    waited->call = (struct peer_call){.to = &self->server, .method = "Look", .done = on_looked};
    peers_call(self->peers, &waited->call);
    tablet_world_wait(&self->world, &waited->is_done);
    return waited->call.status;
}

static void a_master_that_waits_says_whether_the_directory_answers_it(void **state)
{
    struct peer_world self;
    struct waited_call call;
    (void)state;
    peer_world_init(&self, false);
    assert_ok(ask_for_look(&self, &call), &call.call.error);
    self.look_status = STATUS_IO;
    assert_status(ask_for_look(&self, &call), STATUS_REMOTE);
    assert_non_null(strstr(call.call.error.message, "the directory is away"));
    assert_int_equal(self.looks_asked, 2);
    self.peer_service.look = NULL; /* it is no master */
    assert_status(ask_for_look(&self, &call), STATUS_REMOTE);
    peer_world_deinit(&self);
}

/* ---- Looks before answers ---- */

static void begin_looks(struct peer_world *self)
{
    struct error error = {0};
    assert_ok(answer_looks_new(self->world.env, self->world.config.root, self->world.store,
                  &self->looks, &error),
        &error);
    self->service.looks = self->looks;
}

static void answers_leave_after_a_look(void **state)
{
    struct peer_world self;
    struct waited_call call;
    uint64_t looks, answers;
    (void)state;
    peer_world_init(&self, false);
    begin_looks(&self);
    for (unsigned i = 1; i <= 3; i++)
        assert_ok(report_to(&self, &self.server, &call), &call.call.error);
    answer_looks_count(self.looks, &looks, &answers);
    assert_int_equal(answers, 5); /* Greet and Prove too */
    assert_int_equal(looks, 5);
    peer_world_deinit(&self);
}

struct burst {
    struct peer_world *self;
    unsigned left;
    bool is_done;
};

static struct burst burst;

static void on_burst(struct peer_call *call)
{
    assert_ok(call->status, &call->error);
    if (--burst.left == 0)
        tablet_world_signal(&burst.self->world, &burst.is_done);
}

static void answers_that_are_ready_together_share_a_look(void **state)
{
    struct peer_world self;
    struct waited_call first;
    struct peer_call calls[64];
    uint64_t looks, answers;
    (void)state;
    peer_world_init(&self, false);
    begin_looks(&self);
    assert_ok(report_to(&self, &self.server, &first), &first.call.error);
    burst = (struct burst){.self = &self, .left = 64};
    for (size_t i = 0; i < 64; i++) {
        calls[i] = (struct peer_call){.to = &self.server, .method = "Report", .done = on_burst};
        encode_report(&calls[i].request);
        peers_call(self.peers, &calls[i]);
    }
    tablet_world_wait(&self.world, &burst.is_done);
    for (size_t i = 0; i < 64; i++)
        buffer_deinit(&calls[i].request);
    answer_looks_count(self.looks, &looks, &answers);
    assert_int_equal(answers, 64 + 3);
    assert_true(looks < 40);
    peer_world_deinit(&self);
}

static enum status find_alive(void *context, const char *name, struct error *error)
{
    (void)error;
    snprintf(context, 256, "/root/servers/%s/alive", name);
    return STATUS_OK;
}

/* As who buries it does. */
static void declare_dead(void *context)
{
    struct env *env = ((struct peer_world *)context)->world.env;
    struct env_file *alive;
    struct error error = {0};
    char path[256];
    pause_arm("answer.look.before", NULL, NULL);
    assert_ok(env_directory_list(env, "/root/servers", find_alive, path, &error), &error);
    assert_ok(env_file_open(env, path, ENV_WRITE, 0600, &alive, &error), &error);
    assert_ok(env_file_chmod(alive, 0, &error), &error);
    env_file_close(alive);
}

static void a_server_that_was_declared_dead_says_nothing(void **state)
{
    struct peer_world self;
    struct waited_call call;
    (void)state;
    for (int is_ready = 0; is_ready < 2; is_ready++) {
        peer_world_init(&self, false);
        begin_looks(&self);
        assert_ok(report_to(&self, &self.server, &call), &call.call.error);
        if (is_ready) /* the answer was: it stood still before it left */
            pause_arm("answer.look.before", declare_dead, &self);
        else
            declare_dead(&self);
        assert_int_equal(report_to(&self, &self.server, &call), STATUS_IO);
        assert_int_equal(self.reports, 2); /* it was heard, but not answered */
        assert_int_equal(self.world.fatals, 1);
        peer_world_deinit(&self);
    }
}

static void another_life_of_the_server_is_not_asked(void **state)
{
    struct peer_world self;
    struct waited_call call;
    (void)state;
    peer_world_init(&self, true);
    struct server_name earlier = self.server;
    earlier.start_code = 76;
    assert_int_equal(report_to(&self, &earlier, &call), STATUS_NOT_FOUND);
    assert_non_null(strstr(call.call.error.message, self.server_text));
    assert_false(call.call.was_sent);
    assert_int_equal(self.reports, 0);
    peer_world_deinit(&self);
}

static void who_does_not_know_the_secret_is_refused(void **state)
{
    struct peer_world self;
    struct waited_call call;
    struct error error = {0};
    (void)state;
    peer_world_init(&self, true);
    struct peers *right = self.peers;
    struct peers_config config = {.env = self.world.env,
        .make_reactor = self.make_reactor,
        .self = SELF,
        .secret = &self.other_secret};
    assert_ok(peers_new(&config, &self.peers, &error), &error);
    /* the caller finds out first */
    assert_int_equal(report_to(&self, &self.server, &call), STATUS_INVALID);
    assert_non_null(strstr(call.call.error.message, "secret"));
    assert_false(call.call.was_sent);
    assert_int_equal(self.reports, 0);
    struct flag stopped = {.self = &self};
    peers_stop(self.peers, set_flag, &stopped);
    tablet_world_wait(&self.world, &stopped.is_done);
    peers_free(self.peers);
    self.peers = right;
    peer_world_deinit(&self);
}

static void nobody_there_is_told_apart_from_no_answer(void **state)
{
    struct peer_world self;
    struct waited_call call;
    (void)state;
    peer_world_init(&self, true);
    struct server_name nobody = {SPAN_LITERAL("127.0.0.1"), 1, 5};
    assert_int_equal(report_to(&self, &nobody, &call), STATUS_IO);
    assert_false(call.call.was_sent);
    struct server_name nowhere = {SPAN_LITERAL("no.such.host.invalid"), 1, 5};
    assert_int_equal(report_to(&self, &nowhere, &call), STATUS_IO);
    assert_false(call.call.was_sent);
    peer_world_deinit(&self);
}

struct hang {
    struct task task;
    atomic_bool is_over;
};

static void hang_run(struct task *task)
{
    struct hang *hang = (struct hang *)((char *)task - offsetof(struct hang, task));
    while (!atomic_load(&hang->is_over))
        usleep(1000);
}

/* Its connections stay open, as those of a process that is stopped. */
static void a_call_to_a_server_that_hangs_ends_when_the_server_is_forgotten(void **state)
{
    struct peer_world self;
    struct waited_call before, call = {.self = &self}, after;
    struct hang hang = {.task.run = hang_run};
    (void)state;
    peer_world_init(&self, true);
    assert_ok(report_to(&self, &self.server, &before), &before.call.error);
    loop_post(self.loop, &hang.task);
    call.call = (struct peer_call){
        .to = &self.server, .method = "Report", .timeout_ms = 600000, .done = on_call};
    encode_report(&call.call.request);
    peers_call(self.peers, &call.call);
    peers_forget(self.peers, &self.server);
    tablet_world_wait(&self.world, &call.is_done);
    assert_int_equal(call.call.status, STATUS_IO);
    assert_true(call.call.was_sent); /* nobody knows */
    assert_non_null(strstr(call.call.error.message, "given up"));
    buffer_deinit(&call.call.request);
    atomic_store(&hang.is_over, true);
    assert_ok(report_to(&self, &self.server, &after), &after.call.error);
    peer_world_deinit(&self);
}

/* ---- Commands over the link ---- */

struct waited_command {
    struct tablet_command command;
    struct peer_world *self;
    bool is_done;
};

static void on_command(struct tablet_command *command)
{
    struct waited_command *waited = command->sender;
    tablet_world_signal(&waited->self->world, &waited->is_done);
}

static enum status run(
    struct peer_world *self, struct tablet_link *link, struct waited_command *waited)
{
    struct tablet_command *command = &waited->command;
    waited->self = self;
    waited->is_done = false;
    command->sender = waited;
    command->done = on_command;
    command->server = &self->server;
    command->epoch = 3;
    command->schema = &self->world.schema;
    command->arena = &self->world.arena;
    strcpy(command->tablet.table_id, self->world.table_id);
    if (command->kind != TABLET_COMMAND_LIST && command->kind != TABLET_COMMAND_SET_SCHEMA)
        strcpy(command->tablet.id, TABLET);
    command->tablet.region_id = 7;
    tablet_link_send(link, command);
    tablet_world_wait(&self->world, &waited->is_done);
    return command->status;
}

static void commands_reach_a_tablet(bool is_real)
{
    struct peer_world self;
    struct tablet_link *link;
    struct error error = {0};
    struct server_name elsewhere = {SPAN_LITERAL("far.example"), 16020, 9};
    struct moved_tablet moved;
    struct waited_command open = {.command.kind = TABLET_COMMAND_OPEN};
    struct waited_command list = {.command.kind = TABLET_COMMAND_LIST};
    struct waited_command write = {.command.kind = TABLET_COMMAND_WRITE};
    struct waited_command read = {.command.kind = TABLET_COMMAND_READ};
    struct waited_command schema = {.command.kind = TABLET_COMMAND_SET_SCHEMA};
    struct waited_command split = {.command.kind = TABLET_COMMAND_SPLIT_ROW};
    struct waited_command stop = {.command.kind = TABLET_COMMAND_STOP};
    struct waited_command close = {.command.kind = TABLET_COMMAND_CLOSE,
        .command.is_prepared = true,
        .command.destination = &elsewhere};
    peer_world_init(&self, is_real);
    struct server_name master = {SPAN_LITERAL("master.example"), 16000, 5};
    assert_ok(peer_tablet_link_new(self.peers, NULL, &master, &link, &error), &error);

    assert_ok(run(&self, link, &open), &open.command.error);
    assert_true(open.command.open_sequence > 0);
    assert_ok(run(&self, link, &open), &open.command.error);
    assert_true(open.command.was_done);

    struct cell cells[2];
    struct mutation mutations[2];
    struct write_operation operations[2];
    for (size_t i = 0; i < 2; i++) {
        cells[i] = (struct cell){.row = i ? SPAN_LITERAL("b") : SPAN_LITERAL("a"),
            .family = i ? SPAN_LITERAL("none") : SPAN_LITERAL("f"),
            .value = SPAN_LITERAL("v"),
            .timestamp = TIMESTAMP_LATEST,
            .type = CELL_PUT};
        mutations[i] = (struct mutation){.kind = MUTATION_PUT,
            .row = cells[i].row,
            .cells = &cells[i],
            .cell_count = 1,
            .timestamp = TIMESTAMP_LATEST,
            .time_range = TIME_RANGE_ALL};
        operations[i] = (struct write_operation){
            .row = cells[i].row, .mutations = &mutations[i], .mutation_count = 1};
    }
    write.command.operations = operations;
    write.command.operation_count = 2;
    assert_ok(run(&self, link, &write), &write.command.error);
    assert_operation_ok(&operations[0]);
    assert_int_equal(operations[1].status, STATUS_NO_FAMILY);

    assert_ok(run(&self, link, &read), &read.command.error);
    assert_int_equal(read.command.cell_count, 1);
    assert_true(span_equal(read.command.cells[0].value, SPAN_LITERAL("v")));
    assert_true(read.command.is_end);
    assert_ok(run(&self, link, &schema), &schema.command.error);
    assert_int_equal(run(&self, link, &split), STATUS_NOT_FOUND);
    assert_int_equal(run(&self, link, &stop), STATUS_UNSUPPORTED);
    assert_ok(run(&self, link, &list), &list.command.error);
    assert_int_equal(list.command.tablet_count, 1);
    assert_int_equal(list.command.tablets[0].state, SERVED_OPEN);
    assert_string_equal(list.command.tablets[0].id, TABLET);

    assert_ok(run(&self, link, &close), &close.command.error);
    assert_true(close.command.prepared_bytes > 0);
    assert_int_equal(close.command.rest_bytes, 0);
    assert_true(tablet_host_find_moved(self.host, SPAN_LITERAL(TABLET), &moved));
    assert_string_equal(moved.host, "far.example");
    tablet_link_free(link);
    peer_world_deinit(&self);
}

static void commands_reach_a_tablet_in_memory(void **state)
{
    (void)state;
    commands_reach_a_tablet(false);
}

static void commands_reach_a_tablet_over_loopback(void **state)
{
    (void)state;
    commands_reach_a_tablet(true);
}

/* ---- The secret ---- */

static void the_first_server_makes_the_secret_and_all_read_it(void **state)
{
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct peer_secret first, second;
    struct error error = {0};
    struct env_stat stat;
    (void)state;
    assert_ok(env_directory_make(env, "/root", 0700, &error), &error);
    assert_ok(peer_secret_load(env, "/root", &first, &error), &error);
    assert_ok(peer_secret_load(env, "/root", &second, &error), &error);
    assert_memory_equal(&first, &second, sizeof first);
    assert_ok(env_path_stat(env, "/root/secret", &stat, &error), &error);
    assert_int_equal(stat.mode, 0600);
    env_memory_free(env);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    struct env *env = env_memory_new(1, ENV_MEMORY_SEEDED);
    struct peer_secret secret;
    struct error error = {0};
    char text[66];
    (void)state;
    memset(text, 'a', 64);
    text[64] = '\n';
    assert_ok(env_directory_make(env, "/root", 0700, &error), &error);
    assert_ok(env_write_file(env, "/root/secret", 0640, span_make(text, 65), &error), &error);
    assert_int_equal(peer_secret_load(env, "/root", &secret, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "/root/secret"));
    assert_ok(env_path_remove(env, "/root/secret", &error), &error);
    assert_ok(env_write_file(env, "/root/secret", 0600, span_make(text, 64), &error), &error);
    assert_int_equal(peer_secret_load(env, "/root", &secret, &error), STATUS_CORRUPT);
    env_memory_free(env);
}

static void a_proof_is_good_for_one_side_one_server_and_one_greeting(void **state)
{
    struct peer_secret secret = {.bytes = {1}}, other = {.bytes = {2}};
    struct peer_greeting greeting = {.caller = SPAN_LITERAL("a,1,1"),
        .callee = SPAN_LITERAL("b,1,1"),
        .caller_nonce = {3},
        .callee_nonce = {4}};
    uint8_t proof[PEER_PROOF_SIZE];
    struct span made = span_make(proof, sizeof proof);
    (void)state;
    assert_true(peer_prove(&secret, PEER_CALLER, &greeting, proof));
    assert_true(peer_check_proof(&secret, PEER_CALLER, &greeting, made));
    assert_false(peer_check_proof(&other, PEER_CALLER, &greeting, made));
    assert_false(peer_check_proof(&secret, PEER_CALLEE, &greeting, made));
    assert_false(peer_check_proof(&secret, PEER_CALLER, &greeting, span_make(proof, 31)));
    greeting.callee = SPAN_LITERAL("b,1,2");
    assert_false(peer_check_proof(&secret, PEER_CALLER, &greeting, made));
    greeting.callee = SPAN_LITERAL("b,1,1");
    greeting.callee_nonce[0] = 5;
    assert_false(peer_check_proof(&secret, PEER_CALLER, &greeting, made));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_pass_in_memory),
        cmocka_unit_test(calls_pass_over_loopback),
        cmocka_unit_test(a_master_that_waits_says_whether_the_directory_answers_it),
        cmocka_unit_test(answers_leave_after_a_look),
        cmocka_unit_test(answers_that_are_ready_together_share_a_look),
        cmocka_unit_test(a_server_that_was_declared_dead_says_nothing),
        cmocka_unit_test(another_life_of_the_server_is_not_asked),
        cmocka_unit_test(who_does_not_know_the_secret_is_refused),
        cmocka_unit_test(nobody_there_is_told_apart_from_no_answer),
        cmocka_unit_test(a_call_to_a_server_that_hangs_ends_when_the_server_is_forgotten),
        cmocka_unit_test(commands_reach_a_tablet_in_memory),
        cmocka_unit_test(commands_reach_a_tablet_over_loopback),
        cmocka_unit_test(the_first_server_makes_the_secret_and_all_read_it),
        cmocka_unit_test(a_secret_that_others_may_read_is_refused),
        cmocka_unit_test(a_proof_is_good_for_one_side_one_server_and_one_greeting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
