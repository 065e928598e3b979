#include "tests/interop/libstele/expect.h"

unsigned looked_at, failed;
struct stele_client *client;
struct stele_error error;
struct stele_table *table;

void expect_at(const char *file, int line, bool holds, const char *what)
{
    looked_at++;
    if (holds)
        return;
    failed++;
    printf("%s:%d: not so: %s\n", file, line, what);
}

void expect_ok_at(const char *file, int line, enum stele_status status, const char *what)
{
    looked_at++;
    if (status == STELE_OK)
        return;
    failed++;
    printf("%s:%d: %s: %s: %s %s\n", file, line, what, stele_status_name(status),
        error.exception_class, error.message);
}

bool bytes_are(struct stele_bytes bytes, const char *text)
{
    return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

bool class_ends_with(const char *name)
{
    size_t size = strlen(error.exception_class), tail = strlen(name);
    return size >= tail && strcmp(error.exception_class + size - tail, name) == 0;
}

struct stele_bytes row_name(char *storage, int number)
{
    snprintf(storage, 16, "row%04d", number);
    return stele_text(storage);
}
const struct stele_family two_families[2] = {
    {.name = {(const uint8_t *)"a", 1}}, {.name = {(const uint8_t *)"f", 1}}};

void drop(const char *name)
{
    enum stele_table_state state;
    if (stele_get_table_state(client, stele_text(name), &state, &error))
        return;
    if (state == STELE_ENABLED)
        EXPECT_OK(stele_disable_table(client, stele_text(name), &error));
    EXPECT_OK(stele_delete_table(client, stele_text(name), &error));
}

void create(const char *name, size_t split_count)
{
    struct stele_bytes splits[] = {STELE_TEXT("row0500"), STELE_TEXT("row0200")};
    struct stele_schema schema = {
        .name = stele_text(name), .families = two_families, .family_count = 2};
    struct stele_attribute versions = {STELE_TEXT("VERSIONS"), STELE_TEXT("3")};
    struct stele_family families[2] = {two_families[0], two_families[1]};
    families[1].attributes = &versions;
    families[1].attribute_count = 1;
    schema.families = families;
    EXPECT_OK(stele_create_table(client, &schema, splits, split_count, &error));
}
