/* The master's documents: procedures, namespaces, settings, history. What decodes is written back and decodes the same. */
#include "tests/fuzz/fuzz.h"

#include "server/master/history_document.h"
#include "server/master/namespace_document.h"
#include "server/master/procedure.h"
#include "server/master/settings_document.h"

static void try_procedure(struct span bytes)
{
    struct arena arena = {0};
    struct buffer written = {0};
    struct procedure procedure, again;
    if (!procedure_decode(bytes, &arena, &procedure, NULL)) {
        procedure_encode(&procedure, &written);
        fuzz_check(!buffer_status(&written));
        fuzz_check(!procedure_decode(buffer_span(&written), &arena, &again, NULL));
        fuzz_check(again.kind == procedure.kind && again.step == procedure.step &&
                   again.tablet_count == procedure.tablet_count &&
                   span_equal(again.table_name, procedure.table_name));
        procedure_step(&procedure, PROCEDURE_RESUMED);
    }
    buffer_deinit(&written);
    arena_deinit(&arena);
}

static void try_namespace(struct span bytes)
{
    struct arena arena = {0};
    struct buffer written = {0};
    struct attribute *configuration, *again;
    size_t count, count_again;
    if (!namespace_document_decode(bytes, &arena, &configuration, &count, NULL)) {
        namespace_document_encode(configuration, count, &written);
        fuzz_check(
            !namespace_document_decode(buffer_span(&written), &arena, &again, &count_again, NULL));
        fuzz_check(count == count_again);
    }
    buffer_deinit(&written);
    arena_deinit(&arena);
}

static void try_settings(struct span bytes)
{
    struct settings_document document;
    struct buffer written = {0};
    struct span server;
    bool offloads;
    if (settings_document_open(bytes, &document, NULL))
        return;
    settings_document_put(&written, document.epoch, document.switches, document.draining_count,
        document.unassigned_count);
    while (!settings_document_next(&document, &server, &offloads, NULL))
        settings_document_put_draining(&written, server, offloads);
    while (document.draining_count == 0 &&
           !settings_document_next_unassigned(&document, &server, NULL))
        settings_document_put_unassigned(&written, server);
    fuzz_check(document.draining_count > 0 || document.unassigned_count > 0 ||
               !settings_document_open(buffer_span(&written), &document, NULL));
    buffer_deinit(&written);
}

static void try_history(struct span bytes)
{
    struct history_head head;
    struct history_procedure procedure;
    struct history_move move;
    struct buffer written = {0};
    struct span in = bytes;
    if (history_take_head(&in, &head, NULL))
        return;
    history_put_head(&written, &head);
    uint64_t procedures = 0, moves = 0;
    while (procedures < head.procedure_count && !history_take_procedure(&in, &procedure, NULL)) {
        history_put_procedure(&written, &procedure);
        procedures++;
    }
    while (procedures == head.procedure_count && moves < head.move_count &&
           !history_take_move(&in, &move, NULL)) {
        history_put_move(&written, &move);
        moves++;
    }
    if (moves == head.move_count && !history_take_end(in, NULL)) { /* as it was, but for varints */
        struct span again = buffer_span(&written);
        fuzz_check(!history_take_head(&again, &head, NULL));
        for (uint64_t i = 0; i < procedures; i++)
            fuzz_check(!history_take_procedure(&again, &procedure, NULL));
        for (uint64_t i = 0; i < moves; i++)
            fuzz_check(!history_take_move(&again, &move, NULL));
        fuzz_check(!history_take_end(again, NULL));
    }
    buffer_deinit(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span bytes = span_make(data + 1, size - 1);
    if (data[0] & 4)
        try_history(bytes);
    else if (data[0] & 2)
        try_settings(bytes);
    else if (data[0] & 1)
        try_namespace(bytes);
    else
        try_procedure(bytes);
    return 0;
}
