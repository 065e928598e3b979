/* What a tablet server tells the master, about every second: that it serves, what, and under which load.
 *
 * The sender fills it (in standalone by a direct call, else through MasterPeerService.Report); the master copies what
 * it keeps. All spans are the sender's. */
#ifndef STELE_SERVER_MASTER_SERVER_REPORT_H
#define STELE_SERVER_MASTER_SERVER_REPORT_H

#include "model/cluster_view.h"
#include "model/split_policy.h"
#include "proto/server_name.h"
#include "server/master/load_history.h"
#include "storage/storage.h"

/* One open tablet. */
struct tablet_report {
    char id[TABLET_ID_SIZE];
    uint64_t open_sequence;
    float load[VIEW_RESOURCES];
    uint64_t size_bytes;     /* SSTables and memtable */
    struct span region_load; /* the fields of HBase's RegionLoad, ready for GetClusterStatus */
    enum split_reason split_reason; /* not SPLIT_NONE: the policy wants it split */
    struct span split_row;          /* where; empty = where the engine halves it */
};

/* A file that the server has dropped and nobody there reads (store_take_given_up). */
struct given_up_file {
    struct span table_id, file;
};

struct server_report {
    struct server_name server;
    uint64_t requests_per_s, requests_total;
    uint64_t used_mb, most_mb;
    int64_t started_ms;
    uint32_t web_port;
    uint64_t calls[LOAD_CALLS][CALL_BUCKETS]; /* ended since its start, by duration */
    int64_t full_since_ms; /* since then writes are refused for want of space; 0 = they are not */
    uint64_t stalled_ms;   /* for so long the directory has not answered it; 0 = it answers */
    int64_t wall_ms;       /* its clock when it was made; 0 = it does not say */
    const struct tablet_report *tablets;
    size_t tablet_count;
    const struct given_up_file *files;
    size_t file_count;
};

/* What the server is told back. */
struct server_report_answer {
    uint64_t epoch;
    bool splits_by_policy; /* the switch of the shell: requests to split are welcome */
    bool is_sealed;        /* the directory says so, which may not answer it: it must end */
};

#endif
