/* The handlers of web_route.c's table; docs/api.md says what each answers. */
#ifndef STELE_SERVER_WEB_WEB_HANDLERS_H
#define STELE_SERVER_WEB_WEB_HANDLERS_H

#include "server/web/web_call.h"

/* api_cluster.c */
web_handler web_get_cluster, web_get_servers, web_get_one_server;
/* api_tables.c */
web_handler web_get_tables, web_get_table, web_get_tablets, web_get_hot_tablets;
/* api_heat.c */
web_handler web_get_keyvis, web_get_keyvis_cell, web_get_hot_rows, web_get_events, web_get_history;
/* api_tasks.c */
web_handler web_get_tasks, web_get_balancer;
/* web_process.c: this process */
web_handler web_get_version, web_get_token, web_get_config, web_get_server, web_get_slowlog;
/* api_data.c, api_studies.c */
web_handler web_get_data, web_get_studies, web_get_study;
/* api_actions.c */
web_handler web_post_split, web_post_merge, web_post_move, web_post_compact, web_post_flush;
/* metrics.c */
web_handler web_get_metrics;
/* web_health.c */
web_handler web_get_livez, web_get_readyz;
/* web_page.c */
web_handler web_get_page;

#endif
