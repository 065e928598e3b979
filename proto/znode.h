/* What HBase puts around a protobuf message outside its RPC.
 *
 *   in hbase:meta:  "PBUF" | message
 *   in a znode:     0xFF | u32be size of id | id | "PBUF" | message       (id says who wrote it) */
#ifndef STELE_PROTO_ZNODE_H
#define STELE_PROTO_ZNODE_H

#include "proto/server_name.h"

#define PBUF_MAGIC "PBUF"

/* Appends everything before the message. */
void znode_head_put(struct buffer *out, struct span id);
/* The message inside; data without the 0xFF head is accepted, as HBase does. STATUS_INVALID
 * otherwise. */
enum status znode_unwrap(struct span data, struct span *out_message, struct error *error);
/* The message after "PBUF". */
enum status pbuf_unwrap(struct span data, struct span *out_message, struct error *error);

/* ---- Data of HBase's znodes, head and all; `id` as above ---- */

/* hbaseid */
void znode_put_cluster_id(struct buffer *out, struct span id, struct span cluster_id);
/* master, and each of backup-masters; web_port 0 = none */
void znode_put_master(
    struct buffer *out, struct span id, const struct server_name *master, uint32_t web_port);
/* meta-region-server, where hbase:meta is open */
void znode_put_meta(struct buffer *out, struct span id, const struct server_name *server);
/* each of rs */
void znode_put_server(struct buffer *out, struct span id, uint32_t web_port);
/* running */
void znode_put_running(struct buffer *out, struct span id, int64_t started_ms);

/* The web port in the data of master, as znode_put_master wrote it; 0 = none. */
uint32_t znode_take_web_port(struct span data);
/* The server in the data of master or meta-region-server; it points into data. STATUS_INVALID. */
enum status znode_take_server(
    struct span data, struct server_name *out_server, struct error *error);
/* The id in the data of hbaseid, as above. */
enum status znode_take_cluster_id(
    struct span data, struct span *out_cluster_id, struct error *error);

#endif
