/* What servers say to each other: commands, their answers, reports. What decodes is written back and decodes the
 * same. */
#include "tests/fuzz/fuzz.h"

#include "server/heat/heat_board.h"
#include "server/peer/heat_message.h"
#include "server/peer/peer_message.h"

static void try_command(struct span bytes)
{
    struct arena arena = {.limit_bytes = 1 << 26};
    struct buffer written = {0};
    struct tablet_command command, again;
    if (!tablet_command_decode(bytes, &arena, &command, NULL)) {
        tablet_command_encode(&command, &written);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!tablet_command_decode(buffer_span(&written), &arena, &again, NULL));
        fuzz_check(again.kind == command.kind && again.epoch == command.epoch &&
                   strcmp(again.tablet.id, command.tablet.id) == 0 &&
                   (command.kind != TABLET_COMMAND_READ ||
                       span_equal(again.after_row, command.after_row)));
    }
    buffer_deinit(&written);
    arena_deinit(&arena);
}

static void try_answer(struct span bytes, enum tablet_command_kind kind)
{
    struct arena arena = {.limit_bytes = 1 << 26};
    struct buffer written = {0};
    struct write_operation operations[2] = {0}, operations_again[2] = {0};
    struct tablet_command command = {
        .kind = kind, .arena = &arena, .operations = operations, .operation_count = 2};
    struct tablet_command again = {
        .kind = kind, .arena = &arena, .operations = operations_again, .operation_count = 2};
    if (!tablet_command_decode_answer(bytes, &command, NULL)) {
        tablet_command_encode_answer(&command, &written);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!tablet_command_decode_answer(buffer_span(&written), &again, NULL));
        fuzz_check(again.status == command.status && again.cell_count == command.cell_count &&
                   again.tablet_count == command.tablet_count);
    }
    buffer_deinit(&written);
    arena_deinit(&arena);
}

static void try_report(struct span bytes)
{
    struct arena arena = {.limit_bytes = 1 << 26};
    struct buffer written = {0};
    struct server_report report, again;
    struct server_report_answer answer;
    if (!server_report_decode(bytes, &arena, &report, NULL)) {
        server_report_encode(&report, &written);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!server_report_decode(buffer_span(&written), &arena, &again, NULL));
        fuzz_check(
            again.tablet_count == report.tablet_count && again.file_count == report.file_count);
    }
    (void)server_report_answer_decode(bytes, &answer, NULL);
    buffer_deinit(&written);
    arena_deinit(&arena);
}

/* A report of heat also has to be taken by a board, and shown. */
static void show(const struct heat_report *report)
{
    struct arena arena = {.limit_bytes = 1 << 26};
    struct heat_report_answer answer;
    struct heat_board *board;
    struct heat_tablets tablets;
    struct heat_rows rows;
    struct heat_matrix matrix;
    if (heat_board_new(env_real(), true, &board))
        return;
    heat_board_take(board, report, &answer);
    (void)heat_board_tablets(board, SPAN_EMPTY, HEAT_OPS, 100, &arena, &tablets);
    (void)heat_board_rows(board, SPAN_EMPTY, 100, &arena, &rows);
    if (report->minute_count > 0 && report->minutes[0].column_count > 0) {
        int64_t from_s = report->minutes[0].minute * 60;
        struct heat_query query = {.table = report->minutes[0].columns[0].table,
            .from_s = from_s,
            .to_s = from_s + 600,
            .metric = HEAT_OPS,
            .rows = 8,
            .columns = 8};
        (void)heat_board_matrix(board, &query, &arena, &matrix, NULL);
    }
    heat_board_free(board);
    arena_deinit(&arena);
}

static void try_heat(struct span bytes)
{
    struct arena arena = {.limit_bytes = 1 << 26};
    struct buffer written = {0};
    struct heat_report report, again;
    struct heat_report_answer answer;
    if (!heat_report_decode(bytes, &arena, &report, NULL)) {
        heat_report_encode(&report, &written);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!heat_report_decode(buffer_span(&written), &arena, &again, NULL));
        fuzz_check(
            again.minute_count == report.minute_count && again.hot_count == report.hot_count);
        show(&report);
    }
    (void)heat_report_answer_decode(bytes, &answer, NULL);
    buffer_deinit(&written);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span bytes = span_make(data + 1, size - 1);
    uint8_t kind = data[0] % 13;
    if (kind == 0)
        try_command(bytes);
    else if (kind == 11)
        try_report(bytes);
    else if (kind == 12)
        try_heat(bytes);
    else
        try_answer(bytes, (enum tablet_command_kind)kind);
    return 0;
}
