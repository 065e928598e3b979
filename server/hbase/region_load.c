#include "server/hbase/region_load.h"

#include "proto/wire.h"

static uint64_t in_kilobytes(uint64_t bytes)
{
    return bytes >> 10;
}

static uint64_t in_megabytes(uint64_t bytes)
{
    return bytes >> 20;
}

void region_load_put_fields(struct buffer *out, const struct served_tablet *tablet)
{
    struct tablet_statistics statistics;
    tablet_statistics_read(tablet->tablet, &statistics);
    struct region_specifier name = {.value = tablet->region_name};

    region_specifier_put(out, 1, name);
    wire_put_varint(out, 2, statistics.family_count);
    wire_put_varint(out, 3, statistics.sstable_count);
    wire_put_varint(out, 4, in_megabytes(statistics.sstable_raw_bytes));
    wire_put_varint(out, 5, in_megabytes(statistics.sstable_bytes));
    wire_put_varint(out, 6, in_megabytes(statistics.memtable_bytes));
    wire_put_varint(out, 7, in_kilobytes(statistics.index_bytes));
    wire_put_varint(out, 8, statistics.read_requests);
    wire_put_varint(out, 9, statistics.write_requests);
    wire_put_varint(out, 10, statistics.compacting_cells);
    wire_put_varint(out, 11, statistics.compacted_cells);
    wire_put_varint(out, 13, in_kilobytes(statistics.index_bytes));
    wire_put_varint(out, 14, in_kilobytes(statistics.bloom_bytes));
    wire_put_varint(out, 15, statistics.last_sequence);
    wire_put_varint(out, 17, (uint64_t)statistics.last_major_compaction_ms);
    wire_put_varint(out, 19, statistics.filtered_reads);
    wire_put_varint(out, 27, (uint64_t)statistics.compaction_state);
}

void region_load_put(struct buffer *out, uint32_t number, const struct served_tablet *tablet)
{
    size_t mark = wire_begin(out, number);
    region_load_put_fields(out, tablet);
    wire_end(out, mark);
}
