/* Documents of chains: the envelope as it lies in a file, and the payloads of manifests and plans. The first
 * byte chooses: 0 an envelope of any kind, 1 a manifest's payload of format 1, 2 a plan's, 3 a manifest's in
 * an envelope that holds, 4 a schema, 5 a manifest's payload, 6 a snapshot's, 7 a plan's of format 1. */
#include "tests/fuzz/fuzz.h"

#include "base/arena.h"
#include "model/schema.h"
#include "storage/manifest.h"
#include "storage/plan.h"
#include "storage/snapshot.h"

static void read_manifest(struct span payload, uint16_t version)
{
    struct arena arena = {.limit_bytes = payload.size * 256 + (1u << 20)};
    struct buffer once = {0};
    struct buffer twice = {0};
    struct manifest manifest = {0};
    struct error error;
    if (manifest_decode(payload, version, &arena, &manifest, &error) == STATUS_OK) {
        manifest_encode(&manifest, &once);
        fuzz_check(manifest_decode(buffer_span(&once), document_kind_version(DOCUMENT_MANIFEST),
                       &arena, &manifest, &error) == STATUS_OK);
        manifest_encode(&manifest, &twice);
        fuzz_check(span_equal(buffer_span(&once), buffer_span(&twice)));
    }
    buffer_deinit(&once);
    buffer_deinit(&twice);
    arena_deinit(&arena);
}

static void read_plan(struct span payload, uint16_t version)
{
    struct plan plan = {0};
    struct error error;
    struct buffer again = {0};
    if (plan_decode(payload, version, &plan, &error) == STATUS_OK) {
        plan_encode(&plan, &again);
        version = plan_format_version(&plan);
        plan_deinit(&plan);
        fuzz_check(plan_decode(buffer_span(&again), version, &plan, &error) == STATUS_OK);
        plan_deinit(&plan);
    }
    buffer_deinit(&again);
}

static void read_snapshot(struct span payload)
{
    struct arena arena = {.limit_bytes = payload.size * 256 + (1u << 20)};
    struct document document = {.kind = DOCUMENT_SNAPSHOT,
        .comparator = ROW_ORDER_BYTES,
        .subject = SPAN_LITERAL("s"),
        .payload = payload};
    struct snapshot snapshot = {0};
    struct buffer once = {0};
    struct buffer twice = {0};
    struct error error;
    if (snapshot_decode(&document, &arena, &snapshot, &error) == STATUS_OK) {
        fuzz_check(snapshot_encode(&snapshot, &once) == STATUS_OK);
        document.payload = buffer_span(&once);
        fuzz_check(snapshot_decode(&document, &arena, &snapshot, &error) == STATUS_OK);
        fuzz_check(snapshot_encode(&snapshot, &twice) == STATUS_OK);
        fuzz_check(span_equal(buffer_span(&once), buffer_span(&twice)));
    }
    buffer_deinit(&once);
    buffer_deinit(&twice);
    arena_deinit(&arena);
}

static void read_envelope(struct span file)
{
    struct document document;
    struct error error;
    enum document_kind kind;
    if (!document_kind_of(file, &kind) || document_decode(file, kind, &document, &error))
        return;
    fuzz_check(document.kind == kind && document.payload.size <= file.size);
}

static void read_wrapped_manifest(struct span payload)
{
    struct document document = {.kind = DOCUMENT_MANIFEST,
        .format_version = document_kind_version(DOCUMENT_MANIFEST),
        .version = 3,
        .subject = SPAN_LITERAL("t/1"),
        .payload = payload};
    struct document decoded;
    struct buffer file = {0};
    struct error error;
    document_encode(&document, &file);
    fuzz_check(
        document_decode(buffer_span(&file), DOCUMENT_MANIFEST, &decoded, &error) == STATUS_OK);
    fuzz_check(span_equal(decoded.payload, payload) && decoded.version == 3);
    buffer_deinit(&file);
}

static void read_schema(struct span in)
{
    struct arena arena = {.limit_bytes = in.size * 256 + (1u << 20)};
    struct table_schema schema;
    struct error error;
    struct buffer once = {0};
    struct buffer twice = {0};
    if (table_schema_decode(&in, &arena, &schema, &error) == STATUS_OK) {
        table_schema_encode(&schema, &once);
        struct span again = buffer_span(&once);
        fuzz_check(table_schema_decode(&again, &arena, &schema, &error) == STATUS_OK);
        table_schema_encode(&schema, &twice);
        fuzz_check(span_equal(buffer_span(&once), buffer_span(&twice)));
    }
    buffer_deinit(&once);
    buffer_deinit(&twice);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_make(data, size);
    uint8_t kind;
    if (span_take_u8(&in, &kind))
        return 0;
    switch (kind) {
    case 0:
        read_envelope(in);
        break;
    case 1:
        read_manifest(in, 1);
        break;
    case 2:
        read_plan(in, 2);
        break;
    case 3:
        read_wrapped_manifest(in);
        break;
    case 4:
        read_schema(in);
        break;
    case 5:
        read_manifest(in, 2);
        break;
    case 6:
        read_snapshot(in);
        break;
    case 7:
        read_plan(in, 1);
        break;
    }
    return 0;
}
