/* A pattern that clients give for names of tables: a Java regular expression that must match the whole name. */
#ifndef STELE_SERVER_MASTER_NAME_PATTERN_H
#define STELE_SERVER_MASTER_NAME_PATTERN_H

#include "base/bytes.h"
#include "base/status.h"

struct name_pattern;

/* STATUS_INVALID with where and why, STATUS_NO_MEMORY. */
enum status name_pattern_new(
    struct span pattern, struct name_pattern **out_pattern, struct error *error);
void name_pattern_free(struct name_pattern *pattern); /* NULL is fine */
/* NULL matches everything. A name in the default namespace matches with "default:" before it too. */
bool name_pattern_matches(struct name_pattern *pattern, struct span table_name);

#endif
