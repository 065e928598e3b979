/* Names of servers: host, port and the start code that tells one life of a server from the next. */
#ifndef STELE_PROTO_SERVER_NAME_H
#define STELE_PROTO_SERVER_NAME_H

#include "base/bytes.h"
#include "base/status.h"

struct server_name {
    struct span host;
    uint32_t port;
    uint64_t start_code; /* milliseconds since 1970; 0 = not known */
};

/* "host,port,startcode". */
void server_name_put_text(struct buffer *out, const struct server_name *name);
enum status server_name_parse(struct span text, struct server_name *out_name, struct error *error);
/* The fields of a ServerName message. */
void server_name_encode(struct buffer *out, const struct server_name *name);
enum status server_name_decode(
    struct span message, struct server_name *out_name, struct error *error);
/* "host:port", the last ':' separating; default_port (0 = refuse) when there is none. */
enum status host_port_parse(struct span text, uint32_t default_port, struct span *out_host,
    uint32_t *out_port, struct error *error);

#endif
