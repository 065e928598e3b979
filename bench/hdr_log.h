/* An HdrHistogram log: a line for each second and operation, readable by HdrHistogram's own tools
 * (HistogramLogReader, HistogramLogProcessor, hdr-plot).
 *
 *   #[Histogram log format version 1.3]
 *   #[BaseTime: 1700000000.000 (seconds since epoch)]
 *   #[StartTime: 1700000000.000 (seconds since epoch)]
 *   "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
 *   Tag=read,0.000,1.000,2.769,HISTFAAAA...
 *
 * Times are seconds since BaseTime, which is the end of the warm-up: only what is counted is
 * logged. Values are nanoseconds; Interval_Max is milliseconds, as the Java writer has it. Tags are
 * the operations' names, with "-intended" for latencies from the intended start. A histogram is
 * HdrHistogram's V2 encoding (zigzag LEB128 counts, runs of zeros as negative numbers), deflated,
 * in base 64. Two significant digits: those of base/histogram.h. */
#ifndef STELE_BENCH_HDR_LOG_H
#define STELE_BENCH_HDR_LOG_H

#include <stdio.h>

#include "base/bytes.h"
#include "bench/timeline.h"

/* False when the file cannot be written. */
bool hdr_log_begin(FILE *file, int64_t base_ms);
bool hdr_log_second(FILE *file, const struct second *second);
/* The V2 encoding of one histogram, without compression; the buffer's status tells of memory. */
void hdr_encode(const struct histogram *histogram, struct buffer *out_bytes);

#endif
