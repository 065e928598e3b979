/* gzip on the web port: answers made small for clients that take it, and the program's own pages made large again for
 * those that do not. Pure; any thread. */
#ifndef STELE_SERVER_WEB_WEB_GZIP_H
#define STELE_SERVER_WEB_WEB_GZIP_H

#include "base/bytes.h"

#define WEB_GZIP_LEAST                                                                             \
    1024 /* bytes: below it the head of gzip and a client's work are not worth it */

/* Whether an Accept-Encoding takes gzip: named, or "*", and not with q=0 (RFC 9110, 12.5.3). NULL: it does not. */
bool web_gzip_is_taken(const char *accept_encoding);
/* Appends. False: no memory, or it would not become smaller; *out_packed is empty then. */
bool web_gzip_pack(struct span bytes, struct buffer *out_packed);
/* Appends. False: no memory, or no gzip. Of bytes that we trust: there is no limit. */
bool web_gzip_unpack(struct span packed, struct buffer *out_bytes);

#endif
