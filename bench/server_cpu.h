/* A server's CPU time, read from /proc on the same host. */
#ifndef STELE_BENCH_SERVER_CPU_H
#define STELE_BENCH_SERVER_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* The process that listens on a TCP port of this host; -1 when none can be seen. */
int server_cpu_find(uint32_t port);
/* User and system time so far, in microseconds (clock-tick grained: 10 ms). False when the process
 * is gone. */
bool server_cpu_read(int pid, uint64_t *out_us);
/* Resident memory in KiB; 0 when the process is gone. */
uint64_t server_cpu_resident_kib(int pid);

#endif
