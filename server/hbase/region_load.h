/* What a region's clients and operators are told of its size and its traffic (HBase RegionLoad). */
#ifndef STELE_SERVER_HBASE_REGION_LOAD_H
#define STELE_SERVER_HBASE_REGION_LOAD_H

#include "server/tablet/tablet_service.h"

/* Appends a RegionLoad as field `number`. Any thread. */
void region_load_put(struct buffer *out, uint32_t number, const struct served_tablet *tablet);

#endif
