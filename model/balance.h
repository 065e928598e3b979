/* What to move, so that every server carries its fair share: a pure function from loads to few moves, each with
 * its reason.
 *
 * Model. Each server has a share of each resource: its load over the mean of all live servers, so that 1 is
 * fair. Count of tablets, and for each table the count of its tablets, are resources like requests, bytes, CPU and
 * memory. The potential of the cluster is the weighted sum of the squares of all shares (cluster_weights.h); it is
 * least when all shares are equal. Moving a tablet that makes a share x from a server with share A to one with
 * share B lowers it by 2x(A - B - x) for each resource. A plan is greedy: of all servers, the one that can lower
 * it most gives first.
 *
 * Invariants (tests/model/test_balance.c walks random clusters for thousands of plans):
 * - A move is worth it only when A - B - x, averaged by what the tablet weighs, is at least settings.slack; and a
 *   plan begins only when for some move it is at least settings.wake. So each move lowers the potential, and with loads
 *   that stay as they are plans come to an end; the same tablet goes back only when loads have changed by slack and
 *   wake together (hysteresis).
 * - A mean below a resource's floor counts as the floor: an idle cluster is not balanced by its noise.
 * - Targets are live servers that do not drain and were heard of. Nothing leaves a silent server, which could not be told. Nothing leaves a dead server here: recovery places that.
 * - What is moving already is not moved again, and counts where it goes; a tablet stays settings.settle_s where it
 *   was moved for balance, and until its load is known where it was opened (the halves of a split by load are there to
 *   be moved soon), unless its server drains. New servers take part at once.
 * - No server gives or takes more than settings.moves_per_server a plan; no plan has more than settings.moves.
 *
 * Time: 100,000 tablets on 1,000 servers below a second (bench/micro/master_scale). Threads: any; no state. */
#ifndef STELE_MODEL_BALANCE_H
#define STELE_MODEL_BALANCE_H

#include "base/arena.h"
#include "model/cluster_view.h"

#define BALANCE_PERIOD_S 5 /* of the leading master: a plan each */

struct balance_settings {
    double wake;       /* in shares; 0.15: a plan begins when some move is worth that much ... */
    double slack;      /* 0.1: ... and goes on while some are worth this much */
    uint32_t settle_s; /* a tablet rests this long between moves for balance */
    uint32_t moves;    /* most moves of a plan */
    uint32_t moves_per_server; /* most that one server gives, and most that it takes, in a plan */
    bool drains_only;          /* empties servers that drain, and evens nothing out */
    uint64_t seed; /* which servers are tried when there are too many to try all: vary it, by a
                                * count of plans */
};

/* wake 0.15, slack 0.1, settle 60 s, 64 moves, 8 a server, everything, seed 0. */
struct balance_settings balance_settings_default(void);

enum balance_reason {
    BALANCE_DRAIN,  /* its server drains */
    BALANCE_LOAD,   /* requests, bytes, CPU or memory: `resource` says which */
    BALANCE_COUNT,  /* more tablets than others */
    BALANCE_SPREAD, /* more tablets of this table than others */
};

struct balance_move {
    uint32_t tablet, from, to; /* indexes of the view */
    enum balance_reason reason;
    enum view_resource resource; /* with BALANCE_LOAD */
    float tablet_share;          /* of what the reason names, before the move */
    float from_share, to_share;  /* 1 = fair; with BALANCE_SPREAD counts of the table's tablets */
    float gain;                  /* by how much the potential falls; may be below 0 when draining */
};

struct balance_plan {
    struct balance_move *moves; /* in the order in which to start them; in the caller's arena */
    size_t move_count;
    double potential_before, potential_after;
    double
        worst_share; /* the largest share of any server in any resource, before: "max over mean" */
    size_t draining_left; /* tablets on draining servers that this plan leaves there */
};

/* STATUS_OK, also when there is nothing to do or nobody to do it with; STATUS_NO_MEMORY. The arena serves as scratch
 * memory too: about 100 bytes a tablet. */
enum status balance_plan_make(const struct cluster_view *view,
    const struct balance_settings *settings, struct arena *arena, struct balance_plan *out_plan);

/* "CPU: 2.31 times the mean at the source, 0.40 at the target; the tablet is 0.75 of it". */
void balance_move_put_reason(const struct balance_move *move, struct buffer *out_text);

#endif
