/* Stores of several hosts over one shared directory in memory, one table, and an oracle of what was
 * acknowledged: for ownership, recovery, splits and merges under crashes and stalls of any host.
 *
 * Every row holds the number of the attempt that wrote it, in two families, so that half a row, a
 * lost and an invented write show by themselves. The dead leave their memory behind: such tests run
 * without a leak check. */
#ifndef STELE_TESTS_HOSTS_WORLD_H
#define STELE_TESTS_HOSTS_WORLD_H

#include "base/arena.h"
#include "base/env_memory.h"
#include "storage/storage.h"

#define HOSTS_ROOT    "root"
#define HOSTS_ROWS    16 /* "r00" .. "r15" */
#define HOSTS_MOST    64 /* hosts of a world, dead ones too */
#define HOSTS_TABLETS 64 /* open at a host at once */

/* Ids of tablets that tests use: the first is there from the start, with all rows. */
#define HOSTS_TABLET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOSTS_TABLE  "11111111111111111111111111111111"

struct hosts_row {
    unsigned attempted;
    unsigned acknowledged; /* the last attempt that was */
};

struct hosts_world;

struct host {
    struct hosts_world *world;
    struct env *env;
    struct store *store; /* NULL until hosts_start; of a dead one nothing may be touched */
    struct executor *executor;
    char incarnation[40];
    struct tablet *tablets[HOSTS_TABLETS];
    size_t tablet_count;
    bool has_died; /* its store said so */
    struct error death;
};

struct hosts_world {
    struct env *env;
    struct arena arena;
    struct table_schema schema;
    struct host hosts[HOSTS_MOST];
    size_t host_count;
    struct hosts_row rows[HOSTS_ROWS];
    size_t rows_checked;
};

void hosts_init(struct hosts_world *world, uint64_t seed);
/* Kills who lives and frees the world. */
void hosts_deinit(struct hosts_world *world);
/* A new host; its store is not open yet. */
struct host *hosts_new(struct hosts_world *world);

/* Runs body as a task of the host, to its end, or until nothing moves any more (the host died, or
 * stands still). True: it ended. Others' tasks run meanwhile. */
bool host_run(struct host *host, enum status (*body)(struct host *host, void *context),
    void *context, enum status *out_status);
/* host_run with store_open in it, and for the first host the table too. */
enum status host_start(struct host *host, enum store_role role);
/* A new host with its store; the test fails when it does not start. */
struct host *hosts_start_new(struct hosts_world *world, enum store_role role);
/* host_run, and the body's status; STATUS_CANCELLED when the host died in it. */
enum status hosts_try(
    struct host *host, enum status (*body)(struct host *host, void *context), void *context);
#define hosts_do(host, body, context)                                                              \
    do {                                                                                           \
        if (hosts_try(host, body, context))                                                        \
            fail_msg("%s: %s", #body, (host)->death.message);                                      \
    } while (0)
/* A world with a tablet server that has the tablet open, every row written and flushed, and a master that leads. */
void hosts_init_pair(struct hosts_world *world, struct host **out_server, struct host **out_master);
/* A body: the tablet's daughters "bb" and "cc", each with half the rows. */
enum status host_split(struct host *host, void *context);
/* How many names a folder of the root has; 0 when it is not there. */
unsigned hosts_count_names(struct hosts_world *world, const char *folder);
/* `ms` of virtual time pass. */
void hosts_settle(struct hosts_world *world, unsigned ms);

/* To be called in bodies, as they block. */
enum status host_open(struct host *host, const char *tablet_id, struct error *error);
enum status host_bury(struct host *host, const struct host *dead, struct error *error);
enum status host_open_of(
    struct host *host, const char *table_id, const char *tablet_id, struct error *error);
void host_verify_now(struct host *host);
/* The number of the attempt that a row holds; 0: none. Fails the test on half a row. */
unsigned host_read_now(struct tablet *tablet, unsigned row);

/* In test code: asks, waits, and says how it ended; STATUS_CANCELLED: it never did. */
enum status host_open_wait(struct host *host, const char *tablet_id);
enum status host_bury_wait(struct host *host, const struct host *dead);
enum status host_close_wait(struct host *host, const char *tablet_id);
enum status host_flush_wait(struct host *host, const char *tablet_id);
enum status host_compact_wait(struct host *host, const char *tablet_id);

/* Begins one write of a row at a host that has its tablet; the oracle hears of the answer. */
void host_write(struct host *host, unsigned row);
/* Writes rows [from, to), each once, and waits for the answers while the host lives. */
void host_write_rows(struct host *host, unsigned from, unsigned to);
/* Whether a tablet that is open at the host has the row. */
struct tablet *host_find(struct host *host, unsigned row);

/* Reads all rows of the tablets that are open at the host and compares them with the oracle. */
void host_verify(struct host *host);
/* Kills who lives, and checks the root: fails the test on a problem. */
void hosts_check(struct hosts_world *world);
/* "r07" */
struct span hosts_row_name(unsigned row);

#endif
