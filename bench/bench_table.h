/* The table that a load works on: made, refused, dropped. */
#ifndef STELE_BENCH_BENCH_TABLE_H
#define STELE_BENCH_BENCH_TABLE_H

#include "bench/load.h"

/* Whether a client could read it: host:port,... or what --zookeeper takes; both NULL is fine. -1, or the
 * exit code after a line on stderr. Connects to nothing. */
int bench_place_check(const char *command, const char *connect, const char *zookeeper);
/* Whether the server can be reached and the table is as bench_table_prepare wants it. -1, or the exit
 * code after a line on stderr. */
int bench_table_check(const struct load_settings *settings, const struct place *place);
/* Makes the table as the settings say: a new one, cut into even tablets; one that is there is taken
 * only when it is to be reused (then it must be there). -1 to go on, or the exit code after a line
 * on stderr. *out_is_made: it was not there before. */
int bench_table_prepare(
    const struct load_settings *settings, const struct place *place, bool *out_is_made);
/* Drops it; complains on stderr when that fails, and is then false. */
bool bench_table_drop(const struct load_settings *settings, const struct place *place);

#endif
