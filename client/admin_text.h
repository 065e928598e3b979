/* What the administration's calls share: the memory of what they give out, texts in it, and errors
 * about names. */
#ifndef STELE_CLIENT_ADMIN_TEXT_H
#define STELE_CLIENT_ADMIN_TEXT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "client/failure.h"
#include "proto/common.pb-c.h"

/* A heap arena for what a list holds: the `memory` of the public lists. NULL on no memory. */
struct arena *admin_memory_new(void);
void admin_memory_free(void *memory); /* NULL is fine */

/* A copy with a NUL after it; data NULL on no memory. */
struct stele_bytes admin_copy_text(struct arena *arena, struct span text);
/* "ns:name" with a NUL. */
struct stele_bytes admin_copy_table_name(struct arena *arena, const Hbase__Pb__TableName *name);

/* A TableName submessage as field `number`. */
void admin_put_table_name(struct buffer *out, uint32_t number, struct stele_bytes name);
/* A ServerName submessage of "host,port,startcode"; STELE_INVALID. */
enum stele_status admin_put_server_name(
    struct buffer *out, uint32_t number, struct stele_bytes name, struct stele_error *error);

enum stele_status admin_check_table_name(struct stele_bytes name, struct stele_error *error);
/* STELE_NOT_FOUND, with the exception class that HBase's client gives it; class_name: of
 * proto/exception_class.h. */
enum stele_status admin_not_found(
    struct stele_error *error, const char *class_name, struct stele_bytes name);

#endif
