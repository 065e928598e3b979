#!/bin/sh
# Compiles Ruby files to mruby bytecode in one C header: embed-ruby.sh MRBC OUTPUT FILE...
# The header holds one array a file and the table `ruby_code` of {name, bytes} in the order given.
set -e
mrbc=$1 output=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
{
    echo '/* Made by shell/embed-ruby.sh. */'
    echo '#include <stdint.h>'
    for file in "$@"; do
        name=$(basename "$file" .rb)
        "$mrbc" -g -B"ruby_$name" -o "$scratch/$name.c" "$file"
        sed -n '/^#include/d; /^extern/d; /ruby_/,$p' "$scratch/$name.c" | sed 's/^const uint8_t/static const uint8_t/'
    done
    echo 'static const struct {'
    echo '    const char *name;'
    echo '    const uint8_t *bytes;'
    echo '} ruby_code[] = {'
    for file in "$@"; do
        name=$(basename "$file" .rb)
        echo "    {\"$name.rb\", ruby_$name},"
    done
    echo '};'
} >"$output"
