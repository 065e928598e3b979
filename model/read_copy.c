/* Deep copies of what to read. */
#include "base/limits.h"
#include "model/read.h"

/* Each returns false on no memory. `to` starts as a plain copy of `from`. */

static bool copy_span(struct arena *arena, struct span *span)
{
    if (!span->data || span->size == 0)
        return true;
    *span = arena_copy(arena, *span);
    return span->data != NULL;
}

static void *copy_bytes(struct arena *arena, const void *from, size_t count, size_t size)
{
    void *copy = arena_allocate_zeroed(arena, count, size);
    if (copy && count > 0)
        memcpy(copy, from, count * size);
    return copy;
}

static bool copy_spans(struct arena *arena, struct span **spans, size_t count)
{
    if (!*spans)
        return true;
    *spans = copy_bytes(arena, *spans, count, sizeof(**spans));
    for (size_t i = 0; *spans && i < count; i++) {
        if (!copy_span(arena, &(*spans)[i]))
            return false;
    }
    return *spans != NULL;
}

static bool copy_ranges(struct arena *arena, struct filter_range **ranges, size_t count)
{
    if (!*ranges)
        return true;
    *ranges = copy_bytes(arena, *ranges, count, sizeof(**ranges));
    for (size_t i = 0; *ranges && i < count; i++) {
        if (!copy_span(arena, &(*ranges)[i].from) || !copy_span(arena, &(*ranges)[i].to))
            return false;
    }
    return *ranges != NULL;
}

static bool copy_comparator(struct arena *arena, const struct comparator **comparator)
{
    if (!*comparator)
        return true;
    struct comparator *copy = copy_bytes(arena, *comparator, 1, sizeof(*copy));
    *comparator = copy;
    return copy && copy_span(arena, &copy->value);
}

static bool copy_filter(struct arena *arena, const struct filter_node **node, unsigned depth);

static bool copy_children(struct arena *arena, struct filter_node *node, unsigned depth)
{
    if (!node->children)
        return true;
    node->children = copy_bytes(arena, node->children, node->child_count, sizeof(*node->children));
    for (size_t i = 0; node->children && i < node->child_count; i++) {
        if (!copy_filter(arena, &node->children[i], depth))
            return false;
    }
    return node->children != NULL;
}

static bool copy_filter(struct arena *arena, const struct filter_node **node, unsigned depth)
{
    if (!*node)
        return true;
    if (depth == 0)
        return false;
    struct filter_node *copy = copy_bytes(arena, *node, 1, sizeof(*copy));
    *node = copy;
    if (!copy)
        return false;
    if (copy->timestamps) {
        copy->timestamps = copy_bytes(
            arena, copy->timestamps, copy->timestamp_count, sizeof(*copy->timestamps));
        if (!copy->timestamps)
            return false;
    }
    return copy_span(arena, &copy->family) && copy_span(arena, &copy->qualifier) &&
           copy_span(arena, &copy->bytes) && copy_comparator(arena, &copy->comparator) &&
           copy_spans(arena, &copy->list, copy->list_count) &&
           copy_ranges(arena, &copy->ranges, copy->range_count) &&
           copy_children(arena, copy, depth - 1);
}

static bool copy_families(struct arena *arena, struct read_request *request)
{
    request->families = copy_bytes(
        arena, request->families, request->family_count, sizeof(*request->families));
    for (size_t i = 0; request->families && i < request->family_count; i++) {
        struct family_selection *selection = &request->families[i];
        if (!copy_span(arena, &selection->family) ||
            !copy_spans(arena, &selection->qualifiers, selection->qualifier_count))
            return false;
    }
    return request->families != NULL;
}

enum status scan_request_copy(struct arena *arena, const struct scan_request *from,
    struct scan_request *out_request, struct error *error)
{
    struct scan_request copy = *from;
    /* A list of a list ... of a filter, each with one level of its own: twice the limit that
     * filter_new checks is deep enough to tell it apart from no memory. */
    if (!copy_families(arena, &copy.read) || !copy_span(arena, &copy.start_row) ||
        !copy_span(arena, &copy.stop_row) ||
        !copy_filter(arena, &copy.read.filter, 2 * LIMIT_FILTER_DEPTH))
        return error_set(
            error, STATUS_NO_MEMORY, "no memory for a scan, or its filter is too deep");
    *out_request = copy;
    return STATUS_OK;
}
