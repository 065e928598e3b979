/* What the manifests in the shared directory say of a table's tablets, held against hbase:meta: the manifest is the
 * truth, the index must say the same once all is at rest. */
#ifndef STELE_TESTS_SIM_OWNER_CHECK_H
#define STELE_TESTS_SIM_OWNER_CHECK_H

#include "tests/sim/meta_check.h"

/* True when each region's newest manifest is open, holds the same range and names the server that hbase:meta does.
 * Appends what is not so, a line each. */
bool owner_check(struct env *env, const char *root, const struct seen_region *regions, size_t count,
    struct buffer *out_report);

#endif
