/* Regions as the wire names them (HBase RegionInfo; facts: hbase-rpc 7c).
 *
 * A region's name is `table,startkey,regionid.md5.`: md5 is that of all before its dot, and is the
 * encoded name. hbase:meta's only region is the exception: `hbase:meta,,1`, encoded 1588230740. */
#ifndef STELE_PROTO_REGION_H
#define STELE_PROTO_REGION_H

#include "base/bytes.h"
#include "base/status.h"

#define META_TABLE_NAME   "hbase:meta"
#define META_REGION_NAME  "hbase:meta,,1"
#define META_ENCODED_NAME "1588230740"
#define ENCODED_NAME_SIZE 32

struct region_info {
    uint64_t region_id; /* creation time in milliseconds */
    struct span table;  /* "ns:name", or bare for namespace default */
    struct span start_key;
    struct span end_key; /* empty = no end */
    bool is_offline;
    bool is_split;
    int32_t replica_id;
};

/* How a request says which region it means. */
struct region_specifier {
    struct span value;
    bool is_encoded; /* value is the encoded name, else the whole name */
};

/* Appends the name, with its md5 part. */
void region_name_put(
    struct buffer *out, struct span table, struct span start_key, uint64_t region_id);
/* The encoded name of a whole name: what stands between the last two dots; a name without that part
 * gives its md5's text in `storage`. The answer points into name or storage. */
struct span region_encoded_name(struct span name, char storage[ENCODED_NAME_SIZE + 1]);
/* Splits `table,startkey,id...` at its first and last comma. STATUS_INVALID without two of them. */
enum status region_name_split(
    struct span name, struct span *out_table, struct span *out_start_key, struct span *out_id);

/* The fields of a RegionInfo message; decoding borrows from it, except a table name in a namespace
 * of its own, whose "ns:name" is put in `storage` (at least LIMIT_TABLE_NAME_SIZE bytes). */
void region_info_encode(struct buffer *out, const struct region_info *info);
enum status region_info_decode(
    struct span message, uint8_t *storage, struct region_info *out_info, struct error *error);

/* The fields of a TableName message, from and to "ns:name" text; storage as above. */
void table_name_encode(struct buffer *out, struct span name);
enum status table_name_decode(
    struct span message, uint8_t *storage, struct span *out_name, struct error *error);

/* A RegionSpecifier submessage as field `number`. */
void region_specifier_put(struct buffer *out, uint32_t number, struct region_specifier specifier);
enum status region_specifier_decode(
    struct span message, struct region_specifier *out_specifier, struct error *error);

#endif
