/* Get and the reading half of Scan between the wire and the model (facts: hbase-rpc 4).
 * Decoded requests borrow from the message; their arrays are in the arena. */
#ifndef STELE_PROTO_READ_MESSAGE_H
#define STELE_PROTO_READ_MESSAGE_H

#include "base/arena.h"
#include "model/read.h"
#include "proto/region.h"

struct get_message {
    struct region_specifier region;
    struct span row;
    struct read_request read;
    /* no longer served: clients probe for it (UnknownProtocolException) */
    bool is_closest_row_before;
};

/* GetRequest{region, get}. */
enum status get_request_decode(
    struct span message, struct arena *arena, struct get_message *out_get, struct error *error);
void get_request_encode(struct buffer *out, const struct get_message *get);

/* The fields of a Get message; `region` is left alone. */
enum status get_decode(
    struct span message, struct arena *arena, struct get_message *out_get, struct error *error);
void get_encode(struct buffer *out, const struct get_message *get);

/* A TimeRange submessage. A missing bound is 0 or INT64_MAX. */
enum status time_range_decode(struct span message, struct time_range *out_range);
void time_range_put(struct buffer *out, uint32_t number, struct time_range range);

/* Families while they are being collected: Column{family = 1, qualifier* = 2} and
 * ColumnFamilyTimeRange{column_family = 1, time_range = 2}. `capacity` entries must be there. */
struct family_list {
    struct family_selection *items;
    size_t count;
};
enum status family_list_add_column(
    struct family_list *list, struct span message, struct arena *arena);
enum status family_list_add_time_range(struct family_list *list, struct span message);
/* Sorts by name and merges entries of one family. */
enum status family_list_finish(
    struct family_list *list, struct arena *arena, struct read_request *out_read);
/* The same back: columns as field `column_number`, ranges as field `range_number`. */
void families_put(struct buffer *out, const struct read_request *read, uint32_t column_number,
    uint32_t range_number);

#define CONSISTENCY_TIMELINE 1

/* An attribute with meaning for reads (_raw_, _isolationlevel_); others are ignored. */
enum status read_attribute_decode(struct span message, struct read_request *read);
void read_attributes_put(struct buffer *out, uint32_t number, const struct read_request *read);

#endif
