/* Region work: a job over the regions of a target (a table, or one region), some at a time. */
#ifndef STELE_CLIENT_REGION_WORK_H
#define STELE_CLIENT_REGION_WORK_H

#include "client/job.h"
#include "client/listing.h"
#include "client/operation.h"

struct region_work;

/* Begins the work on one region; it ends with region_work_done, not from inside. */
typedef void region_function(struct region_work *work, const struct stele_region *region);

struct region_work {
    struct job job;
    struct listing listing;
    struct buffer target, row; /* what to list; row: LISTING_OF_ROW, or the work's own argument */
    enum listing_of of;
    region_function *each;  /* NULL: the list is the result */
    const char *method;     /* the work's own, and the rest */
    struct buffer argument; /* a message */
    struct buffer text;
    bool is_flag;
    size_t next;
    size_t in_flight;
    bool is_asked; /* some region was worked on */
};

/* NULL on no memory. */
struct region_work *region_work_new(struct stele_client *client, enum listing_of of,
    struct stele_bytes target, region_function *each);
/* One region is done, or failed: the first failure is the job's, and begins no others. */
void region_work_done(struct region_work *work, const struct stele_error *error);
/* The same, as the completion of an operation. */
stele_done_function region_work_on_done;

/* A region function: calls work->method of the AdminService with work->argument. Compaction states
 * in the answers join in job.result.number. */
region_function region_work_call_admin;

#endif
