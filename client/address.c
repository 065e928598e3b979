#include "client/address.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int address_connect(struct span host, uint32_t port, const char **out_why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *addresses;
    char name[256], service[16];
    snprintf(name, sizeof(name), "%.*s", (int)host.size, (const char *)host.data);
    snprintf(service, sizeof(service), "%u", port);
    int lookup_error = getaddrinfo(name, service, &hints, &addresses);
    if (lookup_error) {
        *out_why = gai_strerror(lookup_error);
        return -1;
    }
    const struct addrinfo *chosen = addresses;
    for (const struct addrinfo *at = addresses; at; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            chosen = at;
            break;
        }
    }
    int fd = socket(chosen->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *out_why = strerror(errno);
    } else if (connect(fd, chosen->ai_addr, chosen->ai_addrlen) && errno != EINPROGRESS) {
        *out_why = strerror(errno);
        close(fd);
        fd = -1;
    }
    freeaddrinfo(addresses);
    return fd;
}

bool address_is_own_host(struct span host)
{
    char name[256], own[256] = "";
    snprintf(name, sizeof(name), "%.*s", (int)host.size, (const char *)host.data);
    if (strncmp(name, "127.", 4) == 0 || strcmp(name, "::1") == 0 ||
        strcasecmp(name, "localhost") == 0)
        return true;
    return gethostname(own, sizeof(own) - 1) == 0 && strcasecmp(name, own) == 0;
}
