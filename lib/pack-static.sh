#!/bin/sh
# Turn the archive of all objects into one with a single object that shows only public names.
# usage: pack-static.sh LD OBJCOPY AR OBJECTS.a OUTPUT.a
set -eu
joined="$5.o"
"$1" -r --whole-archive "$4" -o "$joined"
"$2" --localize-hidden "$joined"
rm -f "$5"
"$3" rcsD "$5" "$joined"
rm -f "$joined"
