/* What a process is in its cluster. */
#ifndef STELE_SERVER_ROLE_H
#define STELE_SERVER_ROLE_H

enum server_role {
    SERVER_STANDALONE, /* all of it, alone in its directory */
    SERVER_MASTER,     /* keeps the map; serves no tablet */
    SERVER_TABLETS,    /* serves tablets */
};

#endif
