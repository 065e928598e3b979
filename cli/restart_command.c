#include "cli/restart_command.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static bool is_plain(struct stele_bytes host)
{
    for (size_t i = 0; i < host.size; i++)
        if (!isalnum(host.data[i]) && !strchr("-._:", host.data[i]))
            return false;
    return host.size > 0 && host.data[0] != '-';
}

enum status restart_command_put(struct buffer *out, const char *text,
    const struct stele_server *server, const char *role, struct error *error)
{
    const char *host = (const char *)server->host.data;
    int host_size = (int)server->host.size;
    if (!is_plain(server->host))
        return error_set(
            error, STATUS_INVALID, "'%.*s' is not the name of a host", host_size, host);
    for (const char *at = text; *at; at++) {
        if (*at != '%') {
            buffer_put_u8(out, (uint8_t)*at);
            continue;
        }
        switch (*++at) {
        case '%':
            buffer_put_u8(out, '%');
            break;
        case 'h':
            buffer_put_format(out, "%.*s", host_size, host);
            break;
        case 'p':
            buffer_put_format(out, "%" PRIu32, server->port);
            break;
        case 'r':
            buffer_put_format(out, "%s", role);
            break;
        case 's':
            buffer_put_format(out, "%.*s,%" PRIu32 ",%" PRIu64, host_size, host, server->port,
                server->start_code);
            break;
        default:
            return error_set(error, STATUS_INVALID,
                "--restart-command: '%%%.1s' means nothing; %%h, %%p, %%r, %%s and %%%% do", at);
        }
    }
    buffer_put_u8(out, 0);
    return buffer_status(out);
}
