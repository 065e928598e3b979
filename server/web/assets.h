/* The files of the pages, as they lie in the program.
 *
 * web/build.mjs bundles the pages and writes this table (web_assets.c) and the bytes (web_assets.S) into the build
 * directory; meson option `web` says whether. In a build without npm or without a registry the table is there and empty:
 * the API is served all the same.
 *
 * Everything here is constant and may be read by any thread. Paths are sorted by strcmp, so that a path is found by
 * bisection; the page itself is "/". What lies below "/assets/" has a hash of its content in its name and never changes:
 * a browser may keep it for ever. All else is to be asked for again (etag).
 */
#ifndef STELE_SERVER_WEB_ASSETS_H
#define STELE_SERVER_WEB_ASSETS_H

#include <stddef.h>

struct web_asset {
    const char *path; /* as in the request line: "/", "/favicon.svg", "/assets/app-4XKQ2M7A.js" */
    const char *type; /* for Content-Type */
    const char *etag; /* with its quotes: sha256 of the bytes before they were compressed, in hex */
    const unsigned char *gzip; /* the body, compressed: Content-Encoding is gzip */
    size_t length;             /* bytes of `gzip` */
};

extern const struct web_asset
    web_assets[]; /* one empty entry when there is none: count is what counts */
extern const size_t web_asset_count;

#endif
