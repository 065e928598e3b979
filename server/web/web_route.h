/* The routes of the web port: which address is whose (docs/api.md is the list for people). */
#ifndef STELE_SERVER_WEB_WEB_ROUTE_H
#define STELE_SERVER_WEB_WEB_ROUTE_H

#include "server/web/web_call.h"

enum web_place { WEB_ON_LOOP, WEB_ON_WORKER };

struct web_route {
    const char *pattern;    /* "/api/v1/tables/{}/tablets": {} is any one segment */
    enum web_method method; /* WEB_GET stands for HEAD too */
    enum web_place place;
    const char *parameters; /* names, with a space between; all others are refused */
    web_handler *handler;
};

/* In no order; ended by one without a pattern. */
extern const struct web_route web_routes[];

/* True when one of them has that path, whatever the method; *out_route is the one of the method, or NULL, and *out_methods
 * tells those that there are ("GET, HEAD"). */
bool web_route_find(const struct web_request *request, const struct web_route **out_route,
    const char **out_methods);

#endif
