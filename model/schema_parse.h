/* What the attributes of a schema mean: shared by table_schema_check and table_schema_decode,
 * private to model/. */
#ifndef STELE_MODEL_SCHEMA_PARSE_H
#define STELE_MODEL_SCHEMA_PARSE_H

#include "model/schema.h"

/* Fills the parsed fields of the table and of every family. STATUS_INVALID when a value cannot be
 * read at all (Java's sentence); whether it is sensible is table_schema_check's question. */
enum status schema_parse(struct table_schema *schema, struct error *error);

/* The value of an attribute, or of a configuration entry of that name. */
bool table_schema_find(const struct table_schema *schema, const char *key, struct span *out_value);
bool family_schema_find(
    const struct family_schema *family, const char *key, struct span *out_value);

/* Java's Integer.parseInt or Long.parseLong over a value, or fallback when it is absent. */
enum status attribute_parse_integer(bool is_present, struct span value, int64_t least,
    int64_t greatest, int64_t fallback, int64_t *out_number, struct error *error);

/* What every sentence of TableDescriptorChecker ends with. */
#define SANITY_BYPASS                                                                              \
    " Set hbase.table.sanity.checks to false at conf or table descriptor if you want to bypass "   \
    "sanity checks"

#endif
