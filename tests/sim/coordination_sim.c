#include "tests/sim/coordination_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dice.h"
#include "base/env_memory.h"
#include "server/coordination/coordination_internal.h"
#include "tests/sim/network.h"

#define MS          UINT64_C(1000000)
#define NAMES_MAX   32
#define LOOK_NS     (50 * MS)   /* how often the model looks for sessions that are over */
#define SLOW_NS     (1000 * MS) /* at most, for a picture that is late */
#define ELECTION_NS (200 * MS)  /* at most, between a leader's end and the next one */
#define EPOCH_SHIFT 8           /* zxids between elections */

/* A name that is the holder's own copy. */
struct owned_name {
    struct server_name name; /* host points into text */
    char text[64];
};

static void own_name(struct owned_name *out, const struct server_name *name)
{
    out->name = *name;
    CHECK(name->host.size < sizeof out->text);
    if (name->host.size)
        memcpy(out->text, name->host.data, name->host.size);
    out->name.host = span_make(out->text, name->host.size);
}

/* ---- The model's side ---- */

struct session {
    struct session *next;
    struct sim *owner;
    struct env *env;
    char host[32];
    uint64_t id;
    uint64_t heard_ns;
    bool is_over;
    bool is_announced, is_candidate, is_leading;
    struct owned_name announced, candidate;
    uint64_t epoch;
};

static struct zookeeper {
    struct env *world;
    struct executor *executor;
    struct dice dice;
    uint64_t session_ns;
    struct session *sessions; /* those that are over too */
    uint64_t last_id, zxid, pictures;
    uint64_t election_ns; /* when a candidate is next taken; 0 = at once */
    struct owned_name meta;
    bool is_down;
    struct task look;
    struct zookeeper_counts counts;
} zoo;

/* What a session sees, as it travels. */
struct picture {
    struct task task;
    struct sim *to;
    uint64_t session; /* that it is for, whose pictures never go back in time */
    uint64_t number;
    bool is_over;     /* and that is all it says */
    uint64_t sent_ns; /* the heartbeat that this answers; 0 = none */
    bool is_leading;
    uint64_t epoch, master_epoch;
    struct owned_name master, meta, servers[NAMES_MAX], backups[NAMES_MAX];
    size_t server_count, backup_count;
};

/* What a host asks for, as it travels. */
enum message_kind { HEARTBEAT, ANNOUNCE, CAMPAIGN, PUBLISH_META, RESIGN, GOODBYE };

struct message {
    struct task task;
    struct sim *from;
    enum message_kind kind;
    uint64_t session; /* 0: a new one, please */
    uint64_t sent_ns;
    struct owned_name name;
};

/* The coordination of one host. */
struct sim {
    struct coordination coordination; /* first */
    struct task beat_task;            /* timer */
    bool is_closing;
    uint64_t session;  /* 0: none */
    uint64_t heard_ns; /* by our clock: when the last answered heartbeat was sent */
    uint64_t absence_counts_from_ns;
    bool is_connected;
    uint64_t
        over_epoch; /* of the last tenure that it ended by itself: it never leads with that again */
    const struct server_name *announced, *candidate;
    bool has_meta_wish; /* said again until it is seen, while we lead */
    struct owned_name meta_wish;
    struct picture *last; /* NULL: none yet */
};

static struct sim *sim_of(struct coordination *coordination)
{
    return (struct sim *)coordination;
}

static const char *host_of(const struct sim *sim)
{
    return env_memory_host_name(sim->coordination.env);
}

static void show(struct sim *sim);
static void take_picture(struct task *task);

static struct session *find_session(uint64_t id)
{
    for (struct session *one = zoo.sessions; one; one = one->next)
        if (one->id == id && !one->is_over)
            return one;
    return NULL;
}

static void end_session(struct session *session)
{
    if (session->is_over)
        return;
    session->is_over = true;
    zoo.zxid++;
    if (session->is_leading)
        zoo.election_ns = env_monotonic_ns(zoo.world) + dice_below(&zoo.dice, ELECTION_NS);
}

/* Of a session, or that there is no such session. */
static void send_picture(
    const struct session *session, struct sim *to, uint64_t session_id, uint64_t sent_ns)
{
    struct env *env = to->coordination.env;
    if (env_memory_host_is_dead(env) || !network_link_is_up(ZOOKEEPER_HOST, host_of(to)))
        return;
    struct picture *picture = calloc(1, sizeof *picture);
    CHECK(picture);
    picture->task.run = take_picture;
    picture->to = to;
    picture->sent_ns = sent_ns;
    picture->session = session_id;
    picture->number = ++zoo.pictures;
    picture->is_over = !session;
    if (session) {
        picture->is_leading = session->is_leading;
        picture->epoch = session->epoch;
    }
    own_name(&picture->meta, &zoo.meta.name);
    for (struct session *one = zoo.sessions; one; one = one->next) {
        if (one->is_over)
            continue;
        if (one->is_announced && picture->server_count < NAMES_MAX)
            own_name(&picture->servers[picture->server_count++], &one->announced.name);
        if (one->is_leading) {
            own_name(&picture->master, &one->candidate.name);
            picture->master_epoch = one->epoch;
        } else if (one->is_candidate && picture->backup_count < NAMES_MAX) {
            own_name(&picture->backups[picture->backup_count++], &one->candidate.name);
        }
    }
    uint64_t delay_ns = network_draw_delay();
    if (dice_below(&zoo.dice, 20) == 0)
        delay_ns += dice_below(&zoo.dice, SLOW_NS);
    executor_submit_at(to->coordination.executor, &picture->task, env_monotonic_ns(env) + delay_ns);
}

static void tell_all(void)
{
    for (struct session *one = zoo.sessions; one; one = one->next)
        if (!one->is_over)
            send_picture(one, one->owner, one->id, 0);
}

/* A candidate that was heard of lately leads, when nobody does. */
static void elect(uint64_t now_ns)
{
    struct session *chosen = NULL;
    uint64_t count = 0;
    if (now_ns < zoo.election_ns)
        return;
    for (struct session *one = zoo.sessions; one; one = one->next) {
        if (one->is_over)
            continue;
        if (one->is_leading)
            return;
        if (one->is_candidate && now_ns - one->heard_ns < zoo.session_ns / 2 &&
            dice_below(&zoo.dice, ++count) == 0)
            chosen = one;
    }
    if (!chosen)
        return;
    chosen->is_leading = true;
    chosen->epoch = (++zoo.zxid << EPOCH_SHIFT) + 1;
    zoo.counts.elections++;
    tell_all();
}

static void look(struct task *task)
{
    uint64_t now_ns = env_monotonic_ns(zoo.world), ended = 0;
    if (!zoo.is_down) {
        for (struct session *one = zoo.sessions; one; one = one->next)
            if (!one->is_over && now_ns - one->heard_ns > zoo.session_ns) {
                end_session(one);
                zoo.counts.expired++;
                ended++;
            }
        if (ended)
            tell_all();
        elect(now_ns);
    }
    executor_submit_at(zoo.executor, task, now_ns + LOOK_NS);
}

static struct session *session_new(struct sim *owner, uint64_t now_ns)
{
    struct session *session = calloc(1, sizeof *session);
    CHECK(session);
    for (struct session *one = zoo.sessions; one; one = one->next)
        if (one->owner == owner && !one->is_announced && !one->is_candidate)
            one->is_over = true; /* the answer that gave it was lost, or late */
    session->next = zoo.sessions;
    session->owner = owner;
    session->env = owner->coordination.env;
    snprintf(session->host, sizeof session->host, "%s", host_of(owner));
    session->id = ++zoo.last_id;
    session->heard_ns = now_ns;
    zoo.sessions = session;
    zoo.counts.sessions++;
    return session;
}

/* A process restarted at the same place takes its old name away at once, as the real one does. */
static void end_older_of(const struct session *session)
{
    for (struct session *one = zoo.sessions; one; one = one->next)
        if (one != session && !one->is_over && strcmp(one->host, session->host) == 0 &&
            one->env != session->env)
            end_session(one);
}

static void take_message(struct task *task)
{
    struct message *message = (struct message *)task;
    struct sim *sim = message->from;
    struct session *session = find_session(message->session);
    uint64_t now_ns = env_monotonic_ns(zoo.world);
    bool is_change = false;
    if (zoo.is_down || env_memory_host_is_dead(sim->coordination.env))
        goto done;
    if (message->session == 0 && message->kind == HEARTBEAT)
        session = session_new(sim, now_ns);
    if (!session) {
        send_picture(NULL, sim, message->session, message->sent_ns);
        goto done;
    }
    session->heard_ns = now_ns;
    switch (message->kind) {
    case HEARTBEAT:
        break;
    case ANNOUNCE:
        is_change = !session->is_announced;
        session->is_announced = true;
        own_name(&session->announced, &message->name.name);
        end_older_of(session);
        break;
    case CAMPAIGN:
        is_change = !session->is_candidate;
        session->is_candidate = true;
        own_name(&session->candidate, &message->name.name);
        end_older_of(session);
        break;
    case PUBLISH_META:
        is_change = session->is_leading;
        if (is_change)
            own_name(&zoo.meta, &message->name.name);
        break;
    case RESIGN:
        is_change = session->is_leading;
        session->is_leading = false;
        break;
    case GOODBYE:
        end_session(session);
        is_change = true;
        break;
    }
    zoo.zxid += is_change;
    if (is_change)
        tell_all();
    if (!session->is_over)
        send_picture(session, sim, session->id, message->sent_ns);
done:
    free(message);
}

/* ---- The host's side ---- */

static void send_message(struct sim *sim, enum message_kind kind, const struct server_name *name)
{
    if (kind != HEARTBEAT && !sim->session)
        return; /* ask_for_everything comes when there is one */
    if (!network_link_is_up(host_of(sim), ZOOKEEPER_HOST))
        return;
    struct message *message = calloc(1, sizeof *message);
    CHECK(message);
    message->task.run = take_message;
    message->from = sim;
    message->kind = kind;
    message->session = sim->session;
    message->sent_ns = env_monotonic_ns(sim->coordination.env);
    if (name)
        own_name(&message->name, name);
    executor_submit_at(
        zoo.executor, &message->task, env_monotonic_ns(zoo.world) + network_draw_delay());
}

/* Leads only while its session cannot be over. */
static bool may_lead(const struct sim *sim)
{
    return sim->session && sim->last && sim->last->is_leading &&
           sim->last->epoch != sim->over_epoch &&
           env_monotonic_ns(sim->coordination.env) - sim->heard_ns < zoo.session_ns;
}

static void show(struct sim *sim)
{
    static struct server_name servers[NAMES_MAX], backups[NAMES_MAX];
    const struct picture *last = sim->last;
    if (!last)
        return;
    struct coordination_view view = {.is_connected = sim->is_connected,
        .is_leading = may_lead(sim),
        .master_epoch = last->master_epoch,
        .master = last->master.name,
        .meta = last->meta.name,
        .absence_counts_from_ns = sim->absence_counts_from_ns};
    view.epoch = view.is_leading ? last->epoch : 0;
    if (last->is_leading && !view.is_leading)
        sim->over_epoch = last->epoch;
    for (size_t i = 0; i < last->server_count; i++)
        servers[i] = last->servers[i].name;
    for (size_t i = 0; i < last->backup_count; i++)
        backups[i] = last->backups[i].name;
    view.servers = (struct coordination_names){servers, last->server_count};
    view.backups = (struct coordination_names){backups, last->backup_count};
    coordination_show(&sim->coordination, &view);
}

static void ask_for_everything(struct sim *sim)
{
    if (sim->announced)
        send_message(sim, ANNOUNCE, sim->announced);
    if (sim->candidate)
        send_message(sim, CAMPAIGN, sim->candidate);
}

static void take_picture(struct task *task)
{
    struct picture *picture = (struct picture *)task;
    struct sim *sim = picture->to;
    uint64_t now_ns = env_monotonic_ns(sim->coordination.env);
    if (sim->is_closing || (sim->session && picture->session != sim->session) ||
        (!sim->session && picture->is_over)) {
        free(picture); /* of a session before this one */
        return;
    }
    if (picture->is_over) {
        free(picture);
        sim->session = 0;
        sim->is_connected = false;
        show(sim);
        send_message(sim, HEARTBEAT, NULL);
        return;
    }
    bool is_new = sim->session == 0;
    if (is_new || !sim->is_connected)
        sim->absence_counts_from_ns = now_ns + zoo.session_ns + zoo.session_ns / 2;
    sim->session = picture->session;
    sim->is_connected = true;
    if (picture->sent_ns > sim->heard_ns)
        sim->heard_ns = picture->sent_ns;
    if (sim->last && !is_new && picture->number < sim->last->number) {
        free(picture);
        picture = sim->last;
    }
    if (sim->last != picture)
        free(sim->last);
    sim->last = picture;
    if (is_new)
        ask_for_everything(sim);
    show(sim);
}

static bool is_same(const struct server_name *a, const struct server_name *b)
{
    return span_equal(a->host, b->host) && a->port == b->port && a->start_code == b->start_code;
}

/* What a leader published and cannot see. */
static void publish_again(struct sim *sim)
{
    if (!may_lead(sim))
        sim->has_meta_wish = false;
    else if (sim->has_meta_wish && !is_same(&sim->meta_wish.name, &sim->last->meta.name))
        send_message(sim, PUBLISH_META, &sim->meta_wish.name);
}

static void beat(struct task *task)
{
    struct sim *sim = (struct sim *)((char *)task - offsetof(struct sim, beat_task));
    uint64_t now_ns = env_monotonic_ns(sim->coordination.env);
    if (sim->is_closing)
        return;
    if (now_ns - sim->heard_ns > zoo.session_ns * 2 / 3)
        sim->is_connected = false;
    send_message(sim, HEARTBEAT, NULL);
    show(sim);
    publish_again(sim);
    if (sim->last && sim->last->is_leading && sim->last->epoch == sim->over_epoch)
        send_message(sim, RESIGN, NULL);
    executor_submit_at(sim->coordination.executor, task, now_ns + zoo.session_ns / 4);
}

static enum status sim_start(struct coordination *coordination, struct error *error)
{
    struct sim *sim = sim_of(coordination);
    (void)error;
    sim->beat_task.run = beat;
    executor_submit_at(coordination->executor, &sim->beat_task, 0);
    return STATUS_OK;
}

static void sim_announce(struct coordination *coordination, const struct server_name *self)
{
    sim_of(coordination)->announced = self;
    ask_for_everything(sim_of(coordination));
}

static void sim_campaign(struct coordination *coordination, const struct server_name *self)
{
    sim_of(coordination)->candidate = self;
    ask_for_everything(sim_of(coordination));
}

static void sim_resign(struct coordination *coordination, uint64_t epoch)
{
    struct sim *sim = sim_of(coordination);
    if (!may_lead(sim) || sim->last->epoch != epoch)
        return;
    sim->over_epoch = epoch;
    send_message(sim, RESIGN, NULL); /* and again with each beat */
    show(sim);
}

static void sim_publish_meta(
    struct coordination *coordination, const struct coordination_names *names)
{
    static const struct server_name nobody;
    struct sim *sim = sim_of(coordination);
    sim->has_meta_wish = true;
    own_name(&sim->meta_wish, names->count ? &names->names[0] : &nobody);
    send_message(sim, PUBLISH_META, &sim->meta_wish.name);
}

static void sim_publish_draining(
    struct coordination *coordination, const struct coordination_names *names)
{
    (void)coordination, (void)names; /* no tool looks here */
}

static void sim_close(struct coordination *coordination)
{
    struct sim *sim = sim_of(coordination);
    send_message(sim, GOODBYE, NULL);
    sim->is_closing = true;
    executor_cancel(coordination->executor, &sim->beat_task);
    coordination_closed(coordination);
}

static void sim_free(struct coordination *coordination)
{
    struct sim *sim = sim_of(coordination);
    for (struct session *one = zoo.sessions; one; one = one->next)
        if (one->owner == sim)
            one->is_over = true;
    free(sim->last);
    free(sim);
}

static const struct coordination_table sim_table = {
    .start = sim_start,
    .announce = sim_announce,
    .campaign = sim_campaign,
    .resign = sim_resign,
    .publish_meta = sim_publish_meta,
    .publish_draining = sim_publish_draining,
    .close = sim_close,
    .free = sim_free,
};

enum status coordination_sim_new(
    struct env *env, struct coordination **out_coordination, struct error *error)
{
    struct sim *sim = calloc(1, sizeof *sim);
    CHECK(sim);
    enum status status = coordination_init(&sim->coordination, env, &sim_table, error);
    if (status) {
        free(sim);
        return status;
    }
    *out_coordination = &sim->coordination;
    return STATUS_OK;
}

/* ---- The test's side ---- */

void zookeeper_sim_expire(const char *host)
{
    for (struct session *one = zoo.sessions; one; one = one->next)
        if (!one->is_over && strcmp(one->host, host) == 0) {
            end_session(one);
            zoo.counts.expired++;
        }
    tell_all();
}

void zookeeper_sim_set_down(bool is_down, bool is_forgetful)
{
    if (zoo.is_down && !is_down)
        for (struct session *one = zoo.sessions; one; one = one->next) {
            if (is_forgetful)
                end_session(one);
            one->heard_ns = env_monotonic_ns(zoo.world);
        }
    zoo.is_down = is_down;
}

struct zookeeper_counts zookeeper_sim_counts(void)
{
    return zoo.counts;
}

void zookeeper_sim_open(struct env *world, uint64_t seed, uint32_t session_ms)
{
    zoo = (struct zookeeper){
        .world = world, .dice = {seed}, .session_ns = session_ms * MS, .look = {.run = look}};
    CHECK(env_executor_new(world, ZOOKEEPER_HOST, 1, &zoo.executor, NULL) == STATUS_OK);
    executor_submit_at(zoo.executor, &zoo.look, 0);
}

void zookeeper_sim_close(void)
{
    while (zoo.sessions) {
        struct session *session = zoo.sessions;
        zoo.sessions = session->next;
        free(session);
    }
    if (zoo.executor) {
        executor_cancel(zoo.executor, &zoo.look);
        executor_free(zoo.executor);
    }
    zoo = (struct zookeeper){0};
}
