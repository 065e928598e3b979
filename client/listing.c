#include "client/listing.h"

#include "base/memory.h"
#include "client/admin_text.h"
#include "client/call.h"
#include "client/convert.h"
#include "proto/admin.pb-c.h"
#include "proto/exception_class.h"
#include "proto/region.h"
#include "proto/unpack.h"

enum { META_PAGE_ROWS = 1000 };

_Static_assert(sizeof(((struct listing *)NULL)->encoded_storage) > ENCODED_NAME_SIZE, "fits");

static void read_page(struct listing *listing);

void listing_deinit(struct listing *listing)
{
    memory_free(listing->regions);
    buffer_deinit(&listing->subject);
    buffer_deinit(&listing->row);
    buffer_deinit(&listing->from);
}

static void finish(struct listing *listing, const struct stele_error *error)
{
    listing->done(listing, error);
}

static void finish_status(struct listing *listing, enum stele_status status, const char *message)
{
    struct stele_error error = {.status = STELE_OK};
    if (status)
        failure_set(&error, status, "%s", message);
    finish(listing, &error);
}

static void finish_no_memory(struct listing *listing)
{
    finish_status(listing, STELE_NO_MEMORY, "no memory for regions");
}

/* ---- rows ---- */

static void add_region(struct listing *listing, const struct meta_row *row, struct span encoded)
{
    struct arena *arena = listing->arena;
    if (!memory_grow(
            &listing->regions, listing->count, &listing->capacity, sizeof *listing->regions)) {
        listing->is_failed = true;
        return;
    }
    struct stele_region *region = &listing->regions[listing->count++];
    *region = (struct stele_region){
        .table = admin_copy_text(arena, row->info.table),
        .name = admin_copy_text(arena, row->name),
        .encoded_name = admin_copy_text(arena, encoded),
        .start_key = admin_copy_text(arena, row->info.start_key),
        .end_key = admin_copy_text(arena, row->info.end_key),
        .region_id = row->info.region_id,
        .server = {admin_copy_text(arena, row->host), row->port, row->start_code},
        .open_sequence = row->open_sequence,
        .state = admin_copy_text(arena, row->state),
        .is_offline = row->info.is_offline,
        .is_split = row->info.is_split,
    };
    listing->is_failed |= !region->table.data || !region->name.data || !region->encoded_name.data ||
                          !region->start_key.data || !region->end_key.data ||
                          !region->server.host.data || !region->state.data;
}

static bool holds_row(const struct listing *listing, const struct meta_row *row)
{
    const struct region_info *info = &row->info;
    struct span wanted = buffer_span(&listing->row);
    return !info->is_split && !info->is_offline && span_compare(info->start_key, wanted) <= 0 &&
           (info->end_key.size == 0 || span_compare(wanted, info->end_key) < 0);
}

static void on_row(void *context, const struct meta_row *row)
{
    struct listing *listing = context;
    char storage[ENCODED_NAME_SIZE + 1];
    if (row->is_table) {
        listing->has_table |= span_equal(row->name, listing->table);
        return;
    }
    struct span encoded = region_encoded_name(row->name, storage);
    if (listing->table.size && !span_equal(row->info.table, listing->table))
        return;
    if (listing->encoded_name.size && !span_equal(encoded, listing->encoded_name))
        return;
    if (listing->scan == META_SCAN_ROW && (listing->count || !holds_row(listing, row)))
        return;
    add_region(listing, row, encoded);
}

/* ---- hbase:meta itself ---- */

/* It has no row of its own: its only region, and the server that answers for it. */
static void on_meta_server(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct listing *listing = call->context;
    struct meta_row row = {
        .name = SPAN_LITERAL(META_REGION_NAME), .open_sequence = -1, .state = SPAN_LITERAL("OPEN")};
    struct error error;
    (void)block;
    if (failure) {
        finish(listing, &failure->error);
        return;
    }
    const Hbase__Pb__GetServerInfoResponse *response = (void *)message_unpack(
        &hbase__pb__get_server_info_response__descriptor, answer->result, &call->client->scratch,
        &error);
    if (!response) {
        finish_status(listing, STELE_PROTOCOL, error.message);
        return;
    }
    const Hbase__Pb__ServerName *name = response->server_info->server_name;
    row.info.table = SPAN_LITERAL(META_TABLE_NAME);
    row.info.region_id = 1;
    row.host = span_string(name->host_name);
    row.port = name->port;
    row.start_code = name->start_code;
    add_region(listing, &row, SPAN_LITERAL(META_ENCODED_NAME));
    if (listing->is_failed)
        finish_no_memory(listing);
    else
        finish_status(listing, STELE_OK, NULL);
}

/* GetServerInfo has no fields: the region before it says whom to ask. */
static void ask_meta_server(struct listing *listing)
{
    struct call *call = client_call_new(
        listing->client, CALL_TO_ROW, SERVICE_ADMIN, "GetServerInfo", on_meta_server, listing);
    if (!call) {
        finish_no_memory(listing);
        return;
    }
    call->table = listing->client->meta;
    call_start(call);
}

/* ---- pages ---- */

static void not_found(struct listing *listing)
{
    struct stele_error error = {.status = STELE_OK};
    if (listing->falls_back) { /* no such region: perhaps a table with such a name */
        listing->falls_back = listing->is_region = false;
        listing->encoded_name = SPAN_EMPTY;
        listing->table = buffer_span(&listing->subject);
        listing->scan = META_SCAN_TABLE;
        buffer_reset(&listing->from);
        read_page(listing);
        return;
    }
    admin_not_found(&error,
        listing->encoded_name.size ? EXCEPTION_UNKNOWN_REGION : EXCEPTION_TABLE_NOT_FOUND,
        bytes_of(buffer_span(&listing->subject)));
    finish(listing, &error);
}

static void on_page(struct call *call, const struct failure *failure,
    const struct response_frame *answer, struct block *block)
{
    struct listing *listing = call->context;
    struct meta_answer rows;
    struct error cause;
    (void)block;
    if (failure) {
        finish(listing, &failure->error);
        return;
    }
    if (meta_answer_decode(answer->result, answer->cell_block, &call->client->scratch, on_row,
            listing, &rows, &cause)) {
        finish_status(listing, STELE_PROTOCOL, cause.message);
        return;
    }
    buffer_reset(&listing->from);
    buffer_put(&listing->from, rows.last);
    bool is_found = listing->encoded_name.size && listing->count;
    if (listing->is_failed || buffer_status(&listing->from))
        finish_no_memory(listing);
    else if (rows.has_more && listing->scan != META_SCAN_ROW && !is_found)
        read_page(listing);
    else if (listing->count == 0 && !listing->has_table)
        not_found(listing);
    else
        finish_status(listing, STELE_OK, NULL);
}

static void read_page(struct listing *listing)
{
    struct call *call = client_call_new(
        listing->client, CALL_TO_ROW, SERVICE_CLIENT, "Scan", on_page, listing);
    if (!call) {
        finish_no_memory(listing);
        return;
    }
    call->table = listing->client->meta;
    meta_scan_encode(&call->body, listing->scan, listing->table, buffer_span(&listing->row),
        buffer_span(&listing->from), META_PAGE_ROWS);
    call_start(call);
}

/* ---- starting ---- */

static bool is_encoded_name(struct span text)
{
    if (span_equal(text, SPAN_LITERAL(META_ENCODED_NAME)))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (!(text.data[i] >= '0' && text.data[i] <= '9') &&
            !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    return text.size == ENCODED_NAME_SIZE;
}

/* Whether the subject names a region, and then which. */
static bool take_region_name(struct listing *listing)
{
    struct span subject = buffer_span(&listing->subject), table, start_key, id;
    if (!region_name_split(subject, &table, &start_key, &id)) {
        listing->encoded_name = region_encoded_name(subject, listing->encoded_storage);
        listing->table = table;
    } else if (is_encoded_name(subject)) {
        listing->encoded_name = subject;
        listing->falls_back = true;
    }
    return listing->encoded_name.size > 0;
}

static struct span bare_name(struct span name)
{
    return span_starts_with(name, SPAN_LITERAL("default:")) ? span_slice(name, 8, name.size - 8)
                                                            : name;
}

void listing_start(struct listing *listing, struct stele_client *client, struct arena *arena,
    enum listing_of of, struct span subject, struct span row, listing_function *done)
{
    listing->client = client;
    listing->arena = arena;
    listing->done = done;
    buffer_put(&listing->subject, bare_name(subject));
    buffer_put(&listing->row, row);
    if (!arena || buffer_status(&listing->subject) || buffer_status(&listing->row)) {
        finish_no_memory(listing);
        return;
    }
    if (listing->subject.size == 0) { /* which begins every region's name */
        struct stele_error error;
        failure_set(&error, STELE_INVALID, "Name is null or empty");
        finish(listing, &error);
        return;
    }
    bool may_be_region = of == LISTING_OF_REGION || of == LISTING_OF_TARGET;
    listing->is_region = may_be_region && take_region_name(listing);
    listing->falls_back &= of == LISTING_OF_TARGET;
    if (of == LISTING_OF_REGION && !listing->is_region) {
        struct stele_error error;
        admin_not_found(&error, EXCEPTION_UNKNOWN_REGION, bytes_of(buffer_span(&listing->subject)));
        finish(listing, &error);
        return;
    }
    if (!listing->is_region)
        listing->table = buffer_span(&listing->subject);
    listing->scan = of == LISTING_OF_ROW  ? META_SCAN_ROW
                    : listing->table.size ? META_SCAN_TABLE
                                          : META_SCAN_ALL;
    if (span_equal(listing->table, SPAN_LITERAL(META_TABLE_NAME)) ||
        span_equal(listing->encoded_name, SPAN_LITERAL(META_ENCODED_NAME)))
        ask_meta_server(listing);
    else
        read_page(listing);
}
