/* The table that a load works on: made, refused, dropped. */
#ifndef STELE_BENCH_BENCH_TABLE_H
#define STELE_BENCH_BENCH_TABLE_H

#include "bench/load.h"

/* Makes the table as the settings say: a new one, cut into even tablets; one that is there is taken
 * only when it is to be reused (then it must be there). -1 to go on, or the exit code after a line
 * on stderr. *out_is_made: to be filled unless told otherwise. */
int bench_table_prepare(
    const struct load_settings *settings, const struct place *place, bool *out_is_made);
/* Drops it; complains on stderr when that fails, and is then false. */
bool bench_table_drop(const struct load_settings *settings, const struct place *place);

#endif
