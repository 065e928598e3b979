/* Collection of old manifests (design 7.4): a number that was collected is free again, and a name that its host has not
 * synced goes with that host.
 *
 * Manifests are names 1..LAST; link(2) makes one when there is none. Three servers open the tablet, each when the newest
 * manifest's owner is sealed (manifest 1 is closed), and it is the same file after a sync of the folder (else it could be
 * lost, and the next number be free above another's), with any sleep before the link; a collector removes every name but
 * the highest. After its link a server syncs the folder, which makes all names in it durable, and lists again; it owns
 * the tablet only if there is no higher number. Server 2's host may crash: the names that it made and that nobody has
 * synced since are gone. The collector's removals are durable at once, which is the worst: so it syncs the folder, and
 * removes what is older only when the highest name is the same file that it was before.
 * Checked: never two living owners that are not sealed; the newest manifest is there.
 *
 *   -DNOCRASH   no host crashes, so nothing is synced; longer chains, and each server tries twice
 *
 * Mutants, which must fail:
 *   -DNORELIST  who could link believes it
 *   -DNEWEST    the collector may take the highest name as well
 *   -DRENAME    a commit replaces what is there
 *   -DNOSEAL    the owner of the newest manifest is not asked for
 *   -DNOSYNC    the collector believes a name that is not durable
 *   -DNOSURE    a server opens from a name that is not durable
 *   -DNOLOOK    the collector does not look again after its sync                                                            */
#ifdef NOCRASH
#define LAST    5
#define TRIES   2
#define NOSURE
#define NOSYNC
#else
#define LAST    4
#define TRIES   1
#endif
#define SERVERS 3

bool exists[LAST + 1], synced[LAST + 1], seal[SERVERS + 1], owns[SERVERS + 1], crashed[SERVERS + 1];
byte writer[LAST + 1];

inline find(out) {
    out = LAST;
    do :: out > 0 && !exists[out] -> out-- :: else -> break od
}

inline newest(out) {
    d_step { find(out) }
}

inline sync_folder() {
    d_step {
        synced[1] = exists[1]; synced[2] = exists[2]; synced[3] = exists[3]; synced[4] = exists[4]
    }
}

proctype Server(byte me) {
    byte n, by, now, tries = 0;
    do
    :: tries < TRIES && !owns[me] && !crashed[me] ->
        tries++;
        d_step { find(n); by = writer[n] };
        assert(n > 0);
        if :: n == LAST -> break :: else fi;
#ifndef NOSURE
        atomic {
            if :: crashed[me] -> break :: else fi;
            sync_folder()
        };
        if :: !exists[n] || writer[n] != by -> goto again :: else fi;
#endif
#ifndef NOSEAL
        if :: !seal[writer[n]] -> goto again :: else fi;
#endif
        atomic {
            if :: crashed[me] -> break :: else fi;
#ifndef RENAME
            if :: exists[n + 1] -> goto again :: else fi;
#endif
            exists[n + 1] = true;
            synced[n + 1] = false;
            writer[n + 1] = me
        };
#ifndef NOCRASH
        atomic {
            if :: crashed[me] -> break :: else fi;
            sync_folder()
        };
#endif
#ifndef NORELIST
        newest(now);
        if :: now > n + 1 -> goto again :: else fi;
#endif
        atomic {
            if :: seal[me] || crashed[me] -> break :: else fi;
            owns[me] = true;
            assert((owns[1] && !seal[1] && !crashed[1]) + (owns[2] && !seal[2] && !crashed[2]) +
                   (owns[3] && !seal[3] && !crashed[3]) <= 1)
        };
again:  skip
    :: break
    od
}

inline crash(who) {
    d_step {
        crashed[who] = true;
        if :: exists[2] && !synced[2] && writer[2] == who -> exists[2] = false :: else fi;
        if :: exists[3] && !synced[3] && writer[3] == who -> exists[3] = false :: else fi;
        if :: exists[4] && !synced[4] && writer[4] == who -> exists[4] = false :: else fi
    }
}

active proctype Mad() {
    do
    :: seal[1] = true
    :: seal[2] = true
#ifndef NOCRASH
    :: !crashed[2] -> crash(2)
#endif
    :: break
    od
}

active proctype Collector() {
    byte n, by, i;
    do
    :: d_step {
           find(n);
           by = writer[n]
       };
#ifndef NOSYNC
       sync_folder();
#ifndef NOLOOK
       if :: !exists[n] || writer[n] != by -> goto over :: else fi;
#endif
#endif
       i = 1;
       do
#ifdef NEWEST
       :: i <= n -> exists[i] = false; i++
#else
       :: i < n -> exists[i] = false; i++
#endif
       :: else -> break
       od;
over:  skip
    :: break
    od
}

init {
    atomic {
        exists[1] = true; synced[1] = true; writer[1] = 0; seal[0] = true;
        run Server(1); run Server(2); run Server(3)
    }
}
