/* A tablet log in a world of its own: directory, incarnation, executors, a few tablets, and a
 * record of every append and what became of it. For unit and crash tests of the log; everything
 * runs in the caller's thread. */
#ifndef STELE_TESTS_LOG_WORLD_H
#define STELE_TESTS_LOG_WORLD_H

#include "storage/log.h"
#include "storage/plan.h"

#define LOG_WORLD_TABLETS 3

struct log_world;

/* One append. Its body is "<tablet>:<number>:" and filler. */
struct log_world_entry {
    struct log_entry entry; /* first */
    struct log_world *world;
    struct log_world_entry *next; /* in the order of appended() */
    unsigned tablet;
    unsigned number;  /* from 0, in the order of log_world_append */
    bool is_appended; /* appended() with STATUS_OK */
    uint64_t calls;   /* I/O calls of the world before that */
    bool is_refused;
    bool is_durable;              /* durable() with STATUS_OK */
    bool is_done;                 /* no callback is due any more */
    struct log_world_entry *then; /* appended from inside appended() */
    uint8_t *body;
};

struct log_world {
    struct env *env;
    struct directory directory;
    struct env_file *alive;
    struct executor *upkeep;
    struct log *log;
    struct log_tablet tablets[LOG_WORLD_TABLETS];
    bool has_died;
    struct error death;
    unsigned pressed[LOG_WORLD_TABLETS]; /* how often asked to flush */
    struct log_world_entry **entries;    /* all, by number */
    size_t entry_count;
    struct log_world_entry *first_appended, *last_appended;
    uint64_t segment_bytes;
    uint64_t total_bytes;
};

/* Sizes for log_config; 0 = 64 KiB segments, no bound. Opens nothing yet. */
void log_world_init(
    struct log_world *world, struct env *env, const char *root, const char *incarnation);
/* Makes the directory, registers, opens the log. */
enum status log_world_open(struct log_world *world, struct error *error);
/* As a crash: memory goes, files stay. */
void log_world_deinit(struct log_world *world);

/* Submits one append of `size` bytes of body. */
struct log_world_entry *log_world_append(
    struct log_world *world, unsigned tablet, size_t size, enum durability durability);
struct log_world_entry *log_world_barrier(struct log_world *world, unsigned tablet);
/* Makes an append that `after` submits from inside its appended(). */
struct log_world_entry *log_world_append_then(
    struct log_world_entry *after, unsigned tablet, size_t size);
/* Runs everything that is ready (timers within 10 ms of virtual time). */
void log_world_run(struct log_world *world);
/* Closes the log cleanly. */
void log_world_close(struct log_world *world);

/* What recovery finds for a tablet: seals the incarnation, makes its plan and reads it. Calls
 * each() in order. */
enum status log_world_recover(struct env *env, const char *root, const char *incarnation,
    const char *tablet_id,
    enum status (*each)(void *context, const struct log_record *record, struct error *error),
    void *context, struct error *error);
const char *log_world_tablet_id(unsigned tablet);

#endif
