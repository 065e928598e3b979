/* The messages that protobuf-c decodes, behind our caps on depth and memory. The first byte chooses
 * one. */
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "heat.pb-c.h"
#include "master.pb-c.h"
#include "proto/unpack.h"
#include "rpc.pb-c.h"

/* Numbers are never given to another message: the corpus hangs on them. */
static const ProtobufCMessageDescriptor *const descriptors[] = {
    &hbase__pb__connection_header__descriptor,
    &hbase__pb__request_header__descriptor,
    &hbase__pb__create_table_request__descriptor,
    &hbase__pb__modify_table_request__descriptor,
    &hbase__pb__get_table_descriptors_request__descriptor,
    &hbase__pb__namespace_request__descriptor,
    &hbase__pb__exec_procedure_request__descriptor,
    &hbase__pb__truncate_table_request__descriptor,
    /* SteleService: as servers and as libstele meet them */
    &stele__pb__hot_tablets_request__descriptor,
    &stele__pb__hot_rows_request__descriptor,
    &stele__pb__heat_map_request__descriptor,
    &stele__pb__events_request__descriptor,
    &stele__pb__hot_tablets_response__descriptor,
    &stele__pb__hot_rows_response__descriptor,
    &stele__pb__heat_map_response__descriptor,
    &stele__pb__events_response__descriptor,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size);
    uint8_t kind;
    if (span_take_u8(&in, &kind) || kind >= sizeof(descriptors) / sizeof(descriptors[0]))
        return 0;
    struct arena arena = {0};
    struct error error;
    const ProtobufCMessage *message = message_unpack(descriptors[kind], in, &arena, &error);
    fuzz_check(arena.used_bytes <= in.size * LIMIT_PROTOBUF_MEMORY_FACTOR + (1u << 20));
    if (message) {
        struct buffer again = {0};
        message_pack(message, &again);
        fuzz_check(again.is_failed ||
                   message_unpack(descriptors[kind], buffer_span(&again), &arena, &error));
        buffer_deinit(&again);
    }
    arena_deinit(&arena);
    return 0;
}
