/* A tablet's rows for servers rather than clients: how a master reads and writes hbase:meta wherever it is. */
#ifndef STELE_SERVER_TABLET_TABLET_ROWS_H
#define STELE_SERVER_TABLET_TABLET_ROWS_H

#include "server/tablet/tablet_command.h"

/* Worker. Rows behind command->after_row into command->cells, in its arena. */
enum status tablet_rows_read(
    struct tablet *tablet, struct tablet_command *command, struct error *error);

#endif
