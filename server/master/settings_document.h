/* The bytes of procedures/settings.<n> (docs/formats/procedure.md): u8 format (1 or 2), u64 epoch, varint switches, varint
 * count of servers, format 2: varint count of tablets, then for each server: sized name, u8 whether it is being emptied,
 * then for each tablet: sized id. Format 1 is written while there is no such tablet. */
#ifndef STELE_SERVER_MASTER_SETTINGS_DOCUMENT_H
#define STELE_SERVER_MASTER_SETTINGS_DOCUMENT_H

#include "base/bytes.h"
#include "base/status.h"

#define SETTINGS_NAME "settings"

struct settings_document {
    uint64_t epoch;    /* of the last master that led and has taken over what it found */
    uint64_t switches; /* a bit for each enum master_setting */
    uint64_t draining_count;
    uint64_t unassigned_count;
    struct span entries; /* what settings_document_next and ..._next_unassigned read */
};

/* Borrows from `bytes`. STATUS_CORRUPT, STATUS_NEWER_FORMAT. */
enum status settings_document_open(
    struct span bytes, struct settings_document *out_document, struct error *error);
/* The next draining server, "host,port,startcode"; STATUS_END after the last; STATUS_CORRUPT. */
enum status settings_document_next(struct settings_document *document, struct span *out_server,
    bool *out_offloads, struct error *error);
/* After STATUS_END of the servers: the next tablet that was closed by command, and stays so until it is assigned. */
enum status settings_document_next_unassigned(
    struct settings_document *document, struct span *out_tablet_id, struct error *error);

/* The head; each draining server is put behind it, then each unassigned tablet. */
void settings_document_put(struct buffer *out, uint64_t epoch, uint64_t switches,
    uint64_t draining_count, uint64_t unassigned_count);
void settings_document_put_draining(struct buffer *out, struct span server, bool offloads);
void settings_document_put_unassigned(struct buffer *out, struct span tablet_id);

#endif
