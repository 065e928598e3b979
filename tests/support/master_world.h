/* A cluster for tests of the master, without a network: masters and tablet servers on hosts of their own over one
 * directory in memory, one thread, virtual time, one seed. Commands go as bytes from host to host (peer_message.h), are
 * delayed, and, when asked for, lost, or their answers are. The test plays coordination: who leads, who looks alive.
 *
 * The dead leave their memory behind: such tests run without a leak check. */
#ifndef STELE_TESTS_MASTER_WORLD_H
#define STELE_TESTS_MASTER_WORLD_H

#include "base/arena.h"
#include "base/dice.h"
#include "base/env_memory.h"
#include "server/master/master.h"
#include "server/tablet/tablet_host.h"

#define MASTER_WORLD_NODES 64
#define MASTER_WORLD_ROWS  64 /* of the table "t": "r00" .. */

struct master_world;

struct node {
    struct master_world *world;
    struct env *env;
    struct executor *executor;
    struct store *store;
    struct tablet_service *tablets;
    struct tablet_host *host;
    struct master *master; /* of a master node, else NULL */
    struct tablet_link *link;
    struct server_name name;
    char text[64];
    bool has_started, has_died, is_ready;
    enum status ready_status;
    struct error failure;
    bool is_dropping_answers; /* commands to it are executed, and nobody hears of it */
    bool is_unreachable;      /* no command reaches it, and each sender knows that */
    /* The next close goes astray: its sender hears that its fate is unknown, and it is executed much later; until
     * then the node is unreachable. */
    bool is_close_to_stray;
};

struct master_world {
    struct env *env;
    uint64_t seed;
    struct dice dice;
    struct arena arena;
    struct node nodes[MASTER_WORLD_NODES];
    size_t node_count;
    uint64_t epoch;
    struct node *leader;
    unsigned lost_in_hundred; /* commands, and answers */
    uint64_t commands, lost;
    char values[MASTER_WORLD_ROWS][16]; /* acknowledged; "" = none */
    char tried[MASTER_WORLD_ROWS][16];  /* the last attempt */
};

void master_world_init(struct master_world *world, uint64_t seed);
void master_world_deinit(struct master_world *world);

struct node *master_world_server(struct master_world *world);
struct node *master_world_master(struct master_world *world); /* does not lead yet */
bool node_is_alive(const struct node *node);
void node_kill(struct node *node);

/* The node leads with the next epoch (whoever led is not told), and serves. */
void master_world_lead(struct master_world *world, struct node *node);
/* Tells the leader who lives. */
void master_world_tell_servers(struct master_world *world);
/* Virtual time passes. */
void master_world_settle(struct master_world *world, unsigned ms);

/* Submits, waits for the end of the procedure. NULL: done; else the exception's class, the text in world's error. */
const char *master_world_ask(struct master_world *world, struct master_request *request);
/* Submits, and does not wait. */
void master_world_submit(struct master_world *world, struct master_request *request);
extern struct error master_world_error;

/* Table "t" with family "f", split at the keys given (a NULL ends them). */
void master_world_create_table(struct master_world *world, const char *const *keys);
/* Encoded name of the tablet of "t" that holds the row, in the arena. */
struct span master_world_tablet(struct master_world *world, const char *row);
/* Where it is; NULL: nowhere. */
struct node *master_world_place(struct master_world *world, const char *row);
/* A living tablet server that is not this one; NULL: none. */
struct node *master_world_other_server(struct master_world *world, const struct node *than);
/* Writes a fresh value to row i, where the leader says that it is. False: nobody took it. */
bool master_world_put(struct master_world *world, unsigned i);
void master_world_put_all(struct master_world *world);

/* ---- In one call; what fails, fails the test ---- */

/* A world with that many servers, a leader and the table "t" of four tablets (r16, r32, r48), its rows written. */
void master_world_make(struct master_world *world, uint64_t seed, size_t servers);
/* A request about the tablet that holds the row; there is room for another tablet. */
struct master_request master_world_request(
    struct master_world *world, enum master_operation operation, const char *row);
void master_world_done(struct master_world *world, struct master_request *request);
/* Of the snapshot "s", and of table "t": taken, restored, forgotten; enabled, disabled. */
void master_world_snapshot(
    struct master_world *world, enum master_operation operation, const char *table);
void master_world_table(struct master_world *world, enum master_operation operation);

/* Everything must hold after some time: every table is enabled or disabled, every tablet of every enabled table is open at one server which says so, rows
 * of hbase:meta and the catalogue agree and have no hole and no overlap, every row has its acknowledged value, in the table and in what was cloned of it (a table "v" is empty). */
void master_world_check(struct master_world *world);
/* Kills who lives, and checks the directory as `stele fsck` does: fails the test on a problem. */
void master_world_fsck(struct master_world *world);
/* Under that name, to users. */
bool master_world_has_table(struct master_world *world, const char *name);
/* Waits until nothing is under way. */
void master_world_quiet(struct master_world *world);

#endif
