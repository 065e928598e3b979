/* Looks before answers (design 7.2): in a cluster an answer leaves only after a look at the directory that began when
 * the answer was ready, so that a server that was declared dead meanwhile says nothing that is not true any more.
 *
 *   [loop] answer ready -> the loop's list -----------------.
 *                                                           | every list that waits when a look begins
 *   [executor "look"] store_look, one at a time  <----------'
 *          `-> [loop] its answers leave
 *
 * So the number of looks does not grow with the load, and no loop waits for one: while a look runs the answers that
 * become ready gather for the next. Answers that are exceptions claim nothing and do not wait.
 *
 * Where the directory is on the machine's own file system (env_path_is_local) a look costs a microsecond and waits for
 * nobody: the loop makes it itself, once for what is ready in a turn, and nothing changes threads.
 *
 * Alone in its directory a server needs none of this (hbase_service.looks is NULL).
 *
 * Threads: a loop's list is that loop's; the queue of loops has a mutex. */
#ifndef STELE_SERVER_HBASE_ANSWER_LOOKS_H
#define STELE_SERVER_HBASE_ANSWER_LOOKS_H

#include "storage/storage.h"

struct answer_looks;
struct call;
struct loop;

/* A loop's part; zero is one without answers. */
struct loop_looks {
    struct call *ready, *ready_last; /* since the last look began */
    struct call *looked;             /* wait for the one that is queued or runs */
    bool is_begun;                   /* one of the tasks below is out */
    enum status status;              /* of the look */
    struct task task;
    struct loop *loop;
    struct answer_looks *looks;
    struct loop_looks *next; /* the queue's; guarded by its mutex */
};

/* `store` is borrowed; `root` is its directory. */
enum status answer_looks_new(struct env *env, const char *root, struct store *store,
    struct answer_looks **out_looks, struct error *error);
/* Ends the looking: what becomes ready later is dropped. Before the loops are freed; not on a loop. NULL is fine. */
void answer_looks_stop(struct answer_looks *looks);
/* After the loops are freed. NULL is fine. */
void answer_looks_free(struct answer_looks *looks);

/* Loop thread. The call's answer leaves after a look (call_emit), or is dropped with its connection when the look
 * fails. */
void answer_looks_add(struct answer_looks *looks, struct call *call);

/* How many there were, and for how many answers. Any thread. */
void answer_looks_count(
    const struct answer_looks *looks, uint64_t *out_looks, uint64_t *out_answers);

#endif
