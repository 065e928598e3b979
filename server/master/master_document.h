/* Committing chained documents by a master that may have to repeat itself.
 *
 * A commit that failed may have been made all the same (its name was linked, the answer was an error); the next try
 * then finds the name taken. Whether by us or by another master is told by what stands there: our own bytes are taken
 * for ours, and committed once more under the next number, for nothing else says that they are durable. */
#ifndef STELE_SERVER_MASTER_MASTER_DOCUMENT_H
#define STELE_SERVER_MASTER_MASTER_DOCUMENT_H

#include "storage/storage.h"

/* As store_chain_commit of *version + 1; *version rises with success. STATUS_SUPERSEDED: another's bytes stand there. */
enum status master_document_commit(struct store *store, enum chain_kind kind, struct span name,
    uint64_t *version, struct span bytes, struct error *error);
/* As store_table_commit; what stands there is ours when it has our state and version. */
enum status master_descriptor_commit(
    struct store *store, struct table_descriptor *descriptor, struct error *error);

#endif
