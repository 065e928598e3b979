/* Commands and reports between servers, to bytes and back (proto/peer.proto).
 *
 * Methods of StelePeerService, besides Greet and Prove:
 *   OpenTablet CloseTablet SetSchema ListTablets FlushTablet WriteRows ReadRows Stop SplitRow
 *   ExpectTablet a master's commands
 *   Report                                                                             of a tablet server to the master
 *   Look         (nothing is said but that it went well)                               of a leading master to one that waits
 *
 * Decoded messages live in the arena, or borrow from it. Errors say what is wrong with the message. */
#ifndef STELE_SERVER_PEER_PEER_MESSAGE_H
#define STELE_SERVER_PEER_PEER_MESSAGE_H

#include "server/master/server_report.h"
#include "server/tablet/tablet_command.h"

/* NULL for a kind that does not exist. */
const char *tablet_command_method(enum tablet_command_kind kind);

void tablet_command_encode(const struct tablet_command *command, struct buffer *out);
/* Everything that is asked, with `arena` set; the answers are zero. STATUS_INVALID also for a kind that is not known,
 * and for a tablet that has no id where one is needed. */
enum status tablet_command_decode(struct span message, struct arena *arena,
    struct tablet_command *out_command, struct error *error);

/* What was answered, the status and the error included. */
void tablet_command_encode_answer(const struct tablet_command *command, struct buffer *out);
/* Into the command that was sent, its operations and its arena. A failure to decode is not the command's. */
enum status tablet_command_decode_answer(
    struct span message, struct tablet_command *command, struct error *error);

void server_report_encode(const struct server_report *report, struct buffer *out);
enum status server_report_decode(struct span message, struct arena *arena,
    struct server_report *out_report, struct error *error);
void server_report_answer_encode(const struct server_report_answer *answer, struct buffer *out);
enum status server_report_answer_decode(
    struct span message, struct server_report_answer *out_answer, struct error *error);

#endif
