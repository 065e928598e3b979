/* What the command `version` adds: the source's commit and when it was made (not when it was built: a build says the
 * same wherever it is made), as "r<hash>, <weekday> <month> <day> <time> UTC <year>". */
#ifndef STELE_SHELL_REVISION_H
#define STELE_SHELL_REVISION_H

extern const char shell_revision[];

#endif
