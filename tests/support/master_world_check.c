/* What must hold in a world when nothing is under way any more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/region.h"
#include "server/master/document_words.h"
#include "tests/support/master_world_internal.h"
#include "tests/support/support.h"

static bool is_quiet(struct master_world *world)
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    bool is_quiet = true;
    mutex_lock(&catalogue->mutex);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        is_quiet = is_quiet && !table->lock;
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            bool should_be_open = table->descriptor.state == TABLE_ENABLED && !one->is_unassigned;
            is_quiet = is_quiet && !one->lock && !one->transition &&
                       (!should_be_open || one->state == ASSIGNMENT_OPEN);
        }
    }
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next)
        is_quiet = is_quiet && one->state != ASSIGNED_SERVER_DYING &&
                   (one->state == ASSIGNED_SERVER_DEAD || !one->absent_since_ns);
    mutex_unlock(&catalogue->mutex);
    return is_quiet;
}

/* What is not as it should be, for people. */
static void complain(struct master_world *world)
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count; i++) {
            const struct assigned_tablet *one = table->tablets[i];
            printf("%s %s at %s lock=%d transition=%d idle=%d failure=%s\n", one->info.id,
                assignment_state_name(one->state), one->server ? one->server->text : "-",
                one->lock != 0, one->transition != NULL, one->is_idle,
                one->failure ? one->failure : "");
        }
    for (const struct assigned_server *one = catalogue->assignment.servers; one; one = one->next)
        printf("%s state=%d tablets=%zu\n", one->text, one->state, one->tablet_count);
}

void master_world_quiet(struct master_world *world)
{
    for (int i = 0; i < 600; i++) {
        if (is_quiet(world))
            return;
        master_world_settle(world, 200);
    }
    complain(world);
    fail_msg("something goes on and on (seed %llu)", (unsigned long long)world->seed);
}

/* Rows of the tablet against what was acknowledged. */
static size_t check_rows(struct master_world *world, const struct assigned_tablet *tablet)
{
    struct node *node = master_world_node_of(world, tablet->server);
    struct waited *waited = arena_allocate_zeroed(&world->arena, 1, sizeof *waited);
    size_t count = 0;
    assert_non_null(node);
    if (!master_world_run_at(world, node, waited, TABLET_COMMAND_READ, tablet->info.id))
        fail_msg("read of %s at %s: %s (seed %llu)", tablet->info.id, node->text,
            waited->command.error.message, (unsigned long long)world->seed);
    for (size_t i = 0; i < waited->command.cell_count; i++) {
        const struct cell *cell = &waited->command.cells[i];
        unsigned row = (unsigned)strtoul((const char *)cell->row.data + 1, NULL, 10);
        assert_true(row < MASTER_WORLD_ROWS);
        if (!span_equal(cell->value, span_string(world->values[row])) &&
            !span_equal(cell->value, span_string(world->tried[row])))
            fail_msg("row r%02u is %.*s, was %s (seed %llu)", row, (int)cell->value.size,
                (const char *)cell->value.data, world->values[row],
                (unsigned long long)world->seed);
        count++;
    }
    return count;
}

static void check_table(struct master_world *world, struct catalogue_table *table)
{
    size_t expected = 0, found = 0;
    bool is_whole = table->descriptor.state == TABLE_ENABLED &&
                    !span_equal(table->descriptor.schema.name, SPAN_LITERAL("v"));
    for (size_t i = 0; i < table->tablet_count; i++) {
        const struct assigned_tablet *one = table->tablets[i];
        struct span start = i ? table->tablets[i - 1]->info.end_row : SPAN_EMPTY;
        if (!span_equal(one->info.start_row, start))
            fail_msg("a hole or overlap before %s", one->info.id);
        if (table->descriptor.state == TABLE_ENABLED && !one->is_unassigned) {
            assert_int_equal(one->state, ASSIGNMENT_OPEN);
            found += check_rows(world, one);
        } else {
            is_whole = false;
        }
    }
    assert_int_equal(table->tablets[table->tablet_count - 1]->info.end_row.size, 0);
    for (size_t i = 0; i < MASTER_WORLD_ROWS; i++)
        expected += world->values[i][0] != 0;
    if (is_whole && found < expected)
        fail_msg("%zu rows of %zu (seed %llu)", found, expected, (unsigned long long)world->seed);
}

/* hbase:meta says the same as the catalogue. */
static void check_meta(struct master_world *world)
{
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    struct assigned_tablet *meta = assignment_find(
        &catalogue->assignment, SPAN_LITERAL("1588230740"));
    struct waited *waited = arena_allocate_zeroed(&world->arena, 1, sizeof *waited);
    size_t right = 0, expected = 0;
    assert_non_null(meta);
    assert_true(master_world_run_at(world, master_world_node_of(world, meta->server), waited,
        TABLET_COMMAND_READ, "1588230740"));
    for (size_t i = 0; i < waited->command.cell_count; i++) {
        const struct cell *cell = &waited->command.cells[i];
        char storage[ENCODED_NAME_SIZE + 1];
        struct span table, start, id;
        if (region_name_split(cell->row, &table, &start, &id))
            continue;
        const struct assigned_tablet *tablet = assignment_find(
            &catalogue->assignment, region_encoded_name(cell->row, storage));
        if (!tablet)
            fail_msg("hbase:meta has %.*s, which does not exist (seed %llu)", (int)cell->row.size,
                (const char *)cell->row.data, (unsigned long long)world->seed);
        if (span_equal(cell->qualifier, SPAN_LITERAL("sn")) && tablet->state == ASSIGNMENT_OPEN) {
            if (!span_equal(cell->value, span_string(tablet->server->text)))
                fail_msg("hbase:meta has %s at %.*s, it is at %s (seed %llu)", tablet->info.id,
                    (int)cell->value.size, (const char *)cell->value.data, tablet->server->text,
                    (unsigned long long)world->seed);
            right++;
        }
    }
    for (const struct catalogue_table *table = catalogue->tables; table; table = table->next)
        for (size_t i = 0; i < table->tablet_count; i++)
            expected += table->tablets[i]->state == ASSIGNMENT_OPEN && table->tablets[i] != meta;
    assert_int_equal(right, expected);
}

void master_world_check(struct master_world *world)
{
    master_world_quiet(world);
    struct catalogue *catalogue = master_catalogue(world->leader->master);
    for (struct catalogue_table *table = catalogue->tables; table; table = table->next) {
        assert_false(table->is_hidden);
        assert_true(
            table->descriptor.state == TABLE_ENABLED || table->descriptor.state == TABLE_DISABLED);
        if (strcmp(table->descriptor.id, "meta") != 0)
            check_table(world, table);
    }
    check_meta(world);
}

static void print_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    (void)context;
    printf("%s, offset %llu: %s\n", path, (unsigned long long)offset, what);
}

void master_world_fsck(struct master_world *world)
{
    struct error error = {0};
    uint64_t problems = 0;
    master_world_crash_all(world);
    assert_ok(storage_check(world->env, MASTER_WORLD_ROOT, print_problem, NULL,
                  master_document_words, NULL, &problems, &error),
        &error);
    if (problems)
        fail_msg("fsck: %llu problems (seed %llu)", (unsigned long long)problems,
            (unsigned long long)world->seed);
}

bool master_world_has_table(struct master_world *world, const char *name)
{
    return catalogue_find_locked(master_catalogue(world->leader->master), span_string(name)) !=
           NULL;
}
