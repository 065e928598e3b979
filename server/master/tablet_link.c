#include "server/master/tablet_link.h"

#include "base/memory.h"
#include "server/tablet/tablet_host.h"

struct local_link {
    struct tablet_link link;
    struct tablet_host *host;
};

static void local_send(struct tablet_link *link, struct tablet_command *command)
{
    tablet_host_run(((struct local_link *)link)->host, command);
}

static void local_free(struct tablet_link *link)
{
    memory_free(link);
}

static const struct tablet_link_table local_table = {.send = local_send, .free = local_free};

enum status tablet_link_local_new(
    struct tablet_host *host, struct tablet_link **out_link, struct error *error)
{
    struct local_link *self = memory_allocate_zeroed(1, sizeof *self);
    if (!self)
        return error_set(error, STATUS_NO_MEMORY, "no memory for the way to the tablets");
    self->link.table = &local_table;
    self->host = host;
    *out_link = &self->link;
    return STATUS_OK;
}
