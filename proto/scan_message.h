/* ScanRequest and ScanResponse (facts: hbase-rpc 4, 4a). */
#ifndef STELE_PROTO_SCAN_MESSAGE_H
#define STELE_PROTO_SCAN_MESSAGE_H

#include "base/arena.h"
#include "model/read.h"
#include "proto/read_message.h"

#define SCANNER_ID_NONE UINT64_MAX

struct scan_message {
    struct region_specifier region; /* value empty: absent */
    bool has_scan;                  /* opens a scanner */
    struct scan_request scan;
    uint64_t max_result_size; /* bytes of an answer; 0 = the server's */
    uint32_t caching;         /* rows of an answer as the Scan has it; 0 = absent */
    uint32_t read_type;       /* written only: Scan.ReadType, 1 stream, 2 pread; 0 = absent */
    bool is_cursor_wanted;
    bool has_scanner_id;
    uint64_t scanner_id;
    bool has_number_of_rows;
    uint32_t number_of_rows;
    bool is_close;
    bool has_next_call_seq;
    uint64_t next_call_seq;
    bool handles_partials;
    bool handles_heartbeats;
    bool tracks_metrics;
    bool is_renew;
    bool has_limit_of_rows;
    uint32_t limit_of_rows;
};

enum status scan_request_decode(
    struct span message, struct arena *arena, struct scan_message *out_scan, struct error *error);
void scan_request_encode(struct buffer *out, const struct scan_message *scan);

/* Scan metrics travel as {name, value}. */
struct scan_metric {
    struct span name;
    int64_t value;
};

/* An answer. With a cell block: cells_per_result and partial_flags, result_count each. Without: the
 * results themselves are in the message (encode: `results` holds result_count ready Result messages
 * one after the other, each as a sized field 5; decode: the fields 5 in their order through
 * scan_response_take_result). */
struct scan_response {
    bool has_scanner_id;
    uint64_t scanner_id;
    bool has_more_results;
    bool more_results;
    bool has_more_results_in_region;
    bool more_results_in_region;
    uint32_t ttl_ms; /* 0 = absent */
    bool is_stale;
    bool is_heartbeat;
    uint64_t read_point;    /* 0 = absent */
    struct span cursor_row; /* data NULL = absent */
    uint32_t *cells_per_result;
    bool *partial_flags; /* NULL: all false */
    size_t result_count;
    struct span results;        /* encode: see above; decode: the whole message */
    size_t inline_result_count; /* decode */
    struct scan_metric *metrics;
    size_t metric_count;
};

void scan_response_encode(struct buffer *out, const struct scan_response *response);
/* Arrays are in the arena, spans borrow from the message. */
enum status scan_response_decode(struct span message, struct arena *arena,
    struct scan_response *out_response, struct error *error);
/* Takes the next inline Result message; false when there are no more. Start with in =
 * response.results. */
bool scan_response_take_result(struct span *in, struct span *out_result);

#endif
