/* stele shell: the HBase shell's commands and syntax, native (cli.md; facts: hbase-shell). */
#ifndef STELE_SHELL_SHELL_H
#define STELE_SHELL_SHELL_H

/* The subcommand: argv[0] is "shell". Returns the exit code. */
int command_shell(int argc, char **argv);

#endif
