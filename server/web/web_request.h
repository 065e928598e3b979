/* A request on the web port as its handler sees it: method, path in segments, parameters, headers that count, body.
 *
 *   "/api/v1/tables/a%2Fb/tablets?limit=3"  ->  segments api | v1 | tables | a/b | tablets;  limit = "3"
 *
 * Pure: no sockets, no libevent, so that tests and the fuzzer call it as it is. All bytes are from outside: segments
 * and values are any bytes once they are decoded. Everything lives in the arena that it was parsed into, or is borrowed
 * from the caller. */
#ifndef STELE_SERVER_WEB_WEB_REQUEST_H
#define STELE_SERVER_WEB_WEB_REQUEST_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/status.h"

enum web_method { WEB_GET, WEB_HEAD, WEB_POST, WEB_OTHER_METHOD };

struct web_parameter {
    struct span name, value;
};

struct web_request {
    enum web_method method;
    struct span segments[LIMIT_WEB_SEGMENTS];
    size_t segment_count; /* "/" has none */
    struct span path;     /* as it came, without the query */
    struct web_parameter parameters[LIMIT_WEB_PARAMETERS];
    size_t parameter_count;
    /* Headers, borrowed; empty when absent. */
    struct span host, origin, fetch_site, token, content_type, if_none_match;
    bool accepts_gzip;
    bool is_host_doubled; /* more than one Host: nobody knows which is meant */
    struct span body;
};

/* Splits and decodes the target of a request line. STATUS_INVALID says what is wrong with it. */
enum status web_request_parse(
    struct span target, struct arena *arena, struct web_request *out_request, struct error *error);

/* The parameter, or NULL. */
const struct span *web_request_find(const struct web_request *request, const char *name);

/* ---- Values of parameters: STATUS_INVALID names the parameter ---- */

/* A whole number from least to most; `otherwise` when it is absent. */
enum status web_request_number(const struct web_request *request, const char *name,
    int64_t otherwise, int64_t least, int64_t most, int64_t *out_value, struct error *error);
/* "true", "false"; empty counts as true. */
enum status web_request_flag(
    const struct web_request *request, const char *name, bool *out_flag, struct error *error);
/* One of `names` (NULL ends them): its index; `otherwise` when it is absent. */
enum status web_request_choice(const struct web_request *request, const char *name,
    const char *const *names, size_t otherwise, size_t *out_index, struct error *error);
/* A key: text with \xNN, or base64 (either alphabet, padding or not) after "b64:". Empty when it is absent. */
enum status web_request_key(const struct web_request *request, const char *name,
    struct arena *arena, struct span *out_key, struct error *error);

/* base64 with '+/' or '-_', '=' at the end or not. False: it is none, or no memory. */
bool web_base64_decode(struct span text, struct arena *arena, struct span *out_bytes);
/* Appends, with '+/' and '='. */
void web_base64_encode(struct span bytes, struct buffer *out_text);

#endif
