/* stele master DIR and stele tabletserver DIR: the roles of a cluster over one shared directory. */
#include "cli/commands.h"
#include "cli/serve.h"
#include "cli/server_options.h"

static const char master_usage[] =
    "usage: stele master DIR --zookeeper=HOST:PORT,... [OPTIONS]\n"
    "\n"
    "Keeps the map of the tablets of the cluster in DIR, the directory that all its servers share. "
    "Of several masters\n"
    "one leads and the others wait. Prints one line when it serves.\n"
    "\n"
    "  --zookeeper=HOST:PORT,...[/hbase]   the cluster's ZooKeeper\n"
    "  --session-timeout=TIME  after so long without a word a server looks dead (6s); ZooKeeper "
    "must grant it\n"
    "  --stall-timeout=TIME    a server whose directory hangs for so long, while the master's "
    "works, is given up; a leading master gives way (60s)\n"
    "  --listen=HOST:PORT      where clients connect (127.0.0.1:16000); port 0 takes any free one\n"
    "  --bigtable-port=PORT    not built yet: off\n"
    "  --web-port=PORT         pages, metrics, health (16010, when it is free); off = none\n"
    "  --ui-readonly           no actions there; --ui-dir=DIR takes the pages from DIR, "
    "--studies-dir=DIR shows "
    "studies\n"
    "  --advertise=HOST:PORT   what clients and other servers are told to connect to (what it "
    "listens on)\n"
    "  --memory=SIZE           for what it keeps and for requests (1G)\n"
    "  --insecure              listen on an address that others can reach: clients are not "
    "authenticated\n"
    "  --config=FILE           lines of `option = value`; the command line wins\n";

static const char tablets_usage[] =
    "usage: stele tabletserver DIR --zookeeper=HOST:PORT,... [OPTIONS]\n"
    "\n"
    "Serves tablets of the cluster in DIR, the directory that all its servers share: those that "
    "the master gives it.\n"
    "Prints one line when it serves.\n"
    "\n"
    "  --zookeeper=HOST:PORT,...[/hbase]   the cluster's ZooKeeper\n"
    "  --session-timeout=TIME  after so long without a word a server looks dead (6s); ZooKeeper "
    "must grant it\n"
    "  --listen=HOST:PORT      where clients connect (127.0.0.1:16020); port 0 takes any free one\n"
    "  --bigtable-port=PORT    not built yet: off\n"
    "  --web-port=PORT         pages, metrics, health (16030, when it is free); off = none\n"
    "  --ui-readonly           no actions there; --ui-dir=DIR takes the pages from DIR, "
    "--studies-dir=DIR shows "
    "studies\n"
    "  --advertise=HOST:PORT   what clients and other servers are told to connect to (what it "
    "listens on)\n"
    "  --memory=SIZE           for memtables, block cache and requests together (1G)\n"
    "  --insecure              listen on an address that others can reach: clients are not "
    "authenticated\n"
    "  --sim-capacity=N        for studies: answer at most N calls a second (off)\n"
    "  --config=FILE           lines of `option = value`; the command line wins\n";

static int run(enum server_role role, const char *usage, int argc, char **argv)
{
    struct server_config config = {.env = env_real(), .role = role};
    int code = server_options_parse(argc, argv, usage, &config);
    return code >= 0 ? code : serve(&config);
}

int command_master(int argc, char **argv)
{
    return run(SERVER_MASTER, master_usage, argc, argv);
}

int command_tabletserver(int argc, char **argv)
{
    return run(SERVER_TABLETS, tablets_usage, argc, argv);
}
