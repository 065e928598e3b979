/* What the system knows of this process. */
#ifndef STELE_SERVER_WEB_PROCESS_FACTS_H
#define STELE_SERVER_WEB_PROCESS_FACTS_H

#include "base/env.h"

struct process_facts {
    double cpu_s;
    uint64_t resident_bytes, virtual_bytes;
    uint64_t open_files, open_files_most;
    uint64_t threads;
};

/* Any thread; 0 is what the system does not tell. */
void process_facts_read(struct env *env, struct process_facts *out_facts);

#endif
