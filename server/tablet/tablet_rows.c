#include "server/tablet/tablet_rows.h"

#define FIRST_CELLS 64

struct rows_sink {
    struct read_sink sink;
    struct tablet_command *command;
    size_t room;
};

static struct span keep(struct arena *arena, struct span bytes, bool *is_failed)
{
    struct span copy = arena_copy(arena, bytes);
    *is_failed = *is_failed || (bytes.size > 0 && !copy.data);
    return copy;
}

static enum status keep_cell(struct read_sink *sink, const struct cell *cell)
{
    struct rows_sink *rows = (struct rows_sink *)sink;
    struct tablet_command *command = rows->command;
    struct arena *arena = command->arena;
    if (command->cell_count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : FIRST_CELLS;
        struct cell *cells = arena_allocate(arena, room * sizeof *cells);
        if (!cells)
            return STATUS_NO_MEMORY;
        if (rows->room)
            memcpy(cells, command->cells, rows->room * sizeof *cells);
        command->cells = cells;
        rows->room = room;
    }
    bool is_failed = false;
    struct cell *copy = &command->cells[command->cell_count];
    *copy = *cell;
    const struct cell *last = command->cell_count ? copy - 1 : NULL;
    copy->row = last && span_equal(last->row, cell->row) ? last->row
                                                         : keep(arena, cell->row, &is_failed);
    copy->family = keep(arena, cell->family, &is_failed);
    copy->qualifier = keep(arena, cell->qualifier, &is_failed);
    copy->value = keep(arena, cell->value, &is_failed);
    copy->tags = SPAN_EMPTY;
    if (is_failed)
        return STATUS_NO_MEMORY;
    command->cell_count++;
    return STATUS_OK;
}

static enum status end_result(struct read_sink *sink, bool is_partial)
{
    (void)sink, (void)is_partial;
    return STATUS_OK;
}

enum status tablet_rows_read(
    struct tablet *tablet, struct tablet_command *command, struct error *error)
{
    struct rows_sink sink = {.sink = {.cell = keep_cell, .result = end_result}, .command = command};
    struct scan_request request;
    struct scan_limits limits = {.results = UINT64_MAX,
        .rows = UINT64_MAX,
        .bytes = command->read_bytes ? command->read_bytes : UINT64_MAX,
        .may_block = true};
    struct scan_progress progress = {0};
    struct scanner *scanner;
    scan_request_init(&request);
    request.start_row = command->after_row;
    request.is_start_inclusive = command->after_row.size == 0;
    command->cells = NULL;
    command->cell_count = 0;
    enum status status = scanner_open(tablet, &request, &scanner, error);
    if (status)
        return status;
    status = scanner_next(scanner, &limits, &sink.sink, &progress, error);
    scanner_close(scanner);
    command->is_end = progress.stop == SCAN_STOP_END || progress.stop == SCAN_STOP_FILTER;
    return status;
}
