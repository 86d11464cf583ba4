#!/bin/sh
# Turn the archives of all objects into one with a single object that shows only public names.
# usage: pack-static.sh LD OBJCOPY AR OUTPUT.a OBJECTS.a...
set -eu
linker=$1
objcopy=$2
archiver=$3
output=$4
shift 4
joined="$output.o"
"$linker" -r --whole-archive "$@" -o "$joined"
"$objcopy" --localize-hidden --remove-section='.gnu.lto_*' --remove-section='.gnu.debuglto_*' \
    --wildcard --strip-symbol='__gnu_lto_*' "$joined"
rm -f "$output"
"$archiver" rcsD "$output" "$joined"
rm -f "$joined"
