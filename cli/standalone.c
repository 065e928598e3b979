/* stele standalone DIR: the whole of a server in one process. */
#include "cli/commands.h"
#include "cli/serve.h"
#include "cli/server_options.h"

static const char usage[] =
    "usage: stele standalone DIR [OPTIONS]\n"
    "\n"
    "Serves the tables in DIR, which is made when it is not there, and prints one line when it "
    "does.\n"
    "\n"
    "  --listen=HOST:PORT      where HBase's clients connect (127.0.0.1:16000); port 0 takes any "
    "free one\n"
    "  --zookeeper-port=PORT   where they look for ZooKeeper (2181, when it is free); off = "
    "nowhere\n"
    "  --bigtable-port=PORT    not built yet: off\n"
    "  --web-port=PORT         pages, metrics, health (16010, when it is free); off = none\n"
    "  --ui-readonly           no actions there; --ui-dir=DIR takes the pages from DIR, "
    "--studies-dir=DIR shows "
    "studies\n"
    "  --advertise=HOST:PORT   what clients are told to connect to (what it listens on)\n"
    "  --memory=SIZE           for memtables, block cache and requests together (1G)\n"
    "  --insecure              listen on an address that others can reach: there is no "
    "authentication\n"
    "  --sim-capacity=N        for studies: answer at most N calls a second (off)\n"
    "  --config=FILE           lines of `option = value`; the command line wins\n";

int command_standalone(int argc, char **argv)
{
    struct server_config config = {.env = env_real(), .role = SERVER_STANDALONE};
    int code = server_options_parse(argc, argv, usage, &config);
    return code >= 0 ? code : serve(&config);
}
