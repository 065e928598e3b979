/* A split by pointer (design 4): it commits in the parent's manifest; the daughters' manifests follow.
 *
 * P has two halves, 0 and 1; A takes half 0, B half 1. Two masters (one does not know that it is deposed) order splits;
 * two servers open, write and close what they find; nobody waits for anybody. Every manifest is a chain with link(2).
 * Each half's writes are counted where they were acknowledged, and `files` is what the manifest points at.
 * Checked: whoever serves a half holds every write to it that was acknowledged; no half has two who serve it.
 *
 * Mutants, which must fail:
 *   -DDAUGHTERSFIRST  the daughters' manifests are made before the parent's says split
 *   -DRENAME          the parent's manifest is replaced, whatever it says by then
 *   -DOPENPARENT      the parent is not closed first                                                             */
#define CLOSED 0
#define OPEN   1
#define SPLIT  2
#define ABSENT 3
#define P 0
#define A 1
#define B 2

byte state[3], ver[3];       /* the newest manifest of each tablet */
byte filesP[2], filesD[2];   /* writes in files: of P by half, of each daughter */
byte acked[2];               /* acknowledged, by half */
byte serving[2];             /* servers that serve a half */

inline make_daughter(t) {
    atomic {                 /* link(2): its first manifest; files shared with the parent */
        if
        :: state[t] == ABSENT -> state[t] = CLOSED; ver[t] = 1; filesD[t - 1] = filesP[t - 1]
        :: else
        fi
    }
}

proctype Master() {
    byte v;
    bool is_split;
    atomic {
        v = ver[P];
        is_split = state[P] == SPLIT;
#ifndef OPENPARENT
        if :: state[P] == OPEN -> goto done :: else fi
#endif
    };
#ifdef DAUGHTERSFIRST
    make_daughter(A); make_daughter(B);
#endif
    if
    :: !is_split ->
        atomic {
#ifndef RENAME
            if :: ver[P] != v -> goto done :: else fi;
#endif
            state[P] = SPLIT; ver[P] = ver[P] + 1
        }
    :: else
    fi;
    /* a crash here: another master sees SPLIT and goes on */
    if :: goto done :: true fi;
    make_daughter(A);
    if :: goto done :: true fi;
    make_daughter(B);
done: skip
}

proctype Server() {
    byte v, has0, has1, t, steps = 0, n;
    do
    :: steps < 2 -> steps++;
       /* the parent */
       atomic { v = ver[P]; if :: state[P] != CLOSED -> goto next :: else fi };
       atomic {
           if :: ver[P] != v -> goto next :: else fi;
           state[P] = OPEN; ver[P] = ver[P] + 1; v = ver[P];
           has0 = filesP[0]; has1 = filesP[1];
           serving[0]++; serving[1]++;
           assert(serving[0] == 1 && serving[1] == 1 && has0 == acked[0] && has1 == acked[1])
       };
       if :: atomic { has0++; acked[0]++ } :: atomic { has1++; acked[1]++ } fi;
       atomic {              /* flush and close */
           serving[0]--; serving[1]--;
           if :: ver[P] != v -> break :: else fi;
           filesP[0] = has0; filesP[1] = has1; state[P] = CLOSED; ver[P] = ver[P] + 1
       };
next:  skip
    :: steps < 2 -> steps++;
       /* a daughter */
       if :: t = A :: t = B fi;
       atomic { v = ver[t]; if :: state[t] != CLOSED -> goto other :: else fi };
       atomic {
           if :: ver[t] != v -> goto other :: else fi;
           state[t] = OPEN; ver[t] = ver[t] + 1; n = filesD[t - 1];
           serving[t - 1]++;
           assert(serving[t - 1] == 1 && n == acked[t - 1])
       };
       atomic { n++; acked[t - 1]++ };
       atomic { serving[t - 1]--; filesD[t - 1] = n; state[t] = CLOSED; ver[t] = ver[t] + 1 };
other: skip
    :: break
    od
}

init {
    atomic {
        ver[P] = 1; state[A] = ABSENT; state[B] = ABSENT;
        run Master(); run Master(); run Server(); run Server()
    }
}
