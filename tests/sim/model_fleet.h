/* A master of many: one real tablet server, which has hbase:meta beside its share, and hundreds of models, over a real
 * directory in memory (TMPDIR, else /dev/shm). A model says yes to everything: what is measured is the master.
 *
 * At once (env_real, threads), or after the time that such a thing takes (a virtual env, one thread): then models die,
 * come back as another life at the same address, and what was on its way to the dead is lost. The fleet knows who
 * serves what, since when a tablet is served by nobody, and whether two ever thought that they serve the same one.
 *
 * Table "t", one family, one tablet for each number; a model's tablets hold no data, so their manifests stay closed. */
#ifndef STELE_TESTS_SIM_MODEL_FLEET_H
#define STELE_TESTS_SIM_MODEL_FLEET_H

#include "base/dice.h"
#include "server/master/master_internal.h"
#include "server/tablet/tablet_host.h"

struct fleet_tablet {
    char id[TABLET_ID_SIZE];
    size_t number;               /* in fleet->tablets */
    struct fleet_server *server; /* that has it open; NULL = nobody, or the real one */
    uint64_t unserved_since_ns;  /* 0 = it is served, or never was */
    bool is_crashed;             /* ... since its server died */
    uint64_t open_sequence;      /* rises at each open, above what the master says */
    struct fleet_tablet *server_next, *server_previous, *hash_next;
};

struct fleet_server {
    char text[SERVER_TEXT_SIZE];
    struct server_name name; /* host in text */
    bool is_up;              /* its process runs */
    bool is_shown;           /* ZooKeeper has its session */
    struct fleet_tablet *first;
    size_t tablet_count;
};

/* How long rows of a tablet were nobody's. */
struct fleet_gaps {
    uint64_t count, sum_ns, longest_ns;
};

struct fleet {
    struct tablet_link link; /* first */
    struct env *env;
    char root[256];
    struct store *store;
    _Atomic bool is_removed; /* its directory is, or is being */
    struct tablet_service *service;
    struct tablet_host *host; /* of server 0 */
    struct master *master;
    struct executor *world; /* answers come from here, later; NULL = at once */
    struct dice dice;
    struct fleet_server *servers; /* 0 is the real one */
    size_t server_count;
    struct fleet_tablet **tablets, **buckets;
    size_t tablet_count, tablet_room, bucket_count;
    size_t made_count;     /* tablets of the table as it was made: their region ids are 1 to this */
    _Atomic bool is_ready; /* the master leads */
    uint64_t ready_ns;     /* since then */
    _Atomic uint64_t commands;
    uint64_t opens, closes, lost; /* commands to models; lost: to the dead */
    uint64_t doubles;             /* tablets opened while another life served them: none */
    struct fleet_gaps crash_gaps, close_gaps;
};

/* Prints and ends the program on any failure, as all calls here. */
void fleet_make(struct fleet *fleet, struct env *env, size_t tablets, size_t servers);
void fleet_must(enum status status, const struct error *error);
/* Answers come with delays from now on. */
void fleet_use_time(struct fleet *fleet, uint64_t seed);
/* Removes the directory. */
void fleet_remove(struct fleet *fleet);

/* Tells the master which servers ZooKeeper shows. */
void fleet_show_servers(struct fleet *fleet);
/* A model's process dies: what it served is nobody's from now on. ZooKeeper shows it until is_shown is false. */
void fleet_kill(struct fleet *fleet, struct fleet_server *server);
/* Another life at the same address, registered in the directory and shown. */
void fleet_start(struct fleet *fleet, struct fleet_server *server);
/* A server says what it has, with loads (NULL: only that it lives). `load` is asked for each tablet. STATUS_CLOSED: the
 * master has given it up. */
enum status fleet_report(struct fleet *fleet, const struct fleet_server *server,
    void (*load)(const struct fleet *fleet, const struct fleet_tablet *tablet,
        struct tablet_report *out_report));

/* Tablets that should be served and are not; and whether what the master believes is so. */
size_t fleet_unserved(struct fleet *fleet, size_t *out_wrong);

/* Resident memory now, and at most so far (MB). */
double fleet_resident_mb(void);
double fleet_most_mb(void);

/* Until it is true, which is asked every millisecond; over five minutes end the program. */
void fleet_wait_until(struct fleet *fleet, bool (*is_true)(struct fleet *fleet));
bool fleet_leads(struct fleet *fleet);        /* the master serves */
bool fleet_all_are_open(struct fleet *fleet); /* every tablet that it knows */

#endif
