#include "storage/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/pause.h"

#define DOCUMENT_HEADER   32u
#define DOCUMENT_CHECKSUM 8u
#define CHAIN_BATCH       256 /* temporaries open at once */
#define CHAIN_READ_TRIES  100

static const struct {
    const char *name;
    char magic[9];
    uint16_t version;
    size_t limit;
} kinds[DOCUMENT_KINDS] = {
    [DOCUMENT_MANIFEST] = {"manifest", "SteleMfs", 2, LIMIT_MANIFEST_SIZE},
    [DOCUMENT_DESCRIPTOR] = {"descriptor", "SteleDsc", 1, LIMIT_DESCRIPTOR_SIZE},
    [DOCUMENT_NAMESPACE] = {"namespace", "SteleNsp", 1, LIMIT_DESCRIPTOR_SIZE},
    [DOCUMENT_PROCEDURE] = {"procedure", "StelePrc", 1, LIMIT_DESCRIPTOR_SIZE},
    [DOCUMENT_PLAN] = {"plan", "StelePln", 2, LIMIT_PLAN_SIZE},
    [DOCUMENT_CLUSTER] = {"cluster file", "SteleClu", 1, 4096},
    [DOCUMENT_SNAPSHOT] = {"snapshot", "SteleSnp", 1, LIMIT_SNAPSHOT_SIZE},
    [DOCUMENT_LOSS] = {"accepted loss", "SteleLos", 1, 4096},
    [DOCUMENT_HISTORY] = {"history", "SteleHst", 1, LIMIT_DESCRIPTOR_SIZE},
};

static const struct {
    const char *folder;
    enum document_kind document;
} chains[CHAIN_KINDS] = {
    [CHAIN_NAMESPACE] = {"namespaces", DOCUMENT_NAMESPACE},
    [CHAIN_PROCEDURE] = {"procedures", DOCUMENT_PROCEDURE},
    [CHAIN_HISTORY] = {"history", DOCUMENT_HISTORY},
};

const char *document_kind_name(enum document_kind kind)
{
    return kinds[kind].name;
}

uint16_t document_kind_version(enum document_kind kind)
{
    return kinds[kind].version;
}

size_t document_kind_limit(enum document_kind kind)
{
    return kinds[kind].limit;
}

bool document_kind_of(struct span file, enum document_kind *out_kind)
{
    for (size_t i = 0; i < DOCUMENT_KINDS; i++)
        if (span_starts_with(file, span_make(kinds[i].magic, 8))) {
            *out_kind = (enum document_kind)i;
            return true;
        }
    return false;
}

const char *chain_kind_folder(enum chain_kind kind)
{
    return chains[kind].folder;
}

enum document_kind chain_kind_document(enum chain_kind kind)
{
    return chains[kind].document;
}

bool document_chain_kind(enum document_kind kind, enum chain_kind *out_kind)
{
    for (size_t i = 0; i < CHAIN_KINDS; i++)
        if (chains[i].document == kind) {
            *out_kind = (enum chain_kind)i;
            return true;
        }
    return false;
}

static uint64_t checksum_of(struct span bytes, enum document_kind kind)
{
    uint64_t seed = load_u64((const uint8_t *)kinds[kind].magic);
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

void document_encode(const struct document *document, struct buffer *out_file)
{
    size_t begin = out_file->size;
    buffer_put(out_file, span_make(kinds[document->kind].magic, 8));
    buffer_put_u16(out_file, document->format_version);
    buffer_put_u16(out_file, document->comparator);
    buffer_put_u32(out_file, (uint32_t)document->subject.size);
    buffer_put_u64(out_file, document->version);
    buffer_put_u64(out_file, document->payload.size);
    buffer_put(out_file, document->subject);
    buffer_put(out_file, document->payload);
    if (buffer_status(out_file))
        return;
    struct span all = span_make(out_file->data + begin, out_file->size - begin);
    buffer_put_u64(out_file, checksum_of(all, document->kind));
}

enum status document_decode(
    struct span file, enum document_kind kind, struct document *out_document, struct error *error)
{
    const char *name = kinds[kind].name;
    if (file.size < DOCUMENT_HEADER + DOCUMENT_CHECKSUM)
        return error_set(
            error, STATUS_CORRUPT, "%s of %zu bytes at offset 0: too short", name, file.size);
    if (!span_starts_with(file, span_make(kinds[kind].magic, 8)))
        return error_set(
            error, STATUS_CORRUPT, "%s at offset 0: magic is not \"%s\"", name, kinds[kind].magic);
    /* Nothing is believed before the checksum holds; it stands at the end in every version. */
    struct span covered = span_slice(file, 0, file.size - DOCUMENT_CHECKSUM);
    if (load_u64(file.data + covered.size) != checksum_of(covered, kind))
        return error_set(error, STATUS_CORRUPT,
            "%s at offset 0: checksum over %zu bytes does not match", name, covered.size);

    struct span in = span_slice(covered, 8, covered.size - 8);
    struct document document = {.kind = kind};
    uint32_t subject_size = 0;
    uint64_t payload_size = 0;
    if (span_take_u16(&in, &document.format_version) || span_take_u16(&in, &document.comparator) ||
        span_take_u32(&in, &subject_size) || span_take_u64(&in, &document.version) ||
        span_take_u64(&in, &payload_size))
        return error_set(error, STATUS_CORRUPT, "%s at offset 8: header is too short", name);
    if (document.format_version > kinds[kind].version)
        return error_set(error, STATUS_NEWER_FORMAT,
            "%s has format version %u, this program reads up to %u", name, document.format_version,
            kinds[kind].version);
    if (span_take_bytes(&in, subject_size, &document.subject) || payload_size != in.size)
        return error_set(error, STATUS_CORRUPT,
            "%s at offset 12: subject of %" PRIu32 " and payload of %" PRIu64
            " bytes do not fill %zu",
            name, subject_size, payload_size, covered.size - DOCUMENT_HEADER);
    document.payload = in;
    *out_document = document;
    return STATUS_OK;
}

enum status document_read(struct env *env, const char *path, enum document_kind kind,
    struct buffer *file, struct document *out_document, struct error *error)
{
    enum status status = env_read_file(env, path, kinds[kind].limit, file, error);
    if (status == STATUS_LIMIT)
        return error_set(
            error, STATUS_CORRUPT, "%s at offset 0: larger than any %s", path, kinds[kind].name);
    if (status)
        return status;
    status = document_decode(buffer_span(file), kind, out_document, error);
    return status ? error_prefix(error, status, "%s", path) : STATUS_OK;
}

/* ---- Listing ---- */

/* "<name>.<n>" -> size of name; SIZE_MAX when it is not one. */
static size_t parse_version(const char *file_name, uint64_t *out_version)
{
    const char *dot = strrchr(file_name, '.');
    if (!dot || dot == file_name || !directory_number_parse(dot + 1, "", "", out_version))
        return SIZE_MAX;
    return (size_t)(dot - file_name);
}

struct listed {
    const char *name;
    uint64_t version;
    uint64_t inode; /* chain_prune: before the folder was synced; 0: not asked for */
};

struct listing {
    struct arena names;
    struct listed *files;
    size_t count;
    size_t capacity;
};

static void listing_deinit(struct listing *listing)
{
    arena_deinit(&listing->names);
    memory_free(listing->files);
}

static enum status note_file(void *context, const char *file_name, struct error *error)
{
    struct listing *listing = context;
    uint64_t version;
    size_t size = parse_version(file_name, &version);
    if (size == SIZE_MAX)
        return STATUS_OK;
    char *name = arena_copy_string(&listing->names, span_make(file_name, size));
    if (!name ||
        !memory_grow(&listing->files, listing->count, &listing->capacity, sizeof *listing->files))
        return error_set(error, STATUS_NO_MEMORY, "list of %zu files", listing->count);
    listing->files[listing->count++] = (struct listed){name, version, 0};
    return STATUS_OK;
}

/* By name, newest first. */
static int compare_listed(const void *a, const void *b)
{
    const struct listed *left = a;
    const struct listed *right = b;
    int order = strcmp(left->name, right->name);
    if (order)
        return order;
    return left->version > right->version ? -1 : left->version < right->version;
}

static enum status list_folder(
    struct env *env, const char *folder, struct listing *out_listing, struct error *error)
{
    struct listing listing = {0};
    enum status status = env_directory_list(env, folder, note_file, &listing, error);
    if (status) {
        listing_deinit(&listing);
        return status;
    }
    if (listing.count)
        qsort(listing.files, listing.count, sizeof(struct listed), compare_listed);
    *out_listing = listing;
    return STATUS_OK;
}

static enum status list_each(struct env *env, const char *folder, bool is_newest_only,
    chain_each_function *each, void *context, struct error *error)
{
    struct listing listing;
    enum status status = list_folder(env, folder, &listing, error);
    if (status)
        return status;
    for (size_t i = 0; i < listing.count && status == STATUS_OK; i++)
        if (!is_newest_only || i == 0 ||
            strcmp(listing.files[i].name, listing.files[i - 1].name) != 0)
            status = each(context, listing.files[i].name, listing.files[i].version, error);
    listing_deinit(&listing);
    return status;
}

enum status chain_list(struct env *env, const char *folder, chain_each_function *each,
    void *context, struct error *error)
{
    return list_each(env, folder, true, each, context, error);
}

enum status chain_list_all(struct env *env, const char *folder, chain_each_function *each,
    void *context, struct error *error)
{
    return list_each(env, folder, false, each, context, error);
}

struct newest {
    const char *name;
    uint64_t version;
    bool is_found;
};

static enum status note_newest(void *context, const char *file_name, struct error *error)
{
    (void)error;
    struct newest *newest = context;
    uint64_t version;
    size_t size = parse_version(file_name, &version);
    if (size != strlen(newest->name) || memcmp(file_name, newest->name, size) != 0)
        return STATUS_OK;
    if (!newest->is_found || version > newest->version)
        newest->version = version;
    newest->is_found = true;
    return STATUS_OK;
}

enum status chain_newest(struct env *env, const char *folder, const char *name,
    uint64_t *out_version, struct error *error)
{
    struct newest newest = {.name = name};
    enum status status = env_directory_list(env, folder, note_newest, &newest, error);
    if (status)
        return status;
    if (!newest.is_found)
        return error_set(error, STATUS_NOT_FOUND, "%s/%s: no version", folder, name);
    *out_version = newest.version;
    return STATUS_OK;
}

static void version_path(
    const char *folder, const char *name, uint64_t version, struct path *out_path)
{
    int size = snprintf(
        out_path->text, sizeof(out_path->text), "%s/%s.%" PRIu64, folder, name, version);
    CHECK(size > 0 && (size_t)size < sizeof(out_path->text));
}

enum status chain_read_version(struct env *env, const char *folder, const char *name,
    uint64_t version, enum document_kind kind, struct buffer *file, struct document *out_document,
    struct error *error)
{
    struct path path;
    version_path(folder, name, version, &path);
    buffer_reset(file);
    struct document document;
    enum status status = document_read(env, path.text, kind, file, &document, error);
    if (status)
        return status;
    if (document.version != version)
        return error_set(error, STATUS_CORRUPT, "%s at offset 16: says that it is version %" PRIu64,
            path.text, document.version);
    *out_document = document;
    return STATUS_OK;
}

enum status chain_read_newest(struct env *env, const char *folder, const char *name,
    enum document_kind kind, struct buffer *file, struct document *out_document,
    struct error *error)
{
    for (int tries = 0;; tries++) {
        uint64_t version;
        enum status status = chain_newest(env, folder, name, &version, error);
        if (status)
            return status;
        status = chain_read_version(env, folder, name, version, kind, file, out_document, error);
        if (status != STATUS_NOT_FOUND)
            return status;
        /* Collected between the list and the read: then there is a newer one. */
        if (tries == CHAIN_READ_TRIES)
            return error_prefix(error, STATUS_IO, "listed, but not there");
    }
}

/* Removes files [from, to) of a listing; best effort. */
static void remove_listed(
    struct env *env, const char *folder, const struct listing *listing, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct path path;
        version_path(folder, listing->files[i].name, listing->files[i].version, &path);
        (void)env_path_remove(env, path.text, NULL);
    }
}

/* First of a name in a sorted listing, which is its newest; count when absent. */
static size_t find_newest(const struct listing *listing, const char *name)
{
    size_t low = 0;
    size_t high = listing->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(listing->files[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < listing->count && strcmp(listing->files[low].name, name) == 0)
        return low;
    return listing->count;
}

static size_t end_of_name(const struct listing *listing, size_t first)
{
    size_t end = first + 1;
    while (
        end < listing->count && strcmp(listing->files[end].name, listing->files[first].name) == 0)
        end++;
    return end;
}

/* 0: it is not there. */
static enum status inode_of(struct env *env, const char *folder, const char *name, uint64_t version,
    uint64_t *out_inode, struct error *error)
{
    struct path path;
    struct env_stat stat = {0};
    version_path(folder, name, version, &path);
    enum status status = env_path_stat(env, path.text, &stat, error);
    *out_inode = status ? 0 : stat.inode;
    if (status != STATUS_NOT_FOUND)
        return status;
    error_clear(error);
    return STATUS_OK;
}

/* inodes: of all before the folder was synced. */
static enum status check_same(struct env *env, const char *folder,
    const struct chain_version *versions, const uint64_t *inodes, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t inode;
        enum status status = inode_of(
            env, folder, versions[i].name, versions[i].version, &inode, error);
        if (status)
            return status;
        if (inode == 0 || inode != inodes[i])
            return error_set(error, STATUS_SUPERSEDED, "%s/%s.%" PRIu64 " is not what it was",
                folder, versions[i].name, versions[i].version);
    }
    return STATUS_OK;
}

enum status chain_make_sure(struct env *env, const char *folder,
    const struct chain_version *versions, size_t count, struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t *inodes = memory_allocate_zeroed(count + 1, sizeof *inodes);
    if (!inodes)
        return error_set(error, STATUS_NO_MEMORY, "%zu names of %s", count, folder);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = inode_of(env, folder, versions[i].name, versions[i].version, &inodes[i], error);
    if (status == STATUS_OK)
        status = env_directory_sync(env, folder, error);
    if (status == STATUS_OK)
        status = check_same(env, folder, versions, inodes, count, error);
    memory_free(inodes);
    return status;
}

/* As it is now; 0: it is not there, or cannot be asked. */
static uint64_t listed_inode(struct env *env, const char *folder, const struct listed *file)
{
    uint64_t inode;
    (void)inode_of(env, folder, file->name, file->version, &inode, NULL);
    return inode;
}

/* The newest may be of another host, that has not synced the folder yet: were it lost with that host, what was older
 * would be all there was. So the older ones go when it is the same file before the folder is synced and after. */
void chain_prune(struct env *env, const char *folder, const char *name)
{
    struct listing listing;
    if (list_folder(env, folder, &listing, NULL))
        return;
    size_t first = name ? find_newest(&listing, name) : 0;
    size_t end = name && first < listing.count ? end_of_name(&listing, first) : listing.count;
    bool is_any = false;
    for (size_t at = first; at < end; at = end_of_name(&listing, at))
        if (end_of_name(&listing, at) > at + 1) {
            listing.files[at].inode = listed_inode(env, folder, &listing.files[at]);
            is_any = true;
        }
    pause_point("chain.prune.before");
    if (is_any && env_directory_sync(env, folder, NULL))
        end = first;
    for (size_t at = first; at < end; at = end_of_name(&listing, at))
        if (listing.files[at].inode &&
            listing.files[at].inode == listed_inode(env, folder, &listing.files[at]))
            remove_listed(env, folder, &listing, at + 1, end_of_name(&listing, at));
    listing_deinit(&listing);
}

/* Older versions first and durably, so that no cut brings one back as the newest: those that are listed, and those that
 * went before without a sync. */
static enum status remove_older(struct env *env, const char *folder, const char *name,
    uint64_t *out_newest, struct error *error)
{
    struct listing listing;
    chain_prune(env, folder, name);
    enum status status = env_directory_sync(env, folder, error);
    if (status == STATUS_OK)
        status = list_folder(env, folder, &listing, error);
    if (status)
        return status;
    size_t at = find_newest(&listing, name);
    if (at == listing.count)
        status = error_set(error, STATUS_NOT_FOUND, "%s/%s: no version", folder, name);
    else if (end_of_name(&listing, at) > at + 1)
        status = error_set(error, STATUS_IO, "%s/%s.%" PRIu64 ": an older version is still there",
            folder, name, listing.files[at].version);
    else
        *out_newest = listing.files[at].version;
    listing_deinit(&listing);
    return status;
}

enum status chain_remove(struct env *env, const char *folder, const char *name, struct error *error)
{
    uint64_t version = 0;
    enum status status = chain_newest(env, folder, name, &version, error);
    if (status == STATUS_OK && version > 1)
        status = remove_older(env, folder, name, &version, error);
    if (status == STATUS_OK) {
        struct path path;
        version_path(folder, name, version, &path);
        status = env_path_remove(env, path.text, error);
    }
    /* What is not there may be back with the end of a host that removed it and has not synced the folder. */
    if (status == STATUS_NOT_FOUND) {
        error_clear(error);
        status = STATUS_OK;
    }
    return status == STATUS_OK ? env_directory_sync(env, folder, error) : status;
}

/* ---- Committing ---- */

struct pending {
    struct env_file *file;
    struct path path;
};

static enum status write_temporary(struct directory *directory, const struct document *document,
    struct pending *pending, struct error *error)
{
    struct buffer bytes = {.limit = kinds[document->kind].limit};
    document_encode(document, &bytes);
    enum status status = buffer_status(&bytes);
    if (status) {
        buffer_deinit(&bytes);
        return error_set(error, status, "%s of %zu bytes cannot be made",
            kinds[document->kind].name, document->payload.size);
    }
    directory_temporary_path(directory, &pending->path);
    status = env_file_open(directory->env, pending->path.text,
        ENV_WRITE | ENV_CREATE | ENV_EXCLUSIVE, 0600, &pending->file, error);
    if (status == STATUS_OK)
        status = env_file_write(pending->file, 0, buffer_span(&bytes), error);
    buffer_deinit(&bytes);
    return status;
}

/* Links a synced temporary to its name. An answer that may have got lost is checked by inode. */
static enum status link_version(struct directory *directory, const struct pending *pending,
    const char *target, struct error *error)
{
    enum status status = env_path_link(directory->env, pending->path.text, target, error);
    if (status == STATUS_OK)
        return STATUS_OK;
    struct env_stat ours;
    struct env_stat theirs;
    enum status looked = env_path_stat(directory->env, target, &theirs, NULL);
    if (looked == STATUS_OK)
        looked = env_path_stat(directory->env, pending->path.text, &ours, NULL);
    if (looked == STATUS_OK && ours.inode == theirs.inode)
        return STATUS_OK;
    if (status == STATUS_EXISTS)
        return error_prefix(error, STATUS_SUPERSEDED, "%s is taken", target);
    return status;
}

/* Writes, syncs and links a part of a bulk. */
static enum status commit_batch(struct directory *directory, const char *folder,
    const struct chain_commit *commits, size_t count, struct error *error)
{
    struct pending *pending = memory_allocate_zeroed(count, sizeof(*pending));
    if (!pending)
        return error_set(error, STATUS_NO_MEMORY, "commit of %zu documents", count);

    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = write_temporary(directory, &commits[i].document, &pending[i], error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = env_file_sync(pending[i].file, error);
    pause_point("chain.link.before");
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct path target;
        version_path(folder, commits[i].name, commits[i].document.version, &target);
        status = link_version(directory, &pending[i], target.text, error);
    }
    pause_point("chain.link.after");
    for (size_t i = 0; i < count; i++) {
        env_file_close(pending[i].file);
        if (pending[i].path.text[0])
            (void)env_path_remove(directory->env, pending[i].path.text, NULL);
    }
    memory_free(pending);
    return status;
}

/* Looks at the folder after the links: still the newest? Then what is older may go. */
static enum status settle(struct directory *directory, const char *folder,
    const struct chain_commit *commits, size_t count, struct error *error)
{
    struct listing listing;
    enum status status = list_folder(directory->env, folder, &listing, error);
    if (status)
        return status;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        size_t at = find_newest(&listing, commits[i].name);
        uint64_t version = commits[i].document.version;
        if (at == listing.count)
            status = error_set(error, STATUS_IO, "%s/%s.%" PRIu64 " was committed and is not there",
                folder, commits[i].name, version);
        else if (listing.files[at].version != version)
            status = error_set(error, STATUS_SUPERSEDED,
                "%s/%s.%" PRIu64 " was committed, but %" PRIu64 " exists", folder, commits[i].name,
                version, listing.files[at].version);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        size_t at = find_newest(&listing, commits[i].name);
        remove_listed(directory->env, folder, &listing, at + 1, end_of_name(&listing, at));
    }
    listing_deinit(&listing);
    return status;
}

enum status chain_commit(struct directory *directory, const char *folder,
    const struct chain_commit *commits, size_t count, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t done = 0; done < count && status == STATUS_OK; done += CHAIN_BATCH) {
        size_t size = count - done < CHAIN_BATCH ? count - done : CHAIN_BATCH;
        status = commit_batch(directory, folder, commits + done, size, error);
    }
    if (status)
        return status;
    status = env_directory_sync(directory->env, folder, error);
    pause_point("chain.sync.after");
    if (status == STATUS_OK)
        status = settle(directory, folder, commits, count, error);
    /* From here on it may have been committed: no space and no memory must not read as "was not".
     */
    if (status != STATUS_OK && status != STATUS_SUPERSEDED)
        return error_prefix(error, STATUS_IO, "commit into %s", folder);
    return status;
}
