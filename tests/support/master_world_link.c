/* Commands from host to host, as bytes: delayed, lost, astray. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "server/peer/peer_message.h"
#include "tests/support/master_world_internal.h"
#include "tests/support/support.h"

#define COMMAND_WAIT_NS UINT64_C(1000000000)
#define ASTRAY_TOLD_NS                                                                             \
    UINT64_C(5000000) /* until a sender hears that its command did not get through */
#define ASTRAY_NS UINT64_C(500000000)

struct passage {
    struct task task, back_task, timer;
    struct node *from, *to;
    struct tablet_command *command; /* the sender's; NULL once it is answered */
    struct tablet_command copy;
    struct arena arena;
    struct buffer bytes, answer;
    bool is_undelivered; /* and its sender is told so */
    bool is_stray;       /* it arrives long after its sender gave it up */
};

struct world_link {
    struct tablet_link link;
    struct node *node;
};

static struct passage *passage_of(struct task *task, size_t offset)
{
    return (struct passage *)((char *)task - offset);
}

static void give_up(struct task *task)
{
    struct passage *passage = passage_of(task, offsetof(struct passage, timer));
    struct tablet_command *command = passage->command;
    passage->command = NULL;
    if (!command)
        return;
    command->status = error_set(
        &command->error, STATUS_IO, "%s does not answer", passage->to ? passage->to->text : "?");
    command->is_unknown = !passage->is_undelivered;
    command->done(command);
}

static void arrive_back(struct task *task)
{
    struct passage *passage = passage_of(task, offsetof(struct passage, back_task));
    struct tablet_command *command = passage->command;
    struct error error = {0};
    passage->command = NULL;
    if (!command)
        return;
    assert_ok(tablet_command_decode_answer(buffer_span(&passage->answer), command, &error), &error);
    command->done(command);
}

static bool is_lost(struct master_world *world)
{
    bool lost = world->lost_in_hundred && dice_below(&world->dice, 100) < world->lost_in_hundred;
    world->lost += lost;
    return lost;
}

static void on_executed(struct tablet_command *copy)
{
    struct passage *passage = (struct passage *)((char *)copy - offsetof(struct passage, copy));
    tablet_command_encode_answer(copy, &passage->answer);
    if (passage->to->is_dropping_answers || is_lost(passage->from->world) ||
        !node_is_alive(passage->from))
        return;
    passage->back_task.run = arrive_back;
    executor_submit(passage->from->executor, &passage->back_task);
}

static void arrive(struct task *task)
{
    struct passage *passage = passage_of(task, offsetof(struct passage, task));
    struct error error = {0};
    if (passage->is_stray)
        passage->to->is_unreachable = false;
    assert_ok(tablet_command_decode(
                  buffer_span(&passage->bytes), &passage->arena, &passage->copy, &error),
        &error);
    passage->copy.server = &passage->to->name;
    passage->copy.done = on_executed;
    tablet_host_run(passage->to->host, &passage->copy);
}

static void go_astray(struct passage *passage, enum tablet_command_kind kind)
{
    struct node *to = passage->to;
    if (!to)
        return;
    passage->is_undelivered = to->is_unreachable;
    passage->is_stray = to->is_close_to_stray && kind == TABLET_COMMAND_CLOSE;
    if (passage->is_stray) {
        to->is_close_to_stray = false;
        to->is_unreachable = true;
    }
}

static void link_send(struct tablet_link *link, struct tablet_command *command)
{
    struct node *from = ((struct world_link *)link)->node;
    struct master_world *world = from->world;
    struct passage *passage = calloc(1, sizeof *passage);
    char text[64];
    assert_non_null(passage);
    snprintf(text, sizeof text, "%.*s,%u,%llu", (int)command->server->host.size,
        (const char *)command->server->host.data, command->server->port,
        (unsigned long long)command->server->start_code);
    for (size_t i = 0; i < world->node_count; i++)
        if (strcmp(world->nodes[i].text, text) == 0)
            passage->to = &world->nodes[i];
    passage->from = from;
    passage->command = command;
    world->commands++;
    tablet_command_encode(command, &passage->bytes);
    passage->timer.run = give_up;
    go_astray(passage, command->kind);
    bool is_quick = passage->is_stray || passage->is_undelivered;
    executor_submit_at(from->executor, &passage->timer,
        env_monotonic_ns(from->env) + (is_quick ? ASTRAY_TOLD_NS : COMMAND_WAIT_NS));
    if (!passage->to || !node_is_alive(passage->to) || passage->is_undelivered || is_lost(world))
        return;
    passage->task.run = arrive;
    executor_submit_at(passage->to->executor, &passage->task,
        env_monotonic_ns(passage->to->env) +
            (passage->is_stray ? ASTRAY_NS : dice_below(&world->dice, 3000000)));
}

static void link_free(struct tablet_link *link)
{
    free(link);
}

static const struct tablet_link_table link_table = {.send = link_send, .free = link_free};

struct tablet_link *master_world_link_new(struct node *node)
{
    struct world_link *link = calloc(1, sizeof *link);
    assert_non_null(link);
    link->link.table = &link_table;
    link->node = node;
    return &link->link;
}
