/* stele bench: its subcommands. */
#ifndef STELE_BENCH_BENCH_H
#define STELE_BENCH_BENCH_H

/* argv[0] is "bench". Returns the exit code: 0, 1 when the work failed, 2 usage; each subcommand
 * says which others. */
int command_bench(int argc, char **argv);

#endif
