#include "server/web/process_facts.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static enum status count_name(void *context, const char *name, struct error *error)
{
    (void)name, (void)error;
    ++*(uint64_t *)context;
    return STATUS_OK;
}

static uint64_t count_names(struct env *env, const char *path)
{
    uint64_t count = 0;
    (void)env_directory_list(env, path, count_name, &count, NULL);
    return count;
}

void process_facts_read(struct env *env, struct process_facts *out_facts)
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
    uint64_t files = count_names(env, "/proc/self/fd");
    out_facts->open_files = files > 0 ? files - 1 : 0; /* without the one that looked */
    out_facts->threads = count_names(env, "/proc/self/task");
}
