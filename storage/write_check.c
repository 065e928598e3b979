#include "base/limits.h"
#include "storage/write_step.h"

static enum status refuse_row(struct span row, struct span original, struct error *error)
{
    struct buffer text = {0};
    buffer_put_format(&text, "The row of the action <");
    buffer_put_escaped(&text, row);
    buffer_put_format(&text, "> doesn't match the original one <");
    buffer_put_escaped(&text, original);
    buffer_put_u8(&text, '>');
    enum status status = error_set(
        error, STATUS_INVALID, "%.*s", (int)text.size, text.data ? (const char *)text.data : "");
    buffer_deinit(&text);
    return status;
}

static bool type_is_allowed(enum mutation_kind kind, uint8_t type)
{
    struct cell cell = {.type = type};
    switch (kind) {
    case MUTATION_PUT:
        return type == CELL_PUT || cell_is_delete(&cell);
    case MUTATION_DELETE:
        return cell_is_delete(&cell);
    case MUTATION_INCREMENT:
    case MUTATION_APPEND:
        return type == CELL_PUT;
    }
    return false;
}

static enum status check_cell(const struct tablet *tablet, const struct table_schema *schema,
    const struct mutation *mutation, const struct cell *cell, struct error *error)
{
    if (!table_schema_family(schema, cell->family))
        return tablet_refuse_family(&tablet->info, schema, cell->family, error);
    if (!type_is_allowed(mutation->kind, cell->type))
        return error_set(
            error, STATUS_INVALID, "cell type %u does not fit its mutation", cell->type);
    if (cell->timestamp < 0)
        return error_set(error, STATUS_INVALID, "Timestamp cannot be negative. ts=%lld",
            (long long)cell->timestamp);
    if (cell->tags.size > LIMIT_TAGS_SIZE || !cell_tags_are_valid(cell->tags))
        return error_set(error, STATUS_INVALID, "cell has malformed tags");
    if (mutation->kind == MUTATION_INCREMENT && cell->value.size != 8)
        return error_set(
            error, STATUS_INVALID, "Field is not a long, it's %zu bytes wide", cell->value.size);
    return cell_check_size(cell, error);
}

static enum status check_mutation(const struct tablet *tablet, const struct table_schema *schema,
    const struct write_operation *operation, const struct mutation *mutation, struct error *error)
{
    if (!span_equal(mutation->row, operation->row))
        return refuse_row(mutation->row, operation->row, error);
    if (mutation->kind == MUTATION_DELETE && mutation->cell_count == 0 && mutation->timestamp < 0)
        return error_set(error, STATUS_INVALID, "Timestamp cannot be negative. ts=%lld",
            (long long)mutation->timestamp);
    for (size_t i = 0; i < mutation->cell_count; i++) {
        enum status status = check_cell(tablet, schema, mutation, &mutation->cells[i], error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status check_condition(const struct tablet *tablet, const struct table_schema *schema,
    const struct write_operation *operation, struct error *error)
{
    const struct condition *condition = operation->condition;
    if (!condition)
        return STATUS_OK;
    if (!span_equal(condition->row, operation->row))
        return refuse_row(operation->row, condition->row, error);
    if (!condition->filter && !table_schema_family(schema, condition->family))
        return tablet_refuse_family(&tablet->info, schema, condition->family, error);
    return STATUS_OK;
}

enum status write_operation_check(const struct tablet *tablet, const struct table_schema *schema,
    const struct write_operation *operation, struct error *error)
{
    enum status status = STATUS_OK;
    if (operation->row.size == 0 || operation->row.size > LIMIT_ROW_SIZE)
        status = error_set(error, STATUS_INVALID, "row has %zu bytes, but must have 1 to %d",
            operation->row.size, LIMIT_ROW_SIZE);
    else if (!tablet_contains_row(tablet, operation->row))
        status = tablet_refuse_row(&tablet->info, schema, operation->row,
            operation->condition ? "doCheckAndRowMutate" : "batchMutate", error);
    else
        status = check_condition(tablet, schema, operation, error);
    if (!status && !operation->condition)
        status = write_mutations_check(tablet, schema, operation, error);
    return status;
}

enum status write_mutations_check(const struct tablet *tablet, const struct table_schema *schema,
    const struct write_operation *operation, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < operation->mutation_count; i++)
        status = check_mutation(tablet, schema, operation, &operation->mutations[i], error);
    return status;
}

/* A delete of the newest version has to find it first. */
static bool needs_newest_version(const struct mutation *mutation)
{
    for (size_t i = 0; mutation->kind == MUTATION_DELETE && i < mutation->cell_count; i++) {
        if (mutation->cells[i].type == CELL_DELETE &&
            mutation->cells[i].timestamp == TIMESTAMP_LATEST)
            return true;
    }
    return false;
}

bool write_operation_is_blind(const struct write_operation *operation)
{
    if (operation->condition || write_operation_nonce(operation) != 0)
        return false;
    for (size_t i = 0; i < operation->mutation_count; i++) {
        const struct mutation *mutation = &operation->mutations[i];
        if (mutation->kind == MUTATION_INCREMENT || mutation->kind == MUTATION_APPEND ||
            needs_newest_version(mutation))
            return false;
    }
    return true;
}

enum durability write_operation_durability(
    const struct table_schema *schema, const struct write_operation *operation)
{
    enum durability strongest = DURABILITY_SKIP_WAL;
    for (size_t i = 0; i < operation->mutation_count; i++) {
        enum durability durability = operation->mutations[i].durability;
        if (durability == DURABILITY_USE_DEFAULT)
            durability = schema->durability;
        if (durability == DURABILITY_USE_DEFAULT)
            durability = DURABILITY_SYNC_WAL;
        if (durability > strongest)
            strongest = durability;
    }
    return strongest;
}

uint64_t write_operation_nonce(const struct write_operation *operation)
{
    if (operation->mutation_count > 1)
        return operation->nonce;
    if (operation->mutation_count == 0)
        return 0;
    /* HBase looks at nonces where a repeat would change the outcome. */
    const struct mutation *mutation = &operation->mutations[0];
    return mutation->kind == MUTATION_INCREMENT || mutation->kind == MUTATION_APPEND
               ? mutation->nonce
               : 0;
}
