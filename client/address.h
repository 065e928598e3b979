/* Connecting to a host by name. */
#ifndef STELE_CLIENT_ADDRESS_H
#define STELE_CLIENT_ADDRESS_H

#include "base/bytes.h"

/* A non-blocking TCP socket that is connecting, or -1 with *out_why. Names are getaddrinfo's to look
 * up, which blocks; numeric addresses do not. Of several addresses an IPv4 one is taken: HBase's
 * servers listen there, and "localhost" is often both. */
int address_connect(struct span host, uint32_t port, const char **out_why);
/* Whether it names the machine that we run on: its host name, or an address of the loop. No look-up. */
bool address_is_own_host(struct span host);

#endif
