#include "server/master/settings_document.h"

#include "base/limits.h"

#define SETTINGS_FORMAT 2

enum status settings_document_open(
    struct span bytes, struct settings_document *out_document, struct error *error)
{
    struct settings_document document = {0};
    uint8_t format;
    if (span_take_u8(&bytes, &format))
        return error_set(error, STATUS_CORRUPT, "settings are empty");
    if (format < 1 || format > SETTINGS_FORMAT)
        return error_set(error, STATUS_NEWER_FORMAT,
            "settings have format %u, this program knows up to %u", format, SETTINGS_FORMAT);
    if (span_take_u64(&bytes, &document.epoch) || span_take_varint(&bytes, &document.switches) ||
        span_take_varint(&bytes, &document.draining_count) ||
        document.draining_count > LIMIT_DRAINING_SERVERS ||
        (format >= 2 && span_take_varint(&bytes, &document.unassigned_count)) ||
        document.unassigned_count > LIMIT_UNASSIGNED_TABLETS)
        return error_set(error, STATUS_CORRUPT, "settings end too early");
    document.entries = bytes;
    *out_document = document;
    return STATUS_OK;
}

enum status settings_document_next(struct settings_document *document, struct span *out_server,
    bool *out_offloads, struct error *error)
{
    uint8_t offloads;
    if (document->draining_count == 0)
        return STATUS_END;
    if (span_take_sized(&document->entries, out_server) ||
        span_take_u8(&document->entries, &offloads))
        return error_set(error, STATUS_CORRUPT, "settings end %llu servers too early",
            (unsigned long long)document->draining_count);
    document->draining_count--;
    *out_offloads = offloads != 0;
    return STATUS_OK;
}

enum status settings_document_next_unassigned(
    struct settings_document *document, struct span *out_tablet_id, struct error *error)
{
    if (document->unassigned_count == 0)
        return STATUS_END;
    if (span_take_sized(&document->entries, out_tablet_id))
        return error_set(error, STATUS_CORRUPT, "settings end %llu tablets too early",
            (unsigned long long)document->unassigned_count);
    document->unassigned_count--;
    return STATUS_OK;
}

void settings_document_put(struct buffer *out, uint64_t epoch, uint64_t switches,
    uint64_t draining_count, uint64_t unassigned_count)
{
    buffer_put_u8(out, unassigned_count ? SETTINGS_FORMAT : 1);
    buffer_put_u64(out, epoch);
    buffer_put_varint(out, switches);
    buffer_put_varint(out, draining_count);
    if (unassigned_count)
        buffer_put_varint(out, unassigned_count);
}

void settings_document_put_draining(struct buffer *out, struct span server, bool offloads)
{
    buffer_put_sized(out, server);
    buffer_put_u8(out, offloads);
}

void settings_document_put_unassigned(struct buffer *out, struct span tablet_id)
{
    buffer_put_sized(out, tablet_id);
}
