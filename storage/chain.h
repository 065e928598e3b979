/* Chains: documents that change by compare-and-swap on a shared directory (design 7.4).
 *
 * Version n of a document is the file <folder>/<name>.<n>. Committing n+1:
 *
 *   write a temporary -> sync it -> link(2) it to <name>.<n+1> -> sync the folder -> list it again
 *
 * The link is the swap: a name already there means that somebody else committed first
 * (STATUS_SUPERSEDED). Listing again finds the case in which the number was free only because its
 * holder, and those after it, were collected while we slept: any higher number there means
 * SUPERSEDED too. When the link's answer is an error (NFS can lose one), the two names' inodes tell
 * what happened.
 *
 * Every file is an envelope around its payload, so that one reader serves all kinds:
 *
 *   0   8   magic of the kind, ASCII: "SteleMfs" manifest, "SteleDsc" descriptor, "SteleNsp"
 *           namespace, "StelePrc" procedure, "StelePln" plan, "SteleClu" cluster,
 *           "SteleSnp" snapshot, "SteleHst" history
 *   8   2   format version of the kind
 *   10  2   comparator: enum row_order of what the payload sorts by; 0xffff: nothing is sorted
 *   12  4   size of the subject
 *   16  8   version number in the chain; 0 for a document without one (plan, cluster)
 *   24  8   size of the payload
 *   32  ..  subject: the name whose version this is ("<table>/<tablet>", "<table>", the user's
 *           name ...), so that a file under the wrong name is found
 *   ..  ..  payload
 *   ..  8   XXH3 of all before it, seeded with the magic
 *
 * Integers are little-endian. A file is read whole, and refused whole when any byte is wrong:
 * STATUS_CORRUPT names the file. Old numbers are removed only once a newer one is durable, the
 * newest never.
 *
 * Threads: any that may block. */
#ifndef STELE_STORAGE_CHAIN_H
#define STELE_STORAGE_CHAIN_H

#include "storage/directory.h"
#include "storage/storage.h"

enum document_kind {
    DOCUMENT_MANIFEST,
    DOCUMENT_DESCRIPTOR,
    DOCUMENT_NAMESPACE,
    DOCUMENT_PROCEDURE,
    DOCUMENT_PLAN,
    DOCUMENT_CLUSTER,
    DOCUMENT_SNAPSHOT,
    DOCUMENT_HISTORY,
    DOCUMENT_LOSS,
    DOCUMENT_KINDS
};

#define DOCUMENT_UNSORTED 0xffff

struct document {
    enum document_kind kind;
    uint16_t format_version; /* decode: at most what document_kind_version says, else
                                STATUS_NEWER_FORMAT */
    uint16_t comparator;     /* enum row_order or DOCUMENT_UNSORTED */
    uint64_t version;
    struct span subject;
    struct span payload;
};

const char *document_kind_name(enum document_kind kind);
uint16_t document_kind_version(enum document_kind kind); /* newest format we write and read */
size_t document_kind_limit(enum document_kind kind);     /* most bytes of a file */
/* The kind whose magic `file` begins with; false when none. */
bool document_kind_of(struct span file, enum document_kind *out_kind);
/* Documents of others: where they lie, and what they are. */
const char *chain_kind_folder(enum chain_kind kind);
enum document_kind chain_kind_document(enum chain_kind kind);
/* Whose a document is; false: the engine's own. */
bool document_chain_kind(enum document_kind kind, enum chain_kind *out_kind);

void document_encode(const struct document *document, struct buffer *out_file);
/* Spans of *out_document borrow from file. The offset of the first wrong byte region goes into the
 * message. */
enum status document_decode(
    struct span file, enum document_kind kind, struct document *out_document, struct error *error);
/* Reads and decodes a file; its bytes go to *file, which the document borrows from. */
enum status document_read(struct env *env, const char *path, enum document_kind kind,
    struct buffer *file, struct document *out_document, struct error *error);

/* One commit of a bulk. */
struct chain_commit {
    const char *name; /* encoded; the file is <name>.<version> */
    struct document document;
};

/* Commits all of them into one folder: temporaries written, then synced, then linked, then one sync
 * of the folder, then one look at it. STATUS_SUPERSEDED names the first that lost; others may have
 * been committed. On any other failure each may or may not have been committed: read again. */
enum status chain_commit(struct directory *directory, const char *folder,
    const struct chain_commit *commits, size_t count, struct error *error);

/* Greatest version of each name in a folder, given once per name, in order of names. Names without
 * a version suffix are skipped. Non-OK from each() stops. */
typedef enum status chain_each_function(
    void *context, const char *name, uint64_t version, struct error *error);
enum status chain_list(struct env *env, const char *folder, chain_each_function *each,
    void *context, struct error *error);
/* All versions, the newest of a name first. */
enum status chain_list_all(struct env *env, const char *folder, chain_each_function *each,
    void *context, struct error *error);
/* Greatest version of one name; STATUS_NOT_FOUND. */
enum status chain_newest(struct env *env, const char *folder, const char *name,
    uint64_t *out_version, struct error *error);
/* Reads one version; STATUS_NOT_FOUND. The document borrows from *file. */
enum status chain_read_version(struct env *env, const char *folder, const char *name,
    uint64_t version, enum document_kind kind, struct buffer *file, struct document *out_document,
    struct error *error);
/* Reads the newest version; retries when it is collected between the list and the read. */
enum status chain_read_newest(struct env *env, const char *folder, const char *name,
    enum document_kind kind, struct buffer *file, struct document *out_document,
    struct error *error);
struct chain_version {
    const char *name;
    uint64_t version;
};

/* Makes versions durable that another host may have linked and not synced, and that would go with it.
 * STATUS_SUPERSEDED: one is not there, or not the same file any more: look for the newest again. */
enum status chain_make_sure(struct env *env, const char *folder,
    const struct chain_version *versions, size_t count, struct error *error);
/* Removes all versions of a name, durably, the newest last. None there is fine. */
enum status chain_remove(
    struct env *env, const char *folder, const char *name, struct error *error);
/* Removes the versions below the newest, of one name (NULL: of all). Best effort: what stays is
 * harmless. */
void chain_prune(struct env *env, const char *folder, const char *name);

#endif
