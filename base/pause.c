#include "base/pause.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mutex.h"
#include "base/status.h"

/* Every pause point of the program, "module.step.when", in alphabetical order. A test compares this
 * list with the pause_point() calls in the tree, both ways. */
static const char *const names[] = {
    "answer.look.before",
    "chain.link.after",
    "chain.link.before",
    "chain.prune.before",
    "chain.sync.after",
    "close.flush.before",
    "collector.incarnation.between",
    "collector.read.after",
    "collector.trash.before",
    "compaction.commit.before",
    "flush.commit.before",
    "insert.family.before",
    "lineage.children.before",
    "log.look.after",
    "log.rename.after",
    "log.spare.after",
    "log.switch.between",
    "log.sync.after",
    "log.sync.before",
    "log.write.after",
    "log.write.before",
    "open.commit.before",
    "open.load.before",
    "plan.link.after",
    "plan.link.before",
    "plan.read.between",
    "procedure.action.before",
    "recovery.segment.before",
    "references.tables.after",
    "references.tables.before",
    "seal.link.after",
    "seal.link.before",
    "test.pause.here", /* tests/unit/base/test_pause.c */
    "trash.taken",
};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };

enum action { ACTION_NONE, ACTION_KILL, ACTION_STOP, ACTION_EXIT, ACTION_CALL };

struct point {
    enum action action;
    int exit_status;
    unsigned visits_left; /* until the action; it happens when this falls to 0, once */
    void (*function)(void *context);
    void *context;
};

bool pause_is_armed;
static struct mutex lock = MUTEX_INITIALIZER(LOCK_RANK_PAUSE);
static struct point points[NAME_COUNT]; /* guarded by lock */

static int find_name(const char *name, size_t size)
{
    for (int i = 0; i < NAME_COUNT; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return i;
    return -1;
}

/* What to do at this visit, taken out under the lock and done outside it. */
static struct point visit(const char *name)
{
    int at = find_name(name, strlen(name));
    CHECK(at >= 0);
    struct point now = {.action = ACTION_NONE};
    mutex_lock(&lock);
    struct point *point = &points[at];
    if (point->action == ACTION_CALL)
        now = *point;
    else if (point->action != ACTION_NONE && point->visits_left > 0 && --point->visits_left == 0)
        now = *point;
    mutex_unlock(&lock);
    return now;
}

void pause_reach(const char *name)
{
    struct point now = visit(name);
    switch (now.action) {
    case ACTION_NONE:
        break;
    case ACTION_KILL:
        kill(getpid(), SIGKILL);
        break;
    case ACTION_STOP:
        kill(getpid(), SIGSTOP);
        break;
    case ACTION_EXIT:
        _exit(now.exit_status);
    case ACTION_CALL:
        now.function(now.context);
        break;
    }
}

static void arm(int at, struct point point)
{
    mutex_lock(&lock);
    points[at] = point;
    bool is_any = false;
    for (int i = 0; i < NAME_COUNT; i++)
        is_any = is_any || points[i].action != ACTION_NONE;
    __atomic_store_n(&pause_is_armed, is_any, __ATOMIC_RELAXED);
    mutex_unlock(&lock);
}

void pause_arm(const char *name, void (*function)(void *context), void *context)
{
    int at = find_name(name, strlen(name));
    CHECK(at >= 0);
    arm(at, (struct point){
                .action = function ? ACTION_CALL : ACTION_NONE,
                .function = function,
                .context = context,
            });
}

/* One "name[@n]=action" of the environment variable, `size` characters at `text`. */
static bool arm_from_text(const char *text, size_t size, const char **out_problem)
{
    const char *equals = memchr(text, '=', size);
    if (!equals) {
        *out_problem = "STELE_PAUSE: expected name=kill, name=stop or name=exit:N, comma-separated";
        return false;
    }
    size_t name_size = (size_t)(equals - text);
    const char *at_sign = memchr(text, '@', name_size);
    struct point point = {.visits_left = 1};
    if (at_sign) {
        char *end;
        unsigned long visits = strtoul(at_sign + 1, &end, 10);
        if (end != equals || visits == 0 || visits > 1000000000) {
            *out_problem = "STELE_PAUSE: the visit after @ is a number from 1";
            return false;
        }
        point.visits_left = (unsigned)visits;
        name_size = (size_t)(at_sign - text);
    }
    int at = find_name(text, name_size);
    if (at < 0) {
        *out_problem = "STELE_PAUSE: no such pause point (the list is in base/pause.c)";
        return false;
    }

    const char *action = equals + 1;
    size_t action_size = size - (size_t)(action - text);
    if (action_size == 4 && memcmp(action, "kill", 4) == 0) {
        point.action = ACTION_KILL;
    } else if (action_size == 4 && memcmp(action, "stop", 4) == 0) {
        point.action = ACTION_STOP;
    } else if (action_size > 5 && memcmp(action, "exit:", 5) == 0) {
        char *end;
        long status = strtol(action + 5, &end, 10);
        if (end != action + action_size || status < 0 || status > 255) {
            *out_problem = "STELE_PAUSE: exit:N takes a status from 0 to 255";
            return false;
        }
        point.action = ACTION_EXIT;
        point.exit_status = (int)status;
    } else {
        *out_problem = "STELE_PAUSE: the action is kill, stop or exit:N";
        return false;
    }
    arm(at, point);
    return true;
}

bool pause_arm_from_environment(const char **out_problem)
{
    const char *text = getenv("STELE_PAUSE");
    while (text && *text) {
        size_t size = strcspn(text, ",");
        if (!arm_from_text(text, size, out_problem))
            return false;
        text += size;
        if (*text == ',')
            text++;
    }
    return true;
}
