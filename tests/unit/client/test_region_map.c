#include "tests/support/support.h"

#include "client/region_map.h"
#include "client/server.h"

static struct server one, two;

static struct region *add(
    struct region_map *map, const char *start, const char *end, struct server *server)
{
    struct region *region = region_new(
        SPAN_LITERAL("name"), span_string(start), span_string(end), server, 1);
    assert_true(region_map_add(map, region));
    region_unref(region);
    return region;
}

static void rows_find_their_region(void **state)
{
    (void)state;
    struct region_map map = {0};
    struct region *last = add(&map, "m", "", &one), *first = add(&map, "", "c", &one);
    assert_ptr_equal(region_map_find(&map, SPAN_LITERAL("")), first);
    assert_ptr_equal(region_map_find(&map, SPAN_LITERAL("b")), first);
    assert_null(region_map_find(&map, SPAN_LITERAL("c"))); /* a hole */
    assert_null(region_map_find(&map, SPAN_LITERAL("l")));
    assert_ptr_equal(region_map_find(&map, SPAN_LITERAL("m")), last);
    assert_ptr_equal(region_map_find(&map, SPAN_LITERAL("zz")), last);
    assert_ptr_equal(region_map_find_before(&map, SPAN_EMPTY), last);
    assert_ptr_equal(region_map_find_before(&map, SPAN_LITERAL("c")), first);
    assert_null(region_map_find_before(&map, SPAN_LITERAL("m")));
    assert_ptr_equal(region_map_find_before(&map, SPAN_LITERAL("n")), last);
    region_map_deinit(&map);
}

static void a_new_region_pushes_out_what_it_overlaps(void **state)
{
    (void)state;
    struct region_map map = {0};
    add(&map, "", "c", &one);
    add(&map, "c", "m", &one);
    add(&map, "m", "", &one);
    struct region *merged = add(&map, "", "m", &two);
    assert_int_equal(map.count, 2);
    assert_ptr_equal(region_map_find(&map, SPAN_LITERAL("d")), merged);
    struct region *left = add(&map, "", "f", &one);
    assert_int_equal(map.count, 2);
    assert_ptr_equal(region_map_find(&map, SPAN_LITERAL("a")), left);
    assert_null(region_map_find(&map, SPAN_LITERAL("g")));
    region_map_remove_server(&map, &one);
    assert_int_equal(map.count, 0);
    region_map_deinit(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_find_their_region),
        cmocka_unit_test(a_new_region_pushes_out_what_it_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
