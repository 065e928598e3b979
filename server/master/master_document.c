#include "server/master/master_document.h"

#include <string.h>

struct own_document {
    struct span name, bytes;
    uint64_t version; /* 0 = not found, or another's */
};

static enum status see_document(
    void *context, struct span name, uint64_t version, struct span bytes, struct error *error)
{
    struct own_document *own = context;
    (void)error;
    if (span_equal(name, own->name) && span_equal(bytes, own->bytes))
        own->version = version;
    return STATUS_OK;
}

enum status master_document_commit(struct store *store, enum chain_kind kind, struct span name,
    uint64_t *version, struct span bytes, struct error *error)
{
    uint64_t next = *version + 1;
    enum status status = store_chain_commit(store, kind, name, next, bytes, error);
    if (status == STATUS_SUPERSEDED) {
        struct own_document own = {.name = name, .bytes = bytes};
        if (store_chain_list(store, kind, see_document, &own, NULL) == STATUS_OK &&
            own.version == next)
            status = store_chain_commit(store, kind, name, ++next, bytes, error);
    }
    if (!status)
        *version = next;
    return status;
}

struct own_descriptor {
    const struct table_descriptor *descriptor;
    bool is_there, is_ours;
};

static enum status see_descriptor(
    void *context, const struct table_descriptor *descriptor, struct error *error)
{
    struct own_descriptor *own = context;
    (void)error;
    if (strcmp(descriptor->id, own->descriptor->id) != 0)
        return STATUS_OK;
    own->is_there = true;
    own->is_ours = descriptor->version == own->descriptor->version + 1 &&
                   descriptor->state == own->descriptor->state;
    return STATUS_OK;
}

enum status master_descriptor_commit(
    struct store *store, struct table_descriptor *descriptor, struct error *error)
{
    struct own_descriptor own = {.descriptor = descriptor};
    struct arena arena = {0};
    enum status status = store_table_commit(store, descriptor, error);
    if (status != STATUS_SUPERSEDED)
        return status;
    enum status listed = store_table_list(store, &arena, see_descriptor, &own, NULL);
    arena_deinit(&arena);
    /* a dropped one is not listed any more */
    if (listed || !(own.is_ours || (!own.is_there && descriptor->state == TABLE_DROPPED)))
        return status;
    descriptor->version++;
    return store_table_commit(store, descriptor, error);
}
