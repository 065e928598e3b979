/* Dead logs that are needed until a flush (design 4, 7.5): replay into memory is not durability.
 *
 * One tablet, four lives of servers, a mad master who orders opens at any time, seals at any time, a collector of logs.
 * A manifest says: who owns it, how many writes are in its files, which dead logs it still needs. Opening replays those
 * and the last owner's, each up to the end that its plan says, and carries the list on; a flush empties it.
 * Checked: an open tablet holds every write that was ever acknowledged.
 *
 * Mutants, which must fail:
 *   -DFORGET    an open replays but does not carry the list on
 *   -DEARLYGC   a log goes when its owner's tablets are open elsewhere, flushed or not
 *   -DNOSEAL    a tablet is opened though its owner is not sealed                                              */
#define SERVERS 3
#define NONE    0
#define BIT(i)  (1 << (i))

byte ver = 1, owner = NONE, applied = 0, dead = 0; /* the newest manifest */
bool seal[SERVERS + 1], gone[SERVERS + 1];
byte logn[SERVERS + 1];                 /* records of the tablet in each log, not in files yet */
byte plan[SERVERS + 1] = 255;           /* the end of a sealed log, decided once */
byte acked = 0;                         /* writes acknowledged by anyone */

/* The first who asks decides where a log ends. A log that is gone held nothing that counts. */
inline add_log(i) {
    if :: plan[i] == 255 -> plan[i] = logn[i] :: else fi;
    if :: gone[i] -> skip :: else -> has = has + plan[i] fi
}

proctype Server(byte me) {
    byte v, o, d, has, i, steps = 0;
    bool mine = false;
    do
    :: steps < 2 && !mine -> steps++;                /* a master says open */
        atomic { v = ver; o = owner; d = dead; has = applied };
#ifndef NOSEAL
        if :: o != NONE && !seal[o] -> goto out :: else fi;
#endif
        if :: o != NONE -> d = d | BIT(o) :: else fi;
        d_step {
            i = 1;
            do
            :: i <= SERVERS -> if :: d & BIT(i) -> add_log(i) :: else fi; i++
            :: else -> break
            od;
            i = 0
        };
        atomic {                                     /* link(2) */
            if :: ver != v -> goto out :: else fi;
            ver++; owner = me;
#ifdef FORGET
            dead = 0
#else
            dead = d
#endif
        };
        atomic {                                     /* the look, before it serves */
            if :: seal[me] -> goto out :: else fi;
            assert(has >= acked);
            mine = true
        };
out:    skip
    :: steps < 2 && mine -> steps++;                 /* a write */
        logn[me]++;
        if :: seal[me] -> break :: else -> atomic { has++; acked++ } fi
    :: steps < 2 && mine -> steps++;                 /* a flush: everything in memory is in files */
        atomic {
            if :: owner != me || seal[me] -> break :: else fi;
            ver++; applied = has; dead = 0; logn[me] = 0
        }
    :: break                                         /* it is killed */
    od
}

active proctype Mad() {
    do :: seal[1] = true :: seal[2] = true :: break od
}

/* It looks, and deletes later. */
active proctype Collector() {
    byte i = 1;
    bool needed;
    do
    :: i <= SERVERS ->
#ifdef EARLYGC
        atomic { needed = owner == i || !seal[i] };
#else
        atomic { needed = owner == i || (dead & BIT(i)) || !seal[i] };
#endif
        if :: needed -> skip :: else -> gone[i] = true fi;
        i++
    :: break
    od
}

init {
    atomic {
        plan[1] = 255; plan[2] = 255; plan[3] = 255;
        run Server(1); run Server(2); run Server(3)
    }
}
