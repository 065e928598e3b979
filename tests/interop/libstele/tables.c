/* Tables and namespaces: made, described, altered, dropped. */
#include "tests/interop/libstele/expect.h"

void test_tables(void)
{
    struct stele_bytes name = STELE_TEXT("libstele_ddl");
    enum stele_table_state state = STELE_ENABLING;
    struct stele_schema_list list;
    struct stele_name_list names;
    struct stele_bytes value;
    bool exists = true;
    drop("libstele_ddl");
    EXPECT_OK(stele_table_exists(client, name, &exists, &error));
    EXPECT(!exists);
    EXPECT(stele_describe_table(client, name, &list, &error) == STELE_NOT_FOUND);
    create("libstele_ddl", 0);
    struct stele_schema again = {.name = name, .families = two_families, .family_count = 1};
    EXPECT(stele_create_table(client, &again, NULL, 0, &error) == STELE_EXISTS);
    EXPECT(class_ends_with("TableExistsException"));
    EXPECT_OK(stele_table_exists(client, name, &exists, &error));
    EXPECT(exists);
    EXPECT_OK(stele_get_table_state(client, name, &state, &error));
    EXPECT(state == STELE_ENABLED);
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(list.count == 1 && bytes_are(list.schemas[0].name, "libstele_ddl") &&
           list.schemas[0].family_count == 2);
    EXPECT(bytes_are(list.schemas[0].families[1].name, "f"));
    EXPECT(stele_attribute_find(list.schemas[0].families[1].attributes,
               list.schemas[0].families[1].attribute_count, STELE_TEXT("VERSIONS"), &value) &&
           bytes_are(value, "3"));
    stele_schema_list_free(&list);
    EXPECT_OK(stele_list_tables(client, "libstele_d.*", false, &names, &error));
    EXPECT(names.count == 1 && bytes_are(names.names[0], "libstele_ddl"));
    stele_name_list_free(&names);
    EXPECT_OK(stele_describe_tables(client, "libstele_d.*", false, &list, &error));
    EXPECT(list.count == 1);
    stele_schema_list_free(&list);

    struct stele_family added = {.name = STELE_TEXT("g")};
    EXPECT_OK(stele_add_family(client, name, &added, &error));
    EXPECT(stele_add_family(client, name, &added, &error) == STELE_NO_FAMILY);
    EXPECT(class_ends_with("InvalidFamilyOperationException"));
    struct stele_attribute ttl = {STELE_TEXT("TTL"), STELE_TEXT("86400")};
    added.attributes = &ttl;
    added.attribute_count = 1;
    EXPECT_OK(stele_modify_family(client, name, &added, &error));
    EXPECT_OK(stele_delete_family(client, name, STELE_TEXT("a"), &error));
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(list.count == 1 && list.schemas[0].family_count == 2);
    EXPECT(stele_attribute_find(list.schemas[0].families[1].attributes,
               list.schemas[0].families[1].attribute_count, STELE_TEXT("TTL"), &value) &&
           bytes_are(value, "86400"));
    struct stele_schema changed = list.schemas[0];
    struct stele_attribute attributes[16];
    size_t count = changed.attribute_count < 15 ? changed.attribute_count : 15;
    if (count)
        memcpy(attributes, changed.attributes, count * sizeof(*attributes));
    attributes[count++] = (struct stele_attribute){
        STELE_TEXT("MAX_FILESIZE"), STELE_TEXT("1073741824")};
    changed.attributes = attributes;
    changed.attribute_count = count;
    EXPECT_OK(stele_modify_table(client, &changed, &error));
    stele_schema_list_free(&list);
    EXPECT_OK(stele_describe_table(client, name, &list, &error));
    EXPECT(stele_attribute_find(list.schemas[0].attributes, list.schemas[0].attribute_count,
               STELE_TEXT("MAX_FILESIZE"), &value) &&
           bytes_are(value, "1073741824"));
    stele_schema_list_free(&list);
    uint32_t left = 9, total = 0;
    EXPECT_OK(stele_alter_status(client, name, &left, &total, &error));
    EXPECT(left == 0);

    EXPECT(stele_delete_table(client, name, &error) == STELE_WRONG_STATE);
    EXPECT(class_ends_with("TableNotDisabledException"));
    EXPECT_OK(stele_disable_table(client, name, &error));
    EXPECT(stele_disable_table(client, name, &error) == STELE_WRONG_STATE);
    EXPECT_OK(stele_get_table_state(client, name, &state, &error));
    EXPECT(state == STELE_DISABLED);
    struct stele_table *disabled = stele_table_open(client, name);
    EXPECT(stele_put_column(disabled, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"),
               STELE_TEXT("v"), &error) == STELE_WRONG_STATE);
    EXPECT(class_ends_with("TableNotEnabledException"));
    EXPECT_OK(stele_enable_table(client, name, &error));
    EXPECT_OK(stele_put_column(
        disabled, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), STELE_TEXT("v"), &error));
    EXPECT_OK(stele_disable_table(client, name, &error));
    EXPECT_OK(stele_truncate_table(client, name, true, &error));
    struct stele_get get;
    struct stele_result result = {0};
    stele_get_init(&get, STELE_TEXT("r"));
    EXPECT_OK(stele_get(disabled, &get, &result, &error));
    EXPECT(result.cell_count == 0 && !result.exists);
    stele_table_close(disabled);
    drop("libstele_ddl");
    EXPECT(stele_enable_table(client, name, &error) == STELE_NOT_FOUND);
    struct stele_table *missing = stele_table_open(client, STELE_TEXT("libstele_missing"));
    EXPECT(stele_get(missing, &get, &result, &error) == STELE_NOT_FOUND);
    EXPECT(class_ends_with("TableNotFoundException"));
    stele_table_close(missing);
    EXPECT(stele_create_table(client, &(struct stele_schema){.name = STELE_TEXT("bad name")}, NULL,
               0, &error) == STELE_INVALID);
}

void test_namespaces(void)
{
    struct stele_attribute owner = {STELE_TEXT("k"), STELE_TEXT("v")};
    struct stele_namespace space = {STELE_TEXT("libstele_ns"), &owner, 1};
    struct stele_namespace_list list;
    struct stele_name_list names;
    bool has_default = false, has_ours = false;
    drop("libstele_ns:t");
    stele_delete_namespace(client, space.name, &error);
    EXPECT(stele_describe_namespace(client, space.name, &list, &error) == STELE_NOT_FOUND);
    EXPECT_OK(stele_create_namespace(client, &space, &error));
    EXPECT(stele_create_namespace(client, &space, &error) == STELE_EXISTS);
    EXPECT_OK(stele_describe_namespace(client, space.name, &list, &error));
    EXPECT(list.count == 1 && list.namespaces[0].configuration_count == 1 &&
           bytes_are(list.namespaces[0].configuration[0].value, "v"));
    stele_namespace_list_free(&list);
    owner.value = STELE_TEXT("w");
    EXPECT_OK(stele_modify_namespace(client, &space, &error));
    EXPECT_OK(stele_list_namespaces(client, &list, &error));
    for (size_t i = 0; i < list.count; i++) {
        has_default |= bytes_are(list.namespaces[i].name, "default");
        has_ours |= bytes_are(list.namespaces[i].name, "libstele_ns") &&
                    bytes_are(list.namespaces[i].configuration[0].value, "w");
    }
    EXPECT(has_default && has_ours);
    stele_namespace_list_free(&list);
    create("libstele_ns:t", 0);
    EXPECT_OK(stele_list_namespace_tables(client, space.name, &names, &error));
    EXPECT(names.count == 1 && bytes_are(names.names[0], "libstele_ns:t"));
    stele_name_list_free(&names);
    struct stele_table *inside = stele_table_open(client, STELE_TEXT("libstele_ns:t"));
    EXPECT_OK(stele_put_column(
        inside, STELE_TEXT("r"), STELE_TEXT("f"), STELE_TEXT("q"), STELE_TEXT("v"), &error));
    stele_table_close(inside);
    EXPECT(stele_delete_namespace(client, space.name, &error) == STELE_INVALID);
    EXPECT(class_ends_with("ConstraintException"));
    drop("libstele_ns:t");
    EXPECT_OK(stele_delete_namespace(client, space.name, &error));
}
