/* Collection of old manifests (design 7.4): a number that was collected is free again.
 *
 * Manifests are names 1..LAST; link(2) makes one when there is none. Three servers open the tablet, each when the newest
 * manifest's owner is sealed (manifest 1 is closed), with any sleep before the link; a collector removes every name but
 * the highest. After its link a server lists again, and owns the tablet only if there is no higher number.
 * Checked: never two owners that are not sealed; the newest manifest is there.
 *
 * Mutants, which must fail:
 *   -DNORELIST  who could link believes it
 *   -DNEWEST    the collector may take the highest name as well
 *   -DRENAME    a commit replaces what is there
 *   -DNOSEAL    the owner of the newest manifest is not asked for                                               */
#define LAST    5
#define SERVERS 3

bool exists[LAST + 1], seal[SERVERS + 1], owns[SERVERS + 1];
byte writer[LAST + 1];

inline newest(out) {
    d_step {
        out = LAST;
        do :: out > 0 && !exists[out] -> out-- :: else -> break od
    }
}

proctype Server(byte me) {
    byte n, now, tries = 0;
    do
    :: tries < 2 && !owns[me] ->
        tries++;
        newest(n);
        assert(n > 0);
        if :: n == LAST -> break :: else fi;
#ifndef NOSEAL
        if :: !seal[writer[n]] -> goto again :: else fi;
#endif
        atomic {
#ifndef RENAME
            if :: exists[n + 1] -> goto again :: else fi;
#endif
            exists[n + 1] = true;
            writer[n + 1] = me
        };
#ifndef NORELIST
        newest(now);
        if :: now > n + 1 -> goto again :: else fi;
#endif
        atomic {
            if :: seal[me] -> break :: else fi;
            owns[me] = true;
            assert((owns[1] && !seal[1]) + (owns[2] && !seal[2]) + (owns[3] && !seal[3]) <= 1)
        };
again:  skip
    :: break
    od
}

active proctype Mad() {
    do :: seal[1] = true :: seal[2] = true :: break od
}

active proctype Collector() {
    byte n, i;
    do
    :: newest(n);
       i = 1;
       do
#ifdef NEWEST
       :: i <= n -> exists[i] = false; i++
#else
       :: i < n -> exists[i] = false; i++
#endif
       :: else -> break
       od
    :: break
    od
}

init {
    atomic {
        exists[1] = true; writer[1] = 0; seal[0] = true;
        run Server(1); run Server(2); run Server(3)
    }
}
