/* The checks of a study: that a design which keeps its keys gives each back, and that all designs find the same. What they
 * refuse would make the study compare different things. All return STATUS_CORRUPT, naming the design. */
#ifndef STELE_BENCH_STUDY_STUDY_CHECK_H
#define STELE_BENCH_STUDY_STUDY_CHECK_H

#include "bench/study/study.h"

/* Every row of the set, taken apart by the mapper, is the key that it was made of. *out_is_decodable false: the mapper keeps
 * none (md5, uuid, a template that drops bytes). */
enum status study_check_decoding(const struct row_set *set, const struct key_mapper *mapper,
    bool *out_is_decodable, struct error *error);
/* What a query is predicted to find is the same for each design. */
enum status study_check_predicted(const struct study *study, struct error *error);
/* What the queries of a cell found on a cluster is what was predicted, and the very keys that they found in the first cell. */
enum status study_check_seen(const struct study *study, size_t cell, struct error *error);

#endif
