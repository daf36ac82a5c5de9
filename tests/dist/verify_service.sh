#!/usr/bin/env bash
# verify_service.sh SYSTEMD-ANALYZE: the unit has no line that systemd does not understand, and stays hardened.
set -euo pipefail
unit=$(dirname "${BASH_SOURCE[0]}")/../../dist/coterie.service
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The program is not installed where the tests run.
sed 's|/usr/local/bin/coterie|/bin/true|' "$unit" >"$folder/coterie.service"
said=$("$1" verify "$folder/coterie.service" 2>&1) || { echo "$said"; exit 1; }
# A setting that it does not know is but a warning there.
if [[ $said == *coterie.service* ]]; then echo "$said"; exit 1; fi
# In tenths: 0 is safest, 100 exposed.
if ! "$1" security --offline=true --threshold=20 "$folder/coterie.service" >"$folder/said" 2>&1; then
  tail -5 "$folder/said"
  exit 1
fi
