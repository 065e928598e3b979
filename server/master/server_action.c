/* The actions of a crash: the dead server is sealed, and its tablets are given to the assigner. */
#include "base/log_lines.h"
#include "server/master/master_internal.h"

static enum status bury(struct running *running, struct error *error)
{
    char text[SERVER_TEXT_SIZE];
    struct span server = running->procedure.server;
    if (server.size >= sizeof text)
        return error_set(error, STATUS_INVALID, "the name of a server is too long");
    memcpy(text, server.data, server.size);
    text[server.size] = '\0';
    enum status status = store_bury(running->master->store, text, error);
    return status ? error_prefix(error, status, "bury %s", text) : STATUS_OK;
}

static void release(struct running *running)
{
    struct master *master = running->master;
    struct assigned_server *server = master_server_find(master, running->procedure.server);
    if (server)
        master_server_buried(master, server);
    procedure_done_at_once(running, STATUS_OK, NULL);
}

void procedure_do_server(struct running *running, enum procedure_action action)
{
    if (action == ACTION_RELEASE) {
        release(running);
        return;
    }
    struct assigned_server *server = master_server_find(running->master, running->procedure.server);
    if (server && server->state == ASSIGNED_SERVER_LIVE) { /* taken up from the master before us */
        mutex_lock(&running->master->catalogue.mutex);
        server->state = ASSIGNED_SERVER_DYING;
        mutex_unlock(&running->master->catalogue.mutex);
    }
    atomic_store(&running->pending, 1);
    procedure_work(running, bury, NULL);
}
