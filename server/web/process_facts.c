#include "server/web/process_facts.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static uint64_t count_names(const char *path)
{
    DIR *directory = opendir(path);
    uint64_t count = 0;
    if (!directory)
        return 0;
    for (struct dirent *one; (one = readdir(directory));)
        count += one->d_name[0] != '.';
    closedir(directory);
    return count;
}

void process_facts_read(struct process_facts *out_facts)
{
    struct rusage usage;
    struct rlimit limit;
    unsigned long long pages = 0, resident = 0;
    memset(out_facts, 0, sizeof *out_facts);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out_facts->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        out_facts->open_files_most = limit.rlim_cur;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%llu %llu", &pages, &resident) == 2) {
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        out_facts->virtual_bytes = pages * page;
        out_facts->resident_bytes = resident * page;
    }
    if (file)
        fclose(file);
    uint64_t files = count_names("/proc/self/fd");
    out_facts->open_files = files > 0 ? files - 1 : 0; /* without the one that looked */
    out_facts->threads = count_names("/proc/self/task");
}
