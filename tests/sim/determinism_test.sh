#!/usr/bin/env bash
# determinism_test.sh SOURCE FOLDER SIM_DIGEST VARIANT...
# Each seed's digest must be the same when it is run twice, and in builds by other compilers at other levels of optimization.
# A variant is COMPILER:FLAGS, as clang++-14:-O0; it is built below FOLDER, which may be kept: then only what changed is built anew.
set -euo pipefail
source=$1 folder=$2 here=$3
shift 3

digests() { # PROGRAM
  "$1" 1 12 3
  "$1" 13 16 5
}

mkdir -p "$folder"
digests "$here" >"$folder/here.txt"
digests "$here" >"$folder/again.txt"
diff "$folder/here.txt" "$folder/again.txt"
echo "the same when run twice"
for variant in "$@"; do
  compiler=${variant%%:*} flags=${variant#*:}
  name=$(tr -c 'a-zA-Z0-9\n' _ <<<"$variant")
  command -v "$compiler" >/dev/null || { echo "$compiler is not there: apt-get install clang-14" >&2; exit 1; }
  cmake -S "$source" -B "$folder/$name" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCOTERIE_TESTS=OFF -DCOTERIE_SIM_DIGEST=ON \
    -DCMAKE_BUILD_TYPE=Variant -DCMAKE_CXX_FLAGS_VARIANT="$flags" >"$folder/$name.log" 2>&1 || { tail -20 "$folder/$name.log"; exit 1; }
  cmake --build "$folder/$name" --target sim_digest >"$folder/$name.log" 2>&1 || { tail -20 "$folder/$name.log"; exit 1; }
  digests "$folder/$name/sim_digest" >"$folder/$name.txt"
  diff "$folder/here.txt" "$folder/$name.txt"
  echo "the same by $compiler $flags"
done
