/* The master: the catalogue of tables, and the procedures that change it (design 6).
 *
 *   request -> master_submit -> [master executor]  validate -> write state -> action -> event -> write state -> ...
 *                                                     |                        ^
 *                                                     v                        |
 *                                            engine, workers, meta tablet -----'
 *
 * One executor of one thread, "master", runs all decisions and its file I/O; what takes long (opening and closing
 * tablets, writing meta) is handed out and comes back as a task. Procedures of one table run one after another, of
 * different tables side by side. Readers (listings, descriptors, status) look at the catalogue under its mutex. */
#ifndef STELE_SERVER_MASTER_MASTER_H
#define STELE_SERVER_MASTER_MASTER_H

#include "proto/server_name.h"
#include "server/master/catalogue.h"
#include "server/master/procedure.h"
#include "server/tablet/tablet_service.h"

struct master;

struct master_config {
    struct env *env;
    struct store *store;
    struct tablet_service *tablets;
    struct server_name name; /* ours, as clients are told; borrowed for the master's life */
};

/* Worker or main. Reads the directory, makes hbase:meta and the built-in namespaces at the first start, and starts the
 * executor. No tablet is open yet. */
enum status master_new(
    const struct master_config *config, struct master **out_master, struct error *error);
/* Any. Opens hbase:meta, then every enabled table's tablets, then takes up unfinished procedures; `ready` runs as
 * soon as meta is open (status OK) or cannot be (the reason). The other tablets open meanwhile. */
void master_start(struct master *master,
    void (*ready)(void *context, enum status status, const struct error *error), void *context);
/* True once master_start's `ready` has run with STATUS_OK. Any. */
bool master_is_ready(const struct master *master);
/* Any. No new procedures; those under way stop at their next step (it is on disk). */
void master_stop(struct master *master);
/* Waits for the executor. NULL is fine. Not from an executor. */
void master_free(struct master *master);

/* Read under catalogue->mutex. */
struct catalogue *master_catalogue(struct master *master);

/* ---- Changes ---- */

/* A change asked for, and its answer. The requester's memory, arena included, until done() runs. */
struct master_request {
    struct task task;            /* the master's */
    struct master *master;       /* the master's */
    struct master_request *next; /* the master's */
    enum master_operation {
        MASTER_CREATE_TABLE, /* schema, split_keys */
        MASTER_DELETE_TABLE, /* table */
        MASTER_ENABLE_TABLE,
        MASTER_DISABLE_TABLE,
        MASTER_TRUNCATE_TABLE, /* table, keeps_splits */
        MASTER_MODIFY_TABLE,   /* table, schema */
        MASTER_ADD_FAMILY,     /* table, family */
        MASTER_MODIFY_FAMILY,
        MASTER_DELETE_FAMILY,    /* table, family.name */
        MASTER_CREATE_NAMESPACE, /* namespace_name, configuration */
        MASTER_MODIFY_NAMESPACE,
        MASTER_DELETE_NAMESPACE,
    } operation;
    struct arena *arena; /* for what the master makes of the request */
    struct span table;
    struct table_schema schema;
    struct family_schema family;
    const struct span *split_keys;
    size_t split_key_count;
    bool keeps_splits;
    struct span namespace_name;
    const struct attribute *configuration;
    size_t configuration_count;
    uint64_t nonce_group,
        nonce; /* a repeat of a request under way or just done gets its procedure id */
    /* answers */
    const char *exception_class; /* Java class, or NULL: it was accepted */
    struct error error;          /* the exception's text */
    uint64_t procedure_id;
    void (*done)(struct master_request *request); /* on the master's executor */
};

/* Any. done() runs once the change is made, or refused, or, when it takes longer than MASTER_ANSWER_MS, is on disk
 * and under way. */
#define MASTER_ANSWER_MS 400
void master_submit(struct master *master, struct master_request *request);

enum procedure_state { PROCEDURE_NOT_FOUND = 0, PROCEDURE_RUNNING = 1, PROCEDURE_FINISHED = 2 };

struct procedure_result {
    enum procedure_state state;
    int64_t submitted_ms;
    int64_t updated_ms;
    const char *exception_class; /* or NULL: static */
    char message[ERROR_MESSAGE_SIZE];
};

/* Any. Results are kept for ten minutes, and not over a restart. */
void master_procedure_result(
    struct master *master, uint64_t procedure_id, struct procedure_result *out_result);

#endif
