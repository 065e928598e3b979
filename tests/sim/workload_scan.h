/* Scans of the simulated cluster's clients: the whole table in small calls, while tablets move, split and merge under
 * it. To the history a scan is one read of every row, each at some moment between its begin and the row's arrival (or
 * the scan's end, of rows that are not there): HBase promises whole rows, not one moment for all. A row that comes twice
 * or out of order is counted as misplaced. */
#ifndef STELE_TESTS_SIM_WORKLOAD_SCAN_H
#define STELE_TESTS_SIM_WORKLOAD_SCAN_H

#include "tests/sim/workload.h"

/* Begins one; at its end `done` runs on the client's executor. */
void workload_scan_start(
    struct workload_client *client, void (*done)(struct workload_client *client));

#endif
