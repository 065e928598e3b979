/* What a region's clients and operators are told of its size and its traffic (HBase RegionLoad). */
#ifndef STELE_SERVER_HBASE_REGION_LOAD_H
#define STELE_SERVER_HBASE_REGION_LOAD_H

#include "server/tablet/tablet_service.h"

/* Appends the fields of a RegionLoad. Any thread. */
void region_load_put_fields(struct buffer *out, const struct served_tablet *tablet);
/* The same as a submessage, field `number`. */
void region_load_put(struct buffer *out, uint32_t number, const struct served_tablet *tablet);

#endif
