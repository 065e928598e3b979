/* What the handlers of the cluster's picture share: how a tablet, a server, a table look in JSON. */
#ifndef STELE_SERVER_WEB_API_INTERNAL_H
#define STELE_SERVER_WEB_API_INTERNAL_H

#include "server/heat/heat_history.h"
#include "server/master/catalogue.h"
#include "server/web/web_handlers.h"
#include "server/web/web_json.h"
#include "server/web/web_list.h"
#include "server/web/web_skew.h"

#define API_SILENT_MS 3000 /* reports come each second */

/* {"max_mean", "gini", "effective"}, or null. Sorts the values. */
json_t *api_skew(double *values, size_t count);

/* ---- Under the catalogue's mutex ---- */

/* An item of tablets and hot-tablets. mean: of the requests of its table's tablets, for "share". */
json_t *api_tablet(const struct assigned_tablet *tablet, double mean);
/* An item of servers. mean: of the live servers' requests. */
json_t *api_server(struct web_call *call, const struct assigned_server *server, double mean);
/* Of one that is on its way, though nobody asked that it be nowhere. */
bool api_is_in_transition(const struct assigned_tablet *tablet);
const char *api_tablet_state(const struct assigned_tablet *tablet);
const char *api_server_state(const struct web_call *call, const struct assigned_server *server);
/* Mean of the requests of live servers. */
double api_servers_mean(const struct catalogue *catalogue);
double api_tablets_mean(const struct catalogue_table *table);

/* ---- Not held ---- */

/* Items of hot-tablets, hottest first by that resource; empty: of all tables, of all servers. out_total (may be NULL): of
 * all that were looked at. */
json_t *api_hot_tablets(struct web_call *call, struct span table_name, struct span server,
    enum view_resource resource, size_t limit, double *out_total);
bool api_has_table(struct web_call *call, struct span name);
/* The catalogue, and its mutex. */
struct catalogue *api_catalogue(struct web_call *call);
/* The segment as the catalogue knows the name. */
struct span api_table_name(struct span segment);
/* The row of the picture that holds the key. */
size_t api_row_of(const struct heat_matrix *matrix, struct span key);
/* What the heat of a whole table in the query's time says: an array of one item, or of none when too little is known or
 * only a part of the keys is shown. `shown`: the picture whose rows are named. */
json_t *api_diagnosis(struct web_call *call, const struct heat_query *query, int64_t known_s,
    const struct heat_matrix *shown);
/* Sets "diagnosis" of each item, which names a tablet by "id": what lies inside it, or null. `table` empty: of all. */
void api_diagnose_tablets(
    struct web_call *call, struct span table, enum view_resource resource, json_t *items);
size_t api_live_servers(struct web_call *call);
/* Answers 404. */
enum web_outcome api_no_such_table(struct web_call *call, struct span name);

#endif
