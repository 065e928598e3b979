/* How much memory the process holds: HBase's used heap, as far as there is one. */
#ifndef STELE_SERVER_HBASE_RESIDENT_MEMORY_H
#define STELE_SERVER_HBASE_RESIDENT_MEMORY_H

#include <stdint.h>

uint64_t resident_memory_mb(void); /* 0 when the system does not tell; any thread */

#endif
