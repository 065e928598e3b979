/* What a master's documents hold, in words, for `stele dump` and `stele fsck`: procedures, namespaces, the settings, the
 * history. */
#ifndef STELE_SERVER_MASTER_DOCUMENT_WORDS_H
#define STELE_SERVER_MASTER_DOCUMENT_WORDS_H

#include "storage/storage.h"

/* A storage_words_function; `words` is not used. STATUS_CORRUPT, STATUS_NEWER_FORMAT, STATUS_NO_MEMORY. */
enum status master_document_words(void *words, enum chain_kind kind, struct span name,
    struct span payload, void (*print)(void *context, const char *line), void *context,
    struct error *error);

#endif
