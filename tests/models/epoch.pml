/* Epochs of masters (design 7.6). A tablet server obeys the highest epoch it has seen; two masters, of which the first does
 * not know that it is deposed, order a tablet to and fro; messages may be late and come in any order.
 * Checked: once a server has obeyed the second master, no order of the first moves the tablet any more.
 *
 * Mutant, which must fail: -DNOEPOCH    servers obey whoever speaks                                             */
mtype = { open, close };
chan wire = [3] of { mtype, byte };

bool is_open = false, wanted = false, has_obeyed_second = false;

proctype Master(byte epoch) {
    if :: wire !! open, epoch :: wire !! close, epoch fi;
    if :: wire !! open, epoch :: true fi
}

active proctype Server() {
    mtype what;
    byte epoch, highest = 0;
end:
    do
    :: atomic { wire ?? what, epoch ->
           if
#ifndef NOEPOCH
           :: epoch < highest -> skip
#endif
           :: else ->
               highest = (epoch > highest -> epoch : highest);
               is_open = (what == open);
               if :: epoch == 2 -> has_obeyed_second = true; wanted = is_open :: else fi;
               assert(!has_obeyed_second || is_open == wanted)
           fi
       }
    od
}

init { atomic { run Master(1); run Master(2) } }
