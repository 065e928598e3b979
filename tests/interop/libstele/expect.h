/* What the parts of libstele_test share: expectations, the client under test, its table. */
#ifndef STELE_TESTS_LIBSTELE_EXPECT_H
#define STELE_TESTS_LIBSTELE_EXPECT_H

#include <stdio.h>
#include <stdlib.h>
#include <stele/stele.h>
#include <unistd.h>

extern unsigned looked_at, failed;
extern struct stele_client *client;
extern struct stele_error error;
extern struct stele_table
    *table; /* libstele_rows: families a and f, split at row0200 and row0500 */

void expect_at(const char *file, int line, bool holds, const char *what);
void expect_ok_at(const char *file, int line, enum stele_status status, const char *what);

#define EXPECT(condition) expect_at(__FILE__, __LINE__, (condition), #condition)
#define EXPECT_OK(call)   expect_ok_at(__FILE__, __LINE__, (call), #call)

bool bytes_are(struct stele_bytes bytes, const char *text);
/* The class of the last error. */
bool class_ends_with(const char *name);
/* "row0042"; storage: 16 bytes. */
struct stele_bytes row_name(char *storage, int number);

/* ---- tables ---- */

extern const struct stele_family two_families[2]; /* a and f */
/* Disables and deletes the table if it is there. */
void drop(const char *name);
/* Families a and f (3 versions); split_count of the keys row0500, row0200. */
void create(const char *name, size_t split_count);

/* ---- scans ---- */

/* Rows "row" to "rox". */
void base_scan(struct stele_scan *scan);
/* Scans to the end: the number of rows, and the first and the last. */
size_t scan_rows(const struct stele_scan *scan, char first[16], char last[16]);

/* ---- the parts ---- */

void test_tables(void);
void test_namespaces(void);
void test_rows(void);
void test_counters(void);
void test_conditions(void);
void test_batches(void);
void test_scans(void);
void test_wide_rows(void);
void test_filters(void);
void test_regions(void);
void test_cluster(void);
void test_async(const struct stele_options *place);
void test_async_admin(const struct stele_options *place);
void test_async_heat(const struct stele_options *place);
/* Ends the first server. */
void test_stop_server(const struct stele_options *place);
void test_unreachable(void);
void test_moves(void);
void test_scan_over_change(void);
void test_snapshots(void);
void test_switches(void);
void test_servers(void);

#endif
