/* The handlers of web_route.c's table; docs/api.md says what each answers. */
#ifndef STELE_SERVER_WEB_WEB_HANDLERS_H
#define STELE_SERVER_WEB_WEB_HANDLERS_H

#include "server/web/web_call.h"

/* web_process.c: this process */
web_handler web_get_version, web_get_token, web_get_config, web_get_server;
/* web_health.c */
web_handler web_get_livez, web_get_readyz;
/* web_page.c */
web_handler web_get_page;

#endif
