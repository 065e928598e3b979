/* A merge by pointer (design 4): both parents are closed into it, each by its own manifest, then the merged tablet's first
 * manifest is made.
 *
 * P and Q are neighbours. Two masters order the merge; two servers open, write and close whatever a mad master says. Once
 * one parent says merged there is only the way forward: when the other was opened meanwhile it is closed, and the merge
 * goes on.
 * Checked: whoever serves P, Q or M holds every acknowledged write of its range; no range has two who serve it.
 *
 * Mutants, which must fail:
 *   -DMFIRST    M's manifest is made before both parents say merged
 *   -DONEPARENT M's manifest is made when one parent says merged
 *   -DRENAME    a parent's manifest is replaced, whatever it says by then                                        */
#define CLOSED 0
#define OPEN   1
#define MERGED 2
#define ABSENT 3
#define P 0
#define Q 1
#define M 2

byte state[3], ver[3];
byte files[2], filesM[2]; /* of the parents; of M by range */
byte acked[2], serving[2];

inline make_merged() {
    atomic {
        if
        :: state[M] == ABSENT -> state[M] = CLOSED; ver[M] = 1; filesM[0] = files[0]; filesM[1] = files[1]
        :: else
        fi
    }
}

inline close_into(t) {
    atomic { v = ver[t]; if :: state[t] == OPEN -> goto done :: else fi };
    atomic {
        if
        :: state[t] != MERGED ->
#ifndef RENAME
            if :: ver[t] != v -> goto done :: else fi;
#endif
            state[t] = MERGED; ver[t] = ver[t] + 1
        :: else
        fi
    }
}

proctype Master() {
    byte v;
#ifdef MFIRST
    if :: state[P] == CLOSED && state[Q] == CLOSED -> make_merged() :: else -> goto done fi;
#endif
    close_into(P);
    if :: goto done :: true fi; /* a crash: the other master finds it and goes on */
#ifdef ONEPARENT
    make_merged();
#endif
    close_into(Q);
    if :: goto done :: true fi;
    make_merged();
done: skip
}

proctype Server() {
    byte v, t, n, n0, n1, steps = 0;
    do
    :: steps < 2 -> steps++;
       if :: t = P :: t = Q fi;
       atomic { v = ver[t]; if :: state[t] != CLOSED -> goto next :: else fi };
       atomic {
           if :: ver[t] != v -> goto next :: else fi;
           state[t] = OPEN; ver[t] = ver[t] + 1; v = ver[t]; n = files[t];
           serving[t]++;
           assert(serving[t] == 1 && n == acked[t])
       };
       atomic { n++; acked[t]++ };
       atomic {
           serving[t]--;
           if :: ver[t] != v -> break :: else fi;
           files[t] = n; state[t] = CLOSED; ver[t] = ver[t] + 1
       };
next:  skip
    :: steps < 2 -> steps++;
       atomic { v = ver[M]; if :: state[M] != CLOSED -> goto other :: else fi };
       atomic {
           if :: ver[M] != v -> goto other :: else fi;
           state[M] = OPEN; ver[M] = ver[M] + 1; n0 = filesM[0]; n1 = filesM[1];
           serving[0]++; serving[1]++;
           assert(serving[0] == 1 && serving[1] == 1 && n0 == acked[0] && n1 == acked[1])
       };
       if :: atomic { n0++; acked[0]++ } :: atomic { n1++; acked[1]++ } fi;
       atomic {
           serving[0]--; serving[1]--;
           filesM[0] = n0; filesM[1] = n1; state[M] = CLOSED; ver[M] = ver[M] + 1
       };
other: skip
    :: break
    od
}

init {
    atomic {
        ver[P] = 1; ver[Q] = 1; state[M] = ABSENT;
        run Master(); run Master(); run Server(); run Server()
    }
}
