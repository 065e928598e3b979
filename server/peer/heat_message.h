/* Heat reports between servers, to bytes and back (proto/peer.proto): method ReportHeat of StelePeerService.
 *
 * Decoded reports live in the arena. A report whose keys do not rise, or whose lists do not fit each other, is
 * STATUS_INVALID. */
#ifndef STELE_SERVER_PEER_HEAT_MESSAGE_H
#define STELE_SERVER_PEER_HEAT_MESSAGE_H

#include "server/heat/heat_report.h"

void heat_report_encode(const struct heat_report *report, struct buffer *out);
enum status heat_report_decode(
    struct span message, struct arena *arena, struct heat_report *out_report, struct error *error);
void heat_report_answer_encode(const struct heat_report_answer *answer, struct buffer *out);
enum status heat_report_answer_decode(
    struct span message, struct heat_report_answer *out_answer, struct error *error);

#endif
