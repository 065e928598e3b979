/* Tablet ownership through the manifest chain: safety with any number of mad masters.
 * The manifest is a chain MANIFEST.<n>, each made by link(2) (fails if it exists): a CAS.
 * A server opens a tablet only if the newest manifest says CLOSED or its OPEN owner is sealed.
 * -DOVERWRITE: commits replace a CURRENT pointer by rename(2) instead of link(2).
 * -DNOSEALRULE: the server trusts the master's word and does not look for the owner's seal.   */
#define NONE 0
byte ver = 1, owner = NONE;                 /* newest manifest version; owner 0 = CLOSED */
bool seal[3]; byte val = 0, applied = 0;    /* val: acknowledged writes; applied: those on disk */
byte has[3]; byte logn[3];                  /* what each server believes the tablet holds; its log */
proctype S(byte me) { byte v, o, b, inv, n = 0; bool mine = false;
  do
  :: n < 2 && !mine -> n++;                 /* a master says OPEN: rightly or wrongly */
     v = ver; o = owner;
#ifndef NOSEALRULE
     if :: o != NONE && o != me && !seal[o] -> goto again :: else fi;
#endif
     if :: seal[me] -> goto again :: else fi;
     b = applied + ((o != NONE && o != me) -> logn[o] : 0);   /* data files + replay of o's log */
     atomic {
#ifndef OVERWRITE
       if :: ver != v -> goto again :: else fi;
#endif
       ver++; owner = me; applied = b; if :: o != NONE && o != me -> logn[o] = 0 :: else fi };
     logn[me] = 0; has[me] = b; mine = true; again: skip
  :: n < 3 && mine -> n++;                  /* a client write */
     atomic { logn[me]++; has[me]++ };      /* append + fsync */
     if :: seal[me] -> mine = false :: else -> val++ fi          /* seal check, then the ack */
  :: n < 4 && mine -> n++; inv = val;       /* a client read: invoked, sampled, seal check, answer */
     b = has[me];
     if :: seal[me] -> mine = false :: else -> assert(b >= inv) fi
  :: mine -> v = ver;                       /* a master says CLOSE: flush, then commit CLOSED */
     if :: seal[me] -> mine = false :: else
        b = applied + logn[me];
        atomic {
#ifndef OVERWRITE
          if :: ver != v || owner != me -> mine = false; goto out :: else fi;
#endif
          ver++; owner = NONE; applied = b; logn[me] = 0 }; mine = false fi;
     out: skip
  :: break od }
active proctype Mad() { do :: seal[1] = true :: seal[2] = true :: break od }
init { atomic { run S(1); run S(2) } }
