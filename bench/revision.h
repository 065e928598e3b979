/* The source's revision, for reports. */
#ifndef STELE_BENCH_REVISION_H
#define STELE_BENCH_REVISION_H

extern const char bench_revision[];

#endif
