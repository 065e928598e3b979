/* One sorted run out of several: memtables and SSTables of one family, merged by a binary heap.
 *
 * Moving forward costs one or two comparisons while the same source stays in front, as it mostly
 * does. A seek to a probe behind the current cell moves only the sources that stand before the
 * probe.
 *
 * It is a cell_iterator with its contract, but for one thing: after seek_before_row only the cells
 * of that row are certain to be there; what follows them is not. Cells come as the sources hold
 * them, whatever their sequence: read points are the matcher's matter.
 *
 * Threads: one at a time. */
#ifndef STELE_STORAGE_MERGE_ITERATOR_H
#define STELE_STORAGE_MERGE_ITERATOR_H

#include "storage/cell_iterator.h"

/* Takes the sources over and closes them, at once when it fails (STATUS_NO_MEMORY). With one source
 * that source itself is the answer; with none, one that is always at its end. */
enum status merge_iterator_new(enum row_order row_order, struct cell_iterator **sources,
    size_t count, struct cell_iterator **out_iterator, struct error *error);

#endif
