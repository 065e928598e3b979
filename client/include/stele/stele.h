/* libstele: a C client for Stele and for Apache HBase 2.5 and 2.6.
 *
 *   struct stele_client *client;
 *   struct stele_error error;
 *   if (stele_connect("127.0.0.1:16000", &client, &error))
 *       fprintf(stderr, "%s\n", error.message);
 *   struct stele_table *table = stele_table_open(client, STELE_TEXT("t1"));
 *   stele_put_column(table, STELE_TEXT("row"), STELE_TEXT("f"), STELE_TEXT("q"),
 *       STELE_TEXT("value"), &error);
 *
 * Three ways to run a client, chosen in stele_options:
 *   STELE_RUN_THREAD   the library runs its loop on a thread of its own (the default). Every call may
 *                      be made from any thread; completions of asynchronous calls run on the library's
 *                      thread.
 *   STELE_RUN_INLINE   no thread: the loop runs inside synchronous calls and inside stele_client_run,
 *                      on the thread that calls. One thread at a time. The fastest for a program that
 *                      waits for its answers.
 *   STELE_RUN_ON_LOOP  on a libevent loop that the caller owns and runs: all calls come from that
 *                      loop's thread. Synchronous calls run the loop until they are done, so not from
 *                      inside its callbacks.
 *
 * Ownership. Bytes given to a call are borrowed while the call is made and copied as needed: once a
 * call returns, synchronous or not, its arguments may go. What a synchronous call gives out is
 * freed by the function named there. What an asynchronous completion is given is borrowed for the
 * completion.
 *
 * Errors. Every call that can fail returns enum stele_status and fills the struct stele_error (NULL
 * is fine). Calls are retried inside as HBase's client does, by the class of the exception, until
 * the attempts or the time of the operation run out; what is reported then is the last failure.
 *
 * Units: times and time-outs in milliseconds, sizes in bytes, timestamps in milliseconds since 1970
 * unless the writer chose otherwise. */
#ifndef STELE_H
#define STELE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STELE_VERSION_MAJOR 0
#define STELE_VERSION_MINOR 1

/* The library's version, "0.1.0". */
const char *stele_version(void);

/* ---- Bytes and errors ---- */

struct stele_bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct stele_bytes stele_bytes(const void *data, size_t size)
{
    struct stele_bytes bytes = {(const uint8_t *)data, size};
    return bytes;
}

static inline struct stele_bytes stele_text(const char *text)
{
    return stele_bytes(text, strlen(text));
}

#define STELE_TEXT(literal) stele_bytes("" literal, sizeof(literal) - 1)
#define STELE_NO_BYTES      stele_bytes(NULL, 0)

enum stele_status {
    STELE_OK = 0,
    STELE_END,         /* a scanner has no more rows; not a failure */
    STELE_NOT_FOUND,   /* the table, namespace or region does not exist */
    STELE_EXISTS,      /* the table or namespace exists already */
    STELE_WRONG_STATE, /* the table is enabled, or disabled, and must not be */
    STELE_NO_FAMILY,   /* a column family that the table does not have */
    STELE_INVALID,     /* an argument is wrong, here or by the server's judgement */
    STELE_UNSUPPORTED, /* the server does not know the call or the filter */
    STELE_ACCESS_DENIED,
    STELE_BUSY,         /* overloaded or throttled, and stayed so through every attempt */
    STELE_TIMEOUT,      /* the operation's or the call's time ran out */
    STELE_CONNECTION,   /* the server or ZooKeeper cannot be reached, or the connection broke */
    STELE_SCANNER_LOST, /* a scanner could not be resumed */
    STELE_CANCELLED,    /* stele_client_interrupt, or the client is closing */
    STELE_NO_MEMORY,
    STELE_PROTOCOL, /* the server's answer cannot be read */
    STELE_REMOTE,   /* any other exception of the server: see exception_class */
};

/* The enumerator in words: "not found". */
const char *stele_status_name(enum stele_status status);

/* A pair: of a schema, verbatim as the server keeps it (VERSIONS -> "3"); of a get, scan or mutation,
 * what is told to the server beside it (HBase's operation attributes). */
struct stele_attribute {
    struct stele_bytes key;
    struct stele_bytes value;
};

struct stele_error {
    enum stele_status status;
    uint32_t attempts;         /* calls made for the operation; 0 when it failed before the first */
    char exception_class[160]; /* the Java class when a server said so, else empty */
    char message[1024]; /* one sentence; for an exception the server's text up to its stack trace */
};

/* ---- The client ---- */

struct stele_client;
struct stele_table;
struct event_base;

enum stele_run { STELE_RUN_THREAD, STELE_RUN_INLINE, STELE_RUN_ON_LOOP };

struct stele_options {
    /* Where the cluster is: one of the two. */
    const char *connect;   /* "host:port,..." of any server of it (HBase's RPC registry) */
    const char *zookeeper; /* "host:port,...[/znode]"; default port 2181, default znode /hbase */
    const char *user;      /* the name told to servers; NULL: the operating system's */
    enum stele_run run;
    struct event_base *loop;       /* STELE_RUN_ON_LOOP */
    uint32_t rpc_timeout_ms;       /* of one call: 60,000 */
    uint32_t operation_timeout_ms; /* of an operation with all its retries: 1,200,000 */
    uint32_t connect_timeout_ms;   /* of a TCP connection or a ZooKeeper session: 10,000 */
    uint32_t retries;              /* attempts after the first: 15 */
    /* the unit of back-off: 100; multiplied 1 2 3 5 10 20 40 100 100 100 100 200 ... */
    uint32_t pause_ms;
    uint32_t pause_overloaded_ms; /* the unit when the server is overloaded: 100 */
};

/* Fills in the defaults above. */
void stele_options_init(struct stele_options *options);

/* Makes a client. Connects to nothing yet: the first call does. The options are copied.
 * STELE_INVALID: no place or an unreadable one; STELE_NO_MEMORY. Free with stele_client_close. */
enum stele_status stele_client_open(const struct stele_options *options,
    struct stele_client **out_client, struct stele_error *error);
/* The short form: defaults, by "host:port,..." or, when `place` begins with "zk://", by ZooKeeper.
 * Does connect: an unreachable cluster is found here (one attempt each way, no retries). */
enum stele_status stele_connect(
    const char *place, struct stele_client **out_client, struct stele_error *error);
/* Ends every call with STELE_CANCELLED, closes connections, frees. Tables and scanners must be
 * closed before. Not from a completion. NULL is fine. */
void stele_client_close(struct stele_client *client);

/* STELE_RUN_INLINE: runs the loop until nothing is in flight, timeout_ms passed, or
 * stele_client_interrupt was called; an interrupt that met no call is taken back by this one. */
void stele_client_run(struct stele_client *client, uint32_t timeout_ms);
/* Makes the synchronous call that waits now, or the next one, return STELE_CANCELLED. Safe in a
 * signal handler. */
void stele_client_interrupt(struct stele_client *client);
/* The cluster's id. The text is the client's. */
enum stele_status stele_cluster_id(
    struct stele_client *client, const char **out_id, struct stele_error *error);
/* Calls in flight now, retries that wait included. */
size_t stele_client_in_flight(const struct stele_client *client);

/* A handle of a table, by "name" or "namespace:name". No I/O: the table need not exist. Holds the
 * client's map of its regions. NULL on no memory. */
struct stele_table *stele_table_open(struct stele_client *client, struct stele_bytes name);
void stele_table_close(struct stele_table *table); /* NULL is fine; calls in flight go on */
struct stele_bytes stele_table_name(const struct stele_table *table);

/* ---- Cells ---- */

enum stele_cell_type {
    STELE_CELL_PUT = 4,
    STELE_CELL_DELETE = 8, /* the version with exactly this timestamp */
    /* every cell of the family with exactly this timestamp */
    STELE_CELL_DELETE_FAMILY_VERSION = 10,
    STELE_CELL_DELETE_COLUMN = 12, /* every version of the column up to this timestamp */
    STELE_CELL_DELETE_FAMILY = 14, /* every cell of the family up to this timestamp */
};

#define STELE_LATEST INT64_MAX /* "the server's now" */

struct stele_cell {
    struct stele_bytes row;
    struct stele_bytes family;
    struct stele_bytes qualifier;
    struct stele_bytes value;
    struct stele_bytes tags; /* HBase's encoding; usually empty */
    int64_t timestamp;
    uint64_t sequence; /* 0: it does not travel */
    uint8_t type;      /* enum stele_cell_type */
};

/* A row, or the part of it that was asked for. Zero cells: there is no such row. */
struct stele_result {
    const struct stele_cell *cells; /* in HBase's order: family, qualifier, newest first */
    size_t cell_count;
    bool exists;     /* the answer of an existence-only get; else cell_count > 0 */
    bool is_partial; /* more cells of this row follow in the next result */
    bool is_stale;
    void *memory; /* the library's */
};

/* Frees what a synchronous call filled in, and zeroes it. A zeroed result is fine. */
void stele_result_free(struct stele_result *result);

/* ---- Reading ---- */

struct stele_filter;

struct stele_column {
    struct stele_bytes family;
    struct stele_bytes qualifier;
    bool is_whole_family; /* qualifier is not looked at */
};

struct stele_time_range {
    int64_t from; /* inclusive */
    int64_t to;   /* exclusive */
};

/* What gets and scans share. */
struct stele_read {
    const struct stele_column *columns; /* none: every family */
    size_t column_count;
    struct stele_time_range time_range; /* 0, INT64_MAX */
    uint32_t max_versions;              /* 1 */
    uint32_t store_limit;               /* cells per row and family; 0: no limit */
    uint32_t store_offset;
    const struct stele_filter *filter; /* or NULL */
    bool is_raw;                       /* delete markers and deleted cells too */
    bool is_uncommitted;               /* HBase's READ_UNCOMMITTED */
    bool is_cached;                    /* blocks read stay in the server's cache: true */
    bool is_timeline; /* HBase's Consistency.TIMELINE: the answer may be a little old */
    const struct stele_attribute *attributes; /* a server without a use for one passes it over */
    size_t attribute_count;
};

struct stele_get {
    struct stele_bytes row;
    struct stele_read read;
    bool is_existence_only;
    uint32_t timeout_ms; /* of the operation; 0: the client's */
};

void stele_get_init(struct stele_get *get, struct stele_bytes row);

/* Reads one row. A missing row is STELE_OK with no cells. Free the result with stele_result_free.
 */
enum stele_status stele_get(struct stele_table *table, const struct stele_get *get,
    struct stele_result *out_result, struct stele_error *error);

/* Called once when an asynchronous get, append or increment, or conditional mutation ends.
 * error->status is STELE_OK or why not; result is borrowed; is_processed tells whether a
 * conditional mutation happened (else true). */
typedef void stele_result_function(void *context, const struct stele_error *error,
    const struct stele_result *result, bool is_processed);

/* Starts a get. The completion is always called, once, never from inside this call. */
void stele_get_async(struct stele_table *table, const struct stele_get *get,
    stele_result_function *done, void *context);

/* ---- Writing ---- */

enum stele_mutation_kind { STELE_APPEND = 0, STELE_INCREMENT = 1, STELE_PUT = 2, STELE_DELETE = 3 };

enum stele_durability {
    STELE_DURABILITY_DEFAULT = 0,
    STELE_SKIP_WAL = 1,
    STELE_ASYNC_WAL = 2,
    STELE_SYNC_WAL = 3,
    STELE_FSYNC_WAL = 4,
};

/* One row's change. The cells' rows are not looked at. Values: of an increment 8 bytes big-endian
 * to add (stele_store_i64), of an append the bytes to add. A put may hold delete markers; a delete
 * holds only markers, and without cells deletes the whole row up to `timestamp`. */
struct stele_mutation {
    enum stele_mutation_kind kind;
    struct stele_bytes row;
    const struct stele_cell *cells;
    size_t cell_count;
    int64_t timestamp; /* of a delete without cells: STELE_LATEST */
    enum stele_durability durability;
    int64_t ttl_ms; /* of the cells; 0: the family's; below 0: gone as soon as written */
    struct stele_time_range time_range; /* append, increment: which existing cells count */
    bool is_result_wanted;              /* append, increment: true */
    uint32_t timeout_ms;                /* of the operation; 0: the client's */
    const struct stele_attribute *attributes;
    size_t attribute_count;
};

void stele_mutation_init(
    struct stele_mutation *mutation, enum stele_mutation_kind kind, struct stele_bytes row);

/* Does it: put, delete, append or increment. out_result (NULL: not wanted) gets the new cells of an
 * append or an increment; free it. Appends and increments carry a nonce, so that a retry does not
 * count twice. */
enum stele_status stele_mutate(struct stele_table *table, const struct stele_mutation *mutation,
    struct stele_result *out_result, struct stele_error *error);
void stele_mutate_async(struct stele_table *table, const struct stele_mutation *mutation,
    stele_result_function *done, void *context);

/* Short forms for one column, at the server's now. */
enum stele_status stele_put_column(struct stele_table *table, struct stele_bytes row,
    struct stele_bytes family, struct stele_bytes qualifier, struct stele_bytes value,
    struct stele_error *error);
/* All versions of the column; family empty: the whole row. */
enum stele_status stele_delete_column(struct stele_table *table, struct stele_bytes row,
    struct stele_bytes family, struct stele_bytes qualifier, struct stele_error *error);
/* out_value (NULL: not wanted) gets the counter's new value. */
enum stele_status stele_increment_column(struct stele_table *table, struct stele_bytes row,
    struct stele_bytes family, struct stele_bytes qualifier, int64_t amount, int64_t *out_value,
    struct stele_error *error);

/* Numbers as HBase's Bytes.toBytes(long) has them: big-endian. */
void stele_store_i64(uint8_t out_bytes[8], int64_t value);
int64_t stele_load_i64(const uint8_t bytes[8]);

enum stele_compare {
    STELE_LESS = 0,
    STELE_LESS_OR_EQUAL = 1,
    STELE_EQUAL = 2,
    STELE_NOT_EQUAL = 3,
    STELE_GREATER_OR_EQUAL = 4,
    STELE_GREATER = 5,
};

/* When a conditional mutation happens: the row matches the filter, or `value compare stored` holds
 * for the newest version of the column (in this order: STELE_GREATER means the given value is the
 * greater). An empty value asks about presence: STELE_EQUAL = the column is absent, STELE_NOT_EQUAL
 * = it is there. */
struct stele_condition {
    const struct stele_filter *filter; /* when set, the column is not looked at */
    struct stele_bytes family;
    struct stele_bytes qualifier;
    enum stele_compare compare;
    struct stele_bytes value;
    struct stele_time_range time_range;
};

void stele_condition_init(struct stele_condition *condition);

/* Mutates the row if the condition holds on it, atomically. *out_is_processed tells. */
enum stele_status stele_check_and_mutate(struct stele_table *table,
    const struct stele_condition *condition, const struct stele_mutation *mutation,
    struct stele_result *out_result, bool *out_is_processed, struct stele_error *error);
void stele_check_and_mutate_async(struct stele_table *table,
    const struct stele_condition *condition, const struct stele_mutation *mutation,
    stele_result_function *done, void *context);

/* Several mutations of one row, all or none (HBase RowMutations); condition NULL: always. All rows
 * must be equal. out_result (NULL: not wanted) gets the merged results of appends and increments.
 */
enum stele_status stele_mutate_row(struct stele_table *table,
    const struct stele_condition *condition, const struct stele_mutation *mutations, size_t count,
    struct stele_result *out_result, bool *out_is_processed, struct stele_error *error);
void stele_mutate_row_async(struct stele_table *table, const struct stele_condition *condition,
    const struct stele_mutation *mutations, size_t count, stele_result_function *done,
    void *context);

/* ---- Batches ---- */

/* One action: exactly one of the two is set. */
struct stele_action {
    const struct stele_get *get;
    const struct stele_mutation *mutation;
};

struct stele_outcome {
    struct stele_error *error;  /* NULL: it succeeded */
    struct stele_result result; /* of gets, appends, increments */
};

/* The outcomes of a batch, one for each action in its order. */
struct stele_batch {
    struct stele_outcome *outcomes;
    size_t count;
    size_t failed_count;
    void *memory;
};

void stele_batch_free(struct stele_batch *batch);

/* Sends the actions grouped by server, all servers at once, and retries what failed for a while.
 * Each action is atomic, the batch is not, and its order is not kept. STELE_OK when every action
 * succeeded; else the status of the first that failed, with the others in out_batch, which is
 * always to be freed. */
enum stele_status stele_batch(struct stele_table *table, const struct stele_action *actions,
    size_t count, struct stele_batch *out_batch, struct stele_error *error);

/* error is that of the first action that failed; batch is borrowed. */
typedef void stele_batch_function(
    void *context, const struct stele_error *error, const struct stele_batch *batch);
void stele_batch_async(struct stele_table *table, const struct stele_action *actions, size_t count,
    stele_batch_function *done, void *context);

/* ---- Scanning
 * -------------------------------------------------------------------------------------------------
 */

struct stele_scanner;

/* How the server reads its files (HBase's Scan.ReadType): its own choice, for a long scan, or for a
 * short one. */
enum stele_read_type { STELE_READ_DEFAULT = 0, STELE_READ_STREAM = 1, STELE_READ_PREAD = 2 };

struct stele_scan {
    struct stele_bytes start_row; /* empty: from the end it starts at */
    struct stele_bytes stop_row;  /* empty: to the other end */
    bool is_start_inclusive;      /* true */
    bool is_stop_inclusive;       /* false */
    bool is_reversed;             /* rows descend: start_row is the high end */
    struct stele_read read;
    uint32_t batch;           /* most cells of a result; 0: whole rows */
    uint64_t limit;           /* most rows; 0: all */
    uint32_t caching;         /* most rows of a call; 0: as many as fit max_result_size */
    uint64_t max_result_size; /* bytes of a call: 2 MiB */
    /* results may be parts of rows, as they come; else rows are put together */
    bool allows_partial;
    bool tracks_metrics;
    enum stele_read_type read_type;
    bool prefetches;     /* true: the next call is under way while results are read */
    uint32_t timeout_ms; /* of each wait for results; 0: the client's operation time-out */
};

void stele_scan_init(struct stele_scan *scan);

/* Makes a scanner; no I/O. NULL on no memory. It copies what it needs of `scan`. A scanner is used
 * by one thread at a time. */
struct stele_scanner *stele_scanner_open(struct stele_table *table, const struct stele_scan *scan);
/* The next row: STELE_OK, STELE_END after the last, or a failure, which every later call then gives again.
 * The result is borrowed until the next call on this scanner. */
enum stele_status stele_scanner_next(struct stele_scanner *scanner,
    const struct stele_result **out_result, struct stele_error *error);
/* As many rows as are at hand, at least one: the fast way. Borrowed until the next call. */
enum stele_status stele_scanner_next_rows(struct stele_scanner *scanner,
    const struct stele_result **out_results, size_t *out_count, struct stele_error *error);
/* error->status: STELE_OK with rows, STELE_END, or a failure. Rows are borrowed until the next call
 * on the scanner. One next at a time. */
typedef void stele_rows_function(void *context, const struct stele_error *error,
    const struct stele_result *results, size_t count);
void stele_scanner_next_async(
    struct stele_scanner *scanner, stele_rows_function *done, void *context);
/* Keeps the server's scanner alive while the caller is slow. */
enum stele_status stele_scanner_renew(struct stele_scanner *scanner, struct stele_error *error);

struct stele_metric {
    /* As in HBase's ScanMetrics: of the server "ROWS_SCANNED", "BYTES_READ_FROM_FS" ...; of the client "RPC_CALLS",
     * "REGIONS_SCANNED", "BYTES_IN_RESULTS" ... Times are milliseconds: "MILLIS_BETWEEN_NEXTS" is that of the calls. */
    const char *name;
    int64_t value;
};
/* Counts so far, sorted by name; the server's are there when tracks_metrics was set. The array is
 * the scanner's. */
void stele_scanner_metrics(
    struct stele_scanner *scanner, const struct stele_metric **out_metrics, size_t *out_count);
/* Closes the server's scanner too, without waiting for that. NULL is fine. Not while a next is
 * under way. */
void stele_scanner_close(struct stele_scanner *scanner);

/* ---- Filters ---- */

/* Filters are immutable and counted: a call that uses one holds it as long as it needs it. All
 * constructors give NULL on no memory only. */

/* HBase's filter language: "PrefixFilter('a') AND ValueFilter(=, 'substring:x')". STELE_INVALID
 * with HBase's words. */
enum stele_status stele_filter_parse(
    struct stele_bytes text, struct stele_filter **out_filter, struct stele_error *error);
void stele_filter_free(struct stele_filter *filter); /* drops the caller's hold; NULL is fine */

enum stele_comparator {
    STELE_BINARY,
    STELE_BINARY_PREFIX,
    STELE_SUBSTRING,
    STELE_REGEX,
    STELE_REGEX_NO_CASE,
    STELE_NULL,
    STELE_LONG /* operand: 8 bytes big-endian */,
};

struct stele_filter *stele_filter_prefix(struct stele_bytes prefix);
struct stele_filter *stele_filter_column_prefix(struct stele_bytes prefix);
struct stele_filter *stele_filter_column_range(struct stele_bytes from, bool is_from_inclusive,
    struct stele_bytes to, bool is_to_inclusive); /* data NULL: open */
struct stele_filter *stele_filter_row(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand);
struct stele_filter *stele_filter_family(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand);
struct stele_filter *stele_filter_qualifier(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand);
struct stele_filter *stele_filter_value(
    enum stele_compare compare, enum stele_comparator comparator, struct stele_bytes operand);
/* Keeps rows whose column passes (HBase SingleColumnValueFilter). if_missing: rows without the column are dropped, else
 * kept. is_latest_only: only the newest version counts, else any that passes is enough. */
struct stele_filter *stele_filter_column_value(struct stele_bytes family,
    struct stele_bytes qualifier, enum stele_compare compare, enum stele_comparator comparator,
    struct stele_bytes operand, bool if_missing, bool is_latest_only);
struct stele_filter *stele_filter_first_key_only(void);
struct stele_filter *stele_filter_key_only(bool is_length_as_value);
struct stele_filter *stele_filter_page(int64_t rows); /* per region, as HBase's */
struct stele_filter *stele_filter_timestamps(const int64_t *timestamps, size_t count);
/* All must pass (AND), or one (OR). Holds its parts itself: the caller's holds stay the caller's.
 */
struct stele_filter *stele_filter_all(struct stele_filter *const *filters, size_t count);
struct stele_filter *stele_filter_one(struct stele_filter *const *filters, size_t count);

#ifdef __cplusplus
}
#endif

#include "admin.h" /* tables and their schemas, regions, snapshots, the cluster */

#endif
