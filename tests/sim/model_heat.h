/* The heat of a fleet of models (model_fleet.h): every tablet busy, each in its own way. */
#ifndef STELE_TESTS_SIM_MODEL_HEAT_H
#define STELE_TESTS_SIM_MODEL_HEAT_H

#include "server/hbase/service.h"
#include "server/heat/heat_board.h"
#include "tests/sim/model_fleet.h"

/* For fleet_report. */
void model_heat_load(
    const struct fleet *fleet, const struct fleet_tablet *tablet, struct tablet_report *out_report);
/* What a tablet took in a minute; all in the arena. */
void model_heat_axis(struct arena *arena, size_t number, struct heat_axis *out_axis);
/* What a server tells of the minute that runs and the one before it. */
void model_heat_tell(struct fleet *fleet, struct heat_board *board, struct fleet_server *server);
/* The fleet's master as a web port asks it, with a heat board of its own. For the process's life. */
void model_heat_serve(struct fleet *fleet, struct hbase_service *out_hbase);

#endif
