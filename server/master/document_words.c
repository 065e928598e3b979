#include "server/master/document_words.h"

#include <inttypes.h>

#include "server/master/history_document.h"
#include "server/master/master.h"
#include "server/master/namespace_document.h"
#include "server/master/procedure.h"
#include "server/master/settings_document.h"

struct writer {
    void (*print)(void *context, const char *line);
    void *context;
    struct buffer line;
};

static void put_quoted(struct buffer *line, const char *what, struct span bytes)
{
    buffer_put_format(line, "%s\"", what);
    buffer_put_escaped(line, bytes);
    buffer_put_u8(line, '"');
}

static void finish_line(struct writer *writer)
{
    buffer_put_u8(&writer->line, 0);
    writer->print(writer->context,
        buffer_status(&writer->line) ? "(no memory)" : (const char *)writer->line.data);
    buffer_reset(&writer->line);
}

/* ---- Settings ---- */

static enum status say_settings(struct writer *writer, struct span payload, struct error *error)
{
    static const char *const names[SETTING_COUNT] = {"balancer", "splits", "merges", "normalizer",
        "catalog janitor", "cleaner", "snapshot cleanup"};
    struct buffer *line = &writer->line;
    struct settings_document document;
    struct span server; /* or tablet */
    bool offloads;
    enum status status = settings_document_open(payload, &document, error);
    if (status)
        return status;
    buffer_put_format(line, "  epoch %" PRIu64, document.epoch);
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        buffer_put_format(line, ", %s %s", names[i], document.switches >> i & 1 ? "on" : "off");
    finish_line(writer);
    while (!(status = settings_document_next(&document, &server, &offloads, error))) {
        put_quoted(line, "  gets no tablets: ", server);
        buffer_put_format(line, offloads ? ", is being emptied" : "");
        finish_line(writer);
    }
    while (status == STATUS_END &&
           !(status = settings_document_next_unassigned(&document, &server, error))) {
        put_quoted(line, "  closed by command: ", server);
        finish_line(writer);
        status = STATUS_END;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

/* ---- Namespaces ---- */

static enum status say_namespace(struct writer *writer, struct span payload, struct error *error)
{
    struct arena arena = {0};
    struct attribute *properties;
    size_t count;
    enum status status = namespace_document_decode(payload, &arena, &properties, &count, error);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        put_quoted(&writer->line, "  property ", properties[i].key);
        put_quoted(&writer->line, " = ", properties[i].value);
        finish_line(writer);
    }
    arena_deinit(&arena);
    return status;
}

/* ---- Procedures ---- */

static void say_subject(struct writer *writer, const struct procedure *procedure)
{
    struct buffer *line = &writer->line;
    if (procedure->table_name.size) {
        put_quoted(line, "  table ", procedure->table_name);
        buffer_put_format(line, " %s", procedure->table_id);
        if (procedure->new_table_id[0])
            buffer_put_format(line, ", successor %s", procedure->new_table_id);
        if (procedure->schema.family_count)
            buffer_put_format(line, ", schema of %zu families", procedure->schema.family_count);
        finish_line(writer);
    }
    if (procedure->snapshot.size) {
        put_quoted(line, "  snapshot ", procedure->snapshot);
        put_quoted(line, " of ", procedure->owner);
        if (procedure->number)
            buffer_put_format(line, ", for %" PRIu64 " s", procedure->number);
        finish_line(writer);
    }
    if (procedure->server.size) {
        put_quoted(line, "  server ", procedure->server);
        finish_line(writer);
    }
    if (procedure->row.size) {
        put_quoted(line, "  at row ", procedure->row);
        finish_line(writer);
    }
}

static void say_procedure(struct writer *writer, const struct procedure *procedure)
{
    struct buffer *line = &writer->line;
    struct procedure_decision next = procedure_step(procedure, PROCEDURE_RESUMED);
    buffer_put_format(line, "  %s, step %u: %s%s, submitted %" PRId64 " ms, epoch %" PRIu64,
        procedure_kind_name(procedure->kind), procedure->step,
        procedure->is_undoing ? "undoing, " : "", procedure_action_name(next.action),
        procedure->submitted_ms, procedure->epoch);
    if (procedure->nonce)
        buffer_put_format(line, ", nonce %016" PRIx64 " of %016" PRIx64, procedure->nonce,
            procedure->nonce_group);
    finish_line(writer);
    say_subject(writer, procedure);
    for (size_t i = 0; i < procedure->source_count; i++) {
        put_quoted(line, "  works on tablet ", procedure->sources[i]);
        finish_line(writer);
    }
    for (size_t i = 0; i < procedure->tablet_count; i++) {
        const struct tablet_info *tablet = &procedure->tablets[i];
        buffer_put_format(line, "  makes tablet %s of table %s, region id %" PRIu64, tablet->id,
            tablet->table_id, tablet->region_id);
        put_quoted(line, ", rows from ", tablet->start_row);
        put_quoted(line, " to ", tablet->end_row);
        finish_line(writer);
    }
}

static enum status say_procedures_payload(
    struct writer *writer, struct span payload, struct error *error)
{
    struct arena arena = {0};
    struct procedure procedure;
    enum status status = procedure_decode(payload, &arena, &procedure, error);
    if (status == STATUS_OK)
        say_procedure(writer, &procedure);
    arena_deinit(&arena);
    return status;
}

/* ---- History ---- */

static enum status say_ended(struct writer *writer, struct span *bytes, struct error *error)
{
    struct buffer *line = &writer->line;
    struct history_procedure one;
    enum status status = history_take_procedure(bytes, &one, error);
    if (status)
        return status;
    buffer_put(line, SPAN_LITERAL("  "));
    buffer_put_escaped(line, one.kind);
    buffer_put_format(line, " %" PRIu64 ", submitted %" PRId64 " ms, ended %" PRId64 " ms", one.id,
        one.submitted_ms, one.ended_ms);
    if (one.asked_ms)
        buffer_put_format(line, ", asked for %" PRId64 " ms", one.asked_ms);
    if (one.nonce)
        buffer_put_format(
            line, ", nonce %016" PRIx64 " of %016" PRIx64, one.nonce, one.nonce_group);
    if (one.exception_class.size) {
        put_quoted(line, ", failed: ", one.exception_class);
        put_quoted(line, " ", one.message);
    }
    finish_line(writer);
    return STATUS_OK;
}

static enum status say_move(struct writer *writer, struct span *bytes, struct error *error)
{
    struct buffer *line = &writer->line;
    struct history_move one;
    enum status status = history_take_move(bytes, &one, error);
    if (status)
        return status;
    buffer_put_format(
        line, "  move at %" PRId64 " ms%s", one.time_ms, one.is_begun ? "" : ", not begun");
    put_quoted(line, ": tablet ", one.tablet);
    put_quoted(line, " of ", one.table);
    put_quoted(line, " from ", one.from);
    put_quoted(line, " to ", one.to);
    put_quoted(line, ", ", one.reason);
    buffer_put_format(line, ", gain %.3f", one.gain);
    finish_line(writer);
    return STATUS_OK;
}

static enum status say_history(struct writer *writer, struct span bytes, struct error *error)
{
    struct buffer *line = &writer->line;
    struct history_head head;
    enum status status = history_take_head(&bytes, &head, error);
    if (status)
        return status;
    buffer_put_format(line,
        "  epoch %" PRIu64 ", balancer: %" PRIu64 " runs, %" PRIu64 " with moves, %" PRIu64
        " moves",
        head.epoch, head.runs, head.runs_with_moves, head.moves);
    if (head.run_ms) {
        buffer_put_format(line, ", the last at %" PRId64 " ms", head.run_ms);
        put_quoted(line, ": ", head.verdict);
    }
    finish_line(writer);
    for (uint64_t i = 0; i < head.procedure_count && !status; i++)
        status = say_ended(writer, &bytes, error);
    for (uint64_t i = 0; i < head.move_count && !status; i++)
        status = say_move(writer, &bytes, error);
    return status ? status : history_take_end(bytes, error);
}

enum status master_document_words(void *words, enum chain_kind kind, struct span name,
    struct span payload, void (*print)(void *context, const char *line), void *context,
    struct error *error)
{
    struct writer writer = {.print = print, .context = context};
    (void)words;
    enum status status = kind == CHAIN_NAMESPACE ? say_namespace(&writer, payload, error)
                         : kind == CHAIN_HISTORY ? say_history(&writer, payload, error)
                         : span_equal(name, SPAN_LITERAL(SETTINGS_NAME))
                             ? say_settings(&writer, payload, error)
                             : say_procedures_payload(&writer, payload, error);
    buffer_deinit(&writer.line);
    return status;
}
