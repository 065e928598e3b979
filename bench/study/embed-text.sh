#!/bin/sh
# Text files as C strings in one header: embed-text.sh OUTPUT NAME=FILE...; each is `static const char NAME[]`.
set -e
output=$1
shift
{
    echo '/* Made by bench/study/embed-text.sh. */'
    for pair in "$@"; do
        echo "static const char ${pair%%=*}[] ="
        sed -e 's/\\/\\\\/g; s/"/\\"/g; s/^/    "/; s/$/\\n"/' "${pair#*=}"
        echo '    "";'
    done
} >"$output"
