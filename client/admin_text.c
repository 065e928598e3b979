#include "client/admin_text.h"

#include <stdio.h>

#include "base/memory.h"
#include "client/convert.h"
#include "model/schema.h"
#include "proto/region.h"
#include "proto/server_name.h"
#include "proto/unpack.h"
#include "proto/wire.h"

struct arena *admin_memory_new(void)
{
    return memory_allocate_zeroed(1, sizeof(struct arena));
}

void admin_memory_free(void *memory)
{
    if (!memory)
        return;
    arena_deinit(memory);
    memory_free(memory);
}

struct stele_bytes admin_copy_text(struct arena *arena, struct span text)
{
    char *copy = arena_copy_string(arena, text);
    return stele_bytes(copy, copy ? text.size : 0);
}

struct stele_bytes admin_copy_table_name(struct arena *arena, const Hbase__Pb__TableName *name)
{
    struct span namespace = binary_span(name->namespace_), qualifier = binary_span(name->qualifier);
    if (span_equal(namespace, SPAN_LITERAL("default")) || namespace.size == 0)
        return admin_copy_text(arena, qualifier);
    size_t size = namespace.size + 1 + qualifier.size;
    uint8_t *copy = arena_allocate(arena, size + 1);
    if (!copy)
        return STELE_NO_BYTES;
    memcpy(copy, namespace.data, namespace.size);
    copy[namespace.size] = ':';
    if (qualifier.size)
        memcpy(copy + namespace.size + 1, qualifier.data, qualifier.size);
    copy[size] = '\0';
    return stele_bytes(copy, size);
}

void admin_put_table_name(struct buffer *out, uint32_t number, struct stele_bytes name)
{
    size_t mark = wire_begin(out, number);
    table_name_encode(out, span_of(name));
    wire_end(out, mark);
}

enum stele_status admin_put_server_name(
    struct buffer *out, uint32_t number, struct stele_bytes name, struct stele_error *error)
{
    struct server_name server;
    struct error cause;
    enum status status = server_name_parse(span_of(name), &server, &cause);
    if (status)
        return failure_from_error(error, status, &cause);
    size_t mark = wire_begin(out, number);
    server_name_encode(out, &server);
    wire_end(out, mark);
    return STELE_OK;
}

enum stele_status admin_check_table_name(struct stele_bytes name, struct stele_error *error)
{
    struct error cause;
    enum status status = table_name_check(span_of(name), &cause);
    return status ? failure_from_error(error, status, &cause) : STELE_OK;
}

enum stele_status admin_not_found(
    struct stele_error *error, const char *class_name, struct stele_bytes name)
{
    failure_set(error, STELE_NOT_FOUND, "%.*s", (int)name.size, (const char *)name.data);
    if (error)
        snprintf(error->exception_class, sizeof(error->exception_class), "%s", class_name);
    return STELE_NOT_FOUND;
}
