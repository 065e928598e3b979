#include "bench/operation.h"

#include "base/options.h"

static const char *const names[OPERATION_COUNT] = {"read", "update", "insert", "scan",
    "read-modify-write", "increment", "append", "delete", "check-and-put", "check-and-delete",
    "locate"};

static const struct {
    const char *name;
    enum operation operation;
} aliases[] = {
    {"get", OPERATION_READ}, {"put", OPERATION_UPDATE}, {"rmw", OPERATION_READ_MODIFY_WRITE}};

const char *operation_name(enum operation operation)
{
    return names[operation];
}

bool operation_parse(struct span name, enum operation *out_operation)
{
    for (int i = 0; i < OPERATION_COUNT; i++) {
        if (span_equal(name, span_string(names[i]))) {
            *out_operation = (enum operation)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (span_equal(name, span_string(aliases[i].name))) {
            *out_operation = aliases[i].operation;
            return true;
        }
    }
    return false;
}

const char *operation_nearest(const char *name)
{
    const char *all[OPERATION_COUNT + sizeof aliases / sizeof *aliases];
    size_t count = 0;
    for (; count < OPERATION_COUNT; count++)
        all[count] = names[count];
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        all[count++] = aliases[i].name;
    return options_nearest(name, all, count);
}

bool operation_is_write(enum operation operation)
{
    return operation != OPERATION_READ && operation != OPERATION_SCAN &&
           operation != OPERATION_LOCATE;
}
