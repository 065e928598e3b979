/* Defaults of what to read. */
#include "model/read.h"

void read_request_init(struct read_request *request)
{
    *request = (struct read_request){
        .time_range = TIME_RANGE_ALL, .max_versions = 1, .is_cache_fill = true};
}

void scan_request_init(struct scan_request *request)
{
    *request = (struct scan_request){.is_start_inclusive = true, .is_on_demand = true};
    read_request_init(&request->read);
}
