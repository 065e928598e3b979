/* JSON of the API: what is not in jansson itself. All return new references, NULL on no memory. */
#ifndef STELE_SERVER_WEB_WEB_JSON_H
#define STELE_SERVER_WEB_WEB_JSON_H

#include <jansson.h>

#include "base/bytes.h"
#include "server/hbase/service.h"

#define WEB_TEXT_SIZE_MAX 200 /* of the form for people */

/* {"b64", "text"}: bytes as docs/api.md has them. most: only so many bytes go into b64 (SIZE_MAX: all). */
json_t *web_json_bytes(struct span bytes);
json_t *web_json_bytes_cut(struct span bytes, size_t most);
/* A string; what is not UTF-8 goes out as \xNN. */
json_t *web_json_text(struct span text);
json_t *web_json_string(const char *text); /* NULL -> null */
/* null when it is not finite. */
json_t *web_json_number(double value);
/* Counters are below 2^63. */
json_t *web_json_count(uint64_t value);
/* "default:t" -> "t": as the shell prints names. */
struct span web_table_name(struct span name);

/* A key of an action's body, {"b64"} or {"text"}, in the arena. False: it is none. */
bool web_json_take_key(const json_t *value, struct arena *arena, struct span *out_key);

#endif
