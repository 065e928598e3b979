/* The subcommands of `stele`. Each takes its own argv (argv[0] is its name) and returns the exit
 * code: 0 done, 1 the work failed (one line on stderr), 2 wrong usage. */
#ifndef STELE_CLI_COMMANDS_H
#define STELE_CLI_COMMANDS_H

#include "base/options.h" /* exit codes */

int command_standalone(int argc, char **argv);
int command_master(int argc, char **argv);
int command_tabletserver(int argc, char **argv);
int command_import(int argc, char **argv);
int command_export(int argc, char **argv);
int command_export_snapshot(int argc, char **argv);
int command_rolling_restart(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_fsck(int argc, char **argv);
int command_version(int argc, char **argv);

#endif
