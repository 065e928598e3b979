/* What implementations of coordination share: the table, the executor, the listeners and the view of the
 * moment. An implementation embeds struct coordination first, changes its own picture on the executor only,
 * and calls coordination_show after each change. */
#ifndef STELE_SERVER_COORDINATION_COORDINATION_INTERNAL_H
#define STELE_SERVER_COORDINATION_COORDINATION_INTERNAL_H

#include "base/mutex.h"
#include "server/coordination/coordination.h"

/* All but free come on the executor; names are borrowed for the call. */
struct coordination_table {
    enum status (*start)(
        struct coordination *coordination, struct error *error); /* caller's thread */
    void (*announce)(struct coordination *coordination, const struct server_name *self);
    void (*campaign)(struct coordination *coordination, const struct server_name *self);
    void (*resign)(struct coordination *coordination, uint64_t epoch); /* NULL: it cannot */
    /* No name: nowhere. Kept by the implementation for as long as this process leads. */
    void (*publish_meta)(struct coordination *coordination, const struct coordination_names *names);
    void (*publish_draining)(
        struct coordination *coordination, const struct coordination_names *names);
    /* Calls coordination_closed when nothing of it runs any more. */
    void (*close)(struct coordination *coordination);
    /* It has threads of its own, which would call an executor that has gone: freed without close, it is closed. */
    bool has_threads;
    /* The executor has ended before. */
    void (*free)(struct coordination *coordination);
};

/* Names that the leader wants to be seen; the last ones count. */
struct coordination_wish {
    struct task task;
    struct coordination *coordination;
    bool is_queued; /* guarded by mu */
    const struct coordination_view
        *wish; /* guarded by mu: a view of which only `servers` matters */
};

struct coordination {
    const struct coordination_table *table;
    struct env *env;
    struct executor *executor;
    struct coordination_listener *listeners; /* fixed at start */
    bool was_shown;                          /* executor */
    bool is_closed;                          /* executor: no event any more */
    void (*closed)(void *context);
    void *closed_context;
    bool has_closed; /* guarded by mu */
    struct wakeup closing;
    struct mutex mu;
    const struct coordination_view *view; /* guarded by mu; replaced by the executor alone */
    /* Messages to the executor */
    const struct server_name *announced, *candidate; /* written before their task is submitted */
    struct task announce_task, campaign_task, resign_task, close_task;
    uint64_t resigned_epoch; /* guarded by mu; 0: none waits */
    struct coordination_wish meta_wish, draining_wish;
};

enum status coordination_init(struct coordination *coordination, struct env *env,
    const struct coordination_table *table, struct error *error);

/* On the executor. Copies `picture`, whose lists need not be sorted, makes it the view, and tells the listeners
 * what changed; nothing changed: tells nobody. lead comes after changed, deposed before it. */
void coordination_show(struct coordination *coordination, const struct coordination_view *picture);
/* On the executor: tells the listeners that it is over. */
void coordination_fail(struct coordination *coordination, const struct error *error);
/* The last act of an implementation's close. */
void coordination_closed(struct coordination *coordination);

#endif
