/* The part of coordination that implementations share, seen through the cluster of one. */
#include "server/coordination/coordination.h"

#include "base/env_memory.h"
#include "tests/support/support.h"

struct record {
    unsigned changes; /* all that were told */
    unsigned change_count, lead_count, deposed_count, closed_count;
    uint64_t epoch;
    bool was_leading_at_lead;
    struct coordination *coordination;
    struct coordination_listener listener;
};

static void on_lead(void *context, uint64_t epoch)
{
    struct record *record = context;
    const struct coordination_view *view = coordination_view_get(record->coordination);
    record->was_leading_at_lead = view->is_leading && view->epoch == epoch;
    coordination_view_unref(view);
    record->epoch = epoch;
    record->lead_count++;
}

static void on_deposed(void *context)
{
    ((struct record *)context)->deposed_count++;
}

static void on_changed(void *context, const struct coordination_view *view, unsigned changes)
{
    struct record *record = context;
    assert_true(view->is_connected);
    record->changes |= changes;
    record->change_count++;
}

static void on_closed(void *context)
{
    ((struct record *)context)->closed_count++;
}

struct world {
    struct env *env;
    struct record record;
};

static void run(struct world *world)
{
    while (env_memory_run_one(world->env))
        ;
}

static int setup(void **state)
{
    struct world *world = test_calloc(1, sizeof *world);
    struct error error = {0};
    world->env = env_memory_new(1, ENV_MEMORY_SEEDED);
    assert_ok(coordination_local_new(world->env, &world->record.coordination, &error), &error);
    world->record.listener = (struct coordination_listener){
        .context = &world->record,
        .lead = on_lead,
        .deposed = on_deposed,
        .changed = on_changed,
    };
    coordination_listen(world->record.coordination, &world->record.listener);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    coordination_free(world->record.coordination);
    env_memory_free(world->env);
    test_free(world);
    return 0;
}

static const struct server_name self = {
    .host = {(const uint8_t *)"localhost", 9}, .port = 16000, .start_code = 7};

static void a_cluster_of_one_leads_and_is_its_only_server(void **state)
{
    struct world *world = *state;
    struct record *record = &world->record;
    struct error error = {0};
    coordination_announce(record->coordination, &self);
    coordination_campaign(record->coordination, &self);
    run(world);
    assert_int_equal(record->change_count, 0); /* nothing is told before the start */

    assert_ok(coordination_start(record->coordination, &error), &error);
    run(world);

    assert_int_equal(record->lead_count, 1);
    assert_int_equal(record->epoch, 1);
    assert_true(record->was_leading_at_lead);
    assert_int_equal(record->changes, COORDINATION_ALL);
    const struct coordination_view *view = coordination_view_get(record->coordination);
    assert_true(view->is_connected);
    assert_int_equal(view->servers.count, 1);
    assert_true(coordination_names_have(&view->servers, &self));
    assert_spans_equal(view->master.host, self.host);
    assert_false(server_name_is_set(&view->meta));
    coordination_view_unref(view);
}

static void a_view_stays_as_it_was_while_a_newer_one_is_told(void **state)
{
    struct world *world = *state;
    struct record *record = &world->record;
    struct error error = {0};
    char host[] = "meta-host";
    struct server_name meta = {.host = span_string(host), .port = 1, .start_code = 2};
    assert_ok(coordination_start(record->coordination, &error), &error);
    run(world);
    const struct coordination_view *before = coordination_view_get(record->coordination);
    record->changes = 0;

    assert_ok(coordination_publish_meta(record->coordination, &meta), &error);
    host[0] = 'X'; /* the name was copied */
    run(world);

    assert_int_equal(record->changes, COORDINATION_META);
    assert_false(server_name_is_set(&before->meta));
    const struct coordination_view *after = coordination_view_get(record->coordination);
    assert_spans_equal(after->meta.host, SPAN_LITERAL("meta-host"));
    coordination_view_unref(before);
    coordination_view_unref(after);
}

static void the_last_of_several_words_about_meta_counts(void **state)
{
    struct world *world = *state;
    struct record *record = &world->record;
    struct error error = {0};
    struct server_name one = {.host = SPAN_LITERAL("one"), .port = 1};
    struct server_name two = {.host = SPAN_LITERAL("two"), .port = 2};
    assert_ok(coordination_publish_meta(record->coordination, &one), &error);
    assert_ok(coordination_publish_meta(record->coordination, &two), &error);
    run(world);
    assert_ok(coordination_start(record->coordination, &error), &error);
    run(world);
    const struct coordination_view *view = coordination_view_get(record->coordination);
    assert_spans_equal(view->meta.host, two.host);
    coordination_view_unref(view);

    unsigned told = record->change_count;
    assert_ok(coordination_publish_meta(record->coordination, &two), &error);
    run(world);
    assert_int_equal(record->change_count, told); /* nothing changed */
    assert_ok(coordination_publish_meta(record->coordination, NULL), &error);
    run(world);
    view = coordination_view_get(record->coordination);
    assert_false(server_name_is_set(&view->meta));
    coordination_view_unref(view);
}

static void nothing_is_told_after_the_end(void **state)
{
    struct world *world = *state;
    struct record *record = &world->record;
    struct error error = {0};
    assert_ok(coordination_start(record->coordination, &error), &error);
    coordination_close(record->coordination, on_closed, record);
    coordination_campaign(record->coordination, &self);
    run(world);
    assert_int_equal(record->closed_count, 1);
    assert_int_equal(record->lead_count, 0);
    assert_int_equal(record->deposed_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_cluster_of_one_leads_and_is_its_only_server, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_view_stays_as_it_was_while_a_newer_one_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(
            the_last_of_several_words_about_meta_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_told_after_the_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
