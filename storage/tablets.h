/* What manifests say, in the words of storage.h. Private to storage/. */
#ifndef STELE_STORAGE_TABLETS_H
#define STELE_STORAGE_TABLETS_H

#include "storage/manifest.h"

/* Spans borrow from the manifest, or live in arena. */
enum status tablet_info_read(const struct manifest *manifest, struct arena *arena,
    struct tablet_info *out_info, struct error *error);

#endif
