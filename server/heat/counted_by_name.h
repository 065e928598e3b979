/* Functions that bench/heat_cost.py counts by their names: neither inlined nor cloned, however the program is linked. What
 * they call is inlined in them, though a program that is linked as one has grown too large for it elsewhere. */
#ifndef STELE_SERVER_HEAT_COUNTED_BY_NAME_H
#define STELE_SERVER_HEAT_COUNTED_BY_NAME_H

#ifdef __clang__
#define COUNTED_BY_NAME __attribute__((noinline, flatten))
#else
#define COUNTED_BY_NAME __attribute__((noinline, noclone, flatten))
#endif

#endif
