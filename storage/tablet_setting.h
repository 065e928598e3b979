/* What a table, or one of its families, sets for itself under HBase's names in CONFIGURATION. A
 * family's word goes before its table's; what cannot be read is as if it were not there.
 *
 * Threads: any; the schema must hold still. */
#ifndef STELE_STORAGE_TABLET_SETTING_H
#define STELE_STORAGE_TABLET_SETTING_H

#include "model/schema.h"

/* `family` may be NULL: the table alone is asked. */
int64_t tablet_setting_integer(const struct table_schema *schema,
    const struct family_schema *family, struct span name, int64_t otherwise);
double tablet_setting_number(const struct table_schema *schema, const struct family_schema *family,
    struct span name, double otherwise);

#endif
