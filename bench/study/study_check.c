#include "bench/study/study_check.h"

enum status study_check_decoding(const struct row_set *set, const struct key_mapper *mapper,
    bool *out_is_decodable, struct error *error)
{
    struct study_key key;
    *out_is_decodable = false;
    for (size_t i = 0; i < set->count; i++) {
        const struct study_row *row = &set->rows[i];
        if (!key_mapper_decode(mapper, span_make(row->bytes, row->size), &key))
            return STATUS_OK;
        if (!study_key_matches(&key, &set->population->keys[i]))
            return error_set(error, STATUS_CORRUPT,
                "design '%s' gives another key back than it was given (row %.*s)", mapper->name,
                (int)row->size, (const char *)row->bytes);
    }
    *out_is_decodable = true;
    return STATUS_OK;
}

enum status study_check_predicted(const struct study *study, struct error *error)
{
    const struct scenario_query *queries = study->scenario.queries;
    for (size_t i = 0; i < SCENARIO_QUERIES && queries[i].name; i++)
        for (size_t j = 1; j < study->design_count; j++)
            if (study->designs[j].queries[i].rows_wanted !=
                study->designs[0].queries[i].rows_wanted)
                return error_set(error, STATUS_CORRUPT,
                    "'%s' finds %zu rows with '%s' and %zu with '%s'", queries[i].name,
                    study->designs[j].queries[i].rows_wanted, study->designs[j].mapper.name,
                    study->designs[0].queries[i].rows_wanted, study->designs[0].mapper.name);
    return STATUS_OK;
}

enum status study_check_seen(const struct study *study, size_t cell, struct error *error)
{
    const struct study_cell *seen = &study->cells[cell], *first = NULL;
    for (size_t i = 0; i < study->cell_count && !first; i++)
        first = study->cells[i].has_seen ? &study->cells[i] : NULL;
    for (size_t i = 0; i < SCENARIO_QUERIES && study->scenario.queries[i].name; i++) {
        size_t wanted = seen->design->queries[i].rows_wanted;
        if (seen->seen[i].rows_wanted != wanted)
            return error_set(error, STATUS_CORRUPT, "'%s' finds %zu rows with '%s', not %zu",
                study->scenario.queries[i].name, seen->seen[i].rows_wanted,
                seen->design->mapper.name, wanted);
        if (seen->seen[i].digest != first->seen[i].digest)
            return error_set(error, STATUS_CORRUPT,
                "'%s' finds other rows with '%s' than with '%s'", study->scenario.queries[i].name,
                seen->design->mapper.name, first->design->mapper.name);
    }
    return STATUS_OK;
}
