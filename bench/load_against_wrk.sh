#!/usr/bin/env bash
# Question  does `tenantry load` measure what wrk measures?
# Answer    p50 and p99 of both at the same rate over the same connections, alternating; and what each of them says of a server
#           that stands still for two seconds: wrk leaves out the requests it would have sent (coordinated omission).
#
# Usage: bench/load_against_wrk.sh [--rounds N] [--seconds N] [--build DIR]
# Needs: wrk, jq (Debian packages of the same names).
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
build=$(dirname "$here")/build/release
rounds=5
seconds=10
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 && shift ;;
    --seconds) seconds=$2 && shift ;;
    --build) build=$(realpath -m "$2") && shift ;;
    *) echo "usage: bench/load_against_wrk.sh [--rounds N] [--seconds N] [--build DIR]" >&2 && exit 2 ;;
  esac
  shift
done
server=$build/tools/tenantry
for tool in wrk jq "$server"; do
  command -v "$tool" >/dev/null || { echo "load_against_wrk: $tool is missing" >&2 && exit 2; }
done
export TNT_BENCH_WRK=$here/wrk
connections=40
pause_seconds=2

work=$(mktemp -d "$build/load-against-wrk.XXXXXX")
server_pid=
clean_up() {
  if [ -n "$server_pid" ]; then
    kill -CONT "$server_pid" 2>/dev/null || true
    kill -TERM "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

"$server" serve --data "$work/data" --listen 127.0.0.1:0 --demo --demo-ids "$work/ids.json" \
  --rate-limit-exempt 127.0.0.0/8,::1/128 >"$work/server.out" 2>"$work/server.log" &
server_pid=$!
for _ in $(seq 100); do
  base=$(sed -n 's/^tenantry: listening on //p' "$work/server.out")
  [ -z "$base" ] || [ ! -s "$work/ids.json" ] || break
  sleep 0.1
done
[ -n "$base" ] || { echo "load_against_wrk: the server did not start" >&2 && tail -n 5 "$work/server.log" >&2 && exit 1; }
url="$base/popups/active?shopId=$(jq -r '.shop.shopId | @uri' "$work/ids.json")"

# with_wrk, with_load RATE: {rate, p50, p99, max} in ms.
with_wrk() {
  wrk -t1 -c"$connections" -d"${seconds}s" --timeout 10s -s "$here/wrk/paced.lua" "$url" | grep '^{' |
    jq -c '{rate: .requestsPerSecond, p50: .p50Ms, p99: .p99Ms, max: .maxMs, failed: ([.errors[]] | add)}'
}
with_load() {
  "$server" load "$url" -c "$connections" -t "$seconds" --rate "$1" --json |
    jq -c '.steps[0].report | {rate: .requestsPerSecond, p50: .latencyMs.p50, p99: .latencyMs.p99, max: .latencyMs.max, failed: .errors.total}'
}
# stand_still: the server does nothing for a while in the middle of a run.
stand_still() {
  sleep $((seconds / 3))
  kill -STOP "$server_pid"
  sleep "$pause_seconds"
  kill -CONT "$server_pid"
}

with_wrk >/dev/null
for round in $(seq "$rounds"); do
  with_wrk >"$work/one"
  with_load "$(jq '.rate | round' "$work/one")" >"$work/other"
  jq -nc --argjson round "$round" --slurpfile wrk "$work/one" --slurpfile load "$work/other" \
    '{round: $round, wrk: $wrk[0], load: $load[0]}' | tee -a "$work/rounds" >&2
done
for tool in wrk load; do
  stand_still &
  if [ "$tool" = wrk ]; then with_wrk; else with_load "$(jq -s 'map(.wrk.rate) | add / length | round' "$work/rounds")"; fi >"$work/still_$tool"
  wait $!
done

jq -rs --slurpfile wrk "$work/still_wrk" --slurpfile load "$work/still_load" --argjson connections "$connections" --argjson pause "$pause_seconds" '
  def median: sort | .[length / 2 | floor];
  def row($key): "| \($key) | \(map(.wrk[$key]) | median) (\(map(.wrk[$key]) | min)–\(map(.wrk[$key]) | max)) | " +
    "\(map(.load[$key]) | median) (\(map(.load[$key]) | min)–\(map(.load[$key]) | max)) | " +
    "\(map(.load[$key] / .wrk[$key]) | median * 100 | round / 100) |";
  "\(length) rounds, \($connections) connections, median (min–max)\n",
  "| | wrk | tenantry load | load / wrk |\n|---|---|---|---|",
  row("rate"), row("p50"), row("p99"),
  "\nWith a server that stands still for \($pause) s: wrk p99 \($wrk[0].p99) ms, worst \($wrk[0].max) ms; " +
  "load p99 \($load[0].p99) ms, worst \($load[0].max) ms.",
  "Failed requests: wrk \(map(.wrk.failed) | add), load \(map(.load.failed) | add)."' "$work/rounds"
