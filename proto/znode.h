/* What HBase puts around a protobuf message outside its RPC.
 *
 *   in hbase:meta:  "PBUF" | message
 *   in a znode:     0xFF | u32be size of id | id | "PBUF" | message       (id says who wrote it) */
#ifndef STELE_PROTO_ZNODE_H
#define STELE_PROTO_ZNODE_H

#include "base/bytes.h"
#include "base/status.h"

#define PBUF_MAGIC "PBUF"

/* Appends everything before the message. */
void znode_head_put(struct buffer *out, struct span id);
/* The message inside; data without the 0xFF head is accepted, as HBase does. STATUS_INVALID
 * otherwise. */
enum status znode_unwrap(struct span data, struct span *out_message, struct error *error);
/* The message after "PBUF". */
enum status pbuf_unwrap(struct span data, struct span *out_message, struct error *error);

#endif
