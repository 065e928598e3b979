/* A table's tablets with what they hold, as the heat of keys is weighed by (model/heat_even.h). */
#ifndef STELE_SERVER_MASTER_TABLE_EXTENTS_H
#define STELE_SERVER_MASTER_TABLE_EXTENTS_H

#include "model/heat_even.h"
#include "server/master/catalogue.h"

#define TABLE_EXTENTS_MOST 131072 /* looked at under the catalogue's mutex: 10 ms */

/* In order, into the arena; bytes as the servers' last reports had them, and one more. 0 when the table is gone, has
 * more than TABLE_EXTENTS_MOST tablets, or on no memory. Any thread. */
size_t table_extents_list(struct catalogue *catalogue, struct span table_name, struct arena *arena,
    struct heat_extent **out_extents);

#endif
