#!/usr/bin/env bash
# The shell as a person meets it, on a terminal of its own: prompts, completion, history, ^C in a scan, in a call that gets
# no answer, in a loop of commands and in one without. STELE names the program. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
start_server
python3 "$(dirname "$0")/terminal.py" "$stele" "$address" "$server" "$work"
