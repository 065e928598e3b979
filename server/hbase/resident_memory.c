#include "server/hbase/resident_memory.h"

#include <stdio.h>
#include <unistd.h>

uint64_t resident_memory_mb(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%*u %llu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) >> 20;
}
