#!/usr/bin/env bash
# Kills a sweep many times, at random moments, and compares what comes out in the end with an uninterrupted run.
#
#   cargo build --release --example sweep && tools/kill_sweep.sh [KILLS] [GRID]
set -euo pipefail
kills=${1:-100} grid=${2:-examples/grids/smallest.toml}
program=${SWEEP:-target/release/examples/sweep}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

start=$(date +%s%N)
"$program" --grid "$grid" --out "$folder/whole" --json >/dev/null 2>&1
whole=$((($(date +%s%N) - start) / 1000000))

# Each run lives for at most as long as a whole one would take, and is begun again where it was killed. A run that comes
# to its end is begun in a new folder: every kill counts.
done=0 ends=0
RANDOM=1
while ((done < kills)); do
  "$program" --grid "$grid" --out "$folder/killed" --checkpoint-every 0.1 --json >/dev/null 2>"$folder/errors" &
  worker=$!
  milliseconds=$((RANDOM % (whole + 1)))
  sleep "$(printf '%d.%03d' $((milliseconds / 1000)) $((milliseconds % 1000)))"
  kill -KILL "$worker" 2>/dev/null || true
  status=0
  wait "$worker" 2>/dev/null || status=$?
  case $status in
    0)
      cmp "$folder/whole/records.csv" "$folder/killed/records.csv"
      rm -r "$folder/killed"
      ends=$((ends + 1))
      ;;
    137) done=$((done + 1)) ;;
    *)
      echo "the sweep itself failed with $status:" >&2
      cat "$folder/errors" >&2
      exit 1
      ;;
  esac
done
"$program" --grid "$grid" --out "$folder/killed" --json >/dev/null 2>&1
cmp "$folder/whole/records.csv" "$folder/killed/records.csv"
cmp "$folder/whole/failures.csv" "$folder/killed/failures.csv"
echo "$done kills, $((ends + 1)) sweeps to their end: the same records as without a kill"
