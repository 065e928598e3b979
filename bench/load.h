/* stele bench load. */
#ifndef STELE_BENCH_LOAD_H
#define STELE_BENCH_LOAD_H

/* The subcommand "bench"; argv[0] is "bench". Returns the exit code: 0, 1 when the work failed, 2
 * usage. */
int command_bench(int argc, char **argv);

#endif
