/* The root of a shared directory: is it ours, may we use it, does its file system keep the promises
 * we build on (docs/formats/cluster.md).
 *
 * <root>/cluster is a document (chain.h) of kind cluster, subject "stele", payload: the 36 bytes of
 * the cluster's uuid. It is the first thing made in a root, by link(2), so that of two first starts
 * one wins. Its format version is that of the whole directory.
 *
 * Threads: any that may block. */
#ifndef STELE_STORAGE_CLUSTER_H
#define STELE_STORAGE_CLUSTER_H

#include "storage/directory.h"

#define CLUSTER_ID_SIZE 37 /* uuid text and NUL */

/* Makes the root when it is absent or empty. STATUS_INVALID: it holds other things than ours;
 * STATUS_NEWER_FORMAT. */
enum status cluster_open(
    const struct directory *directory, char out_id[CLUSTER_ID_SIZE], struct error *error);
/* Reads the id of a root that exists. STATUS_INVALID: not ours. */
enum status cluster_read(
    const struct directory *directory, char out_id[CLUSTER_ID_SIZE], struct error *error);
/* Takes the root for as long as the handle is open: for this process alone, or shared with the other
 * servers of a cluster. STATUS_BUSY names the holder's pid, where it can be known. */
enum status cluster_lock(const struct directory *directory, bool is_shared,
    struct env_file **out_lock, struct error *error);
/* Tries what ownership is built on, in our own folder (probe.c). STATUS_UNSUPPORTED, with the promise
 * that is not kept. */
enum status cluster_probe(struct directory *directory, struct error *error);

#endif
