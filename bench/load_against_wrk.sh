#!/usr/bin/env bash
# Question  does `tenantry load` measure what wrk measures?
# Answer    p50 and p99 of both at the same rate over the same connections, by turns, and what each of them says of a server
#           that stands still for two seconds. wrk counts from when it sends and, for an answer that takes longer than its
#           mean interval, adds the requests which that connection did not send meanwhile. `load` counts from when a request
#           was due ("latency") and from when it was sent ("service", never more). wrk and "latency" agree where the
#           machine leaves the generators alone. Where it does not, "latency" is above: it holds that the generator was late.
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
. "$here/steal.sh"
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

# with_steal COMMAND...: what it prints, and the steal while it ran.
with_steal() {
  local before
  before=$(cpu_ticks)
  "$@" >"$work/measured"
  jq -c --argjson steal "$(steal_percent "$before")" '. + {steal: $steal}' "$work/measured"
}
# with_wrk, with_load RATE: {rate, p50, p99, max, failed} in ms; load also {service50, service99}.
with_wrk() {
  wrk -t1 -c"$connections" -d"${seconds}s" --timeout 10s -s "$here/wrk/paced.lua" "$url" | grep '^{' |
    jq -c '{rate: .requestsPerSecond, p50: .p50Ms, p99: .p99Ms, max: .maxMs, failed: ([.errors[]] | add)}'
}
with_load() {
  "$server" load "$url" -c "$connections" -t "$seconds" --rate "$1" --json |
    jq -c '.steps[0].report | {rate: .requestsPerSecond, p50: .latencyMs.p50, p99: .latencyMs.p99, max: .latencyMs.max,
      service50: .serviceMs.p50, service99: .serviceMs.p99, failed: .errors.total}'
}
# stand_still: the server does nothing for a while in the middle of a run.
stand_still() {
  sleep $((seconds / 3))
  kill -STOP "$server_pid"
  sleep "$pause_seconds"
  kill -CONT "$server_pid"
}

with_wrk >"$work/one"
for round in $(seq "$rounds"); do
  rate=$(jq '.rate | round' "$work/one")
  # By turns: whoever is second finds the server as the first left it.
  if ((round % 2)); then
    with_steal with_wrk >"$work/one"
    with_steal with_load "$rate" >"$work/other"
  else
    with_steal with_load "$rate" >"$work/other"
    with_steal with_wrk >"$work/one"
  fi
  jq -nc --argjson round "$round" --slurpfile wrk "$work/one" --slurpfile load "$work/other" \
    '{round: $round, wrk: $wrk[0], load: $load[0]}' | tee -a "$work/rounds" >&2
done
for tool in wrk load; do
  stand_still &
  if [ "$tool" = wrk ]; then with_wrk; else with_load "$rate"; fi >"$work/still_$tool"
  wait $!
done

jq -rs --slurpfile wrk "$work/still_wrk" --slurpfile load "$work/still_load" --argjson connections "$connections" --argjson pause "$pause_seconds" \
  --argjson steal_max "$steal_max_percent" '
  def median: sort | .[length / 2 | floor];
  def spread: "\(median) (\(min)–\(max))";
  def row($name; $key; $of_load): "| \($name) | \(map(.wrk[$key]) | spread) | \(map(.load[$of_load]) | spread) | " +
    "\(map(.load[$of_load] / .wrk[$key] * 100 | round / 100) | spread) |";
  . as $all | map(select([.wrk.steal, .load.steal] | max <= $steal_max)) as $quiet |
  (if $quiet | length >= 3 then $quiet else . end) |
  "\(length) of \($all | length) rounds, \($connections) connections, median (min–max)" +
  if length < ($all | length) then "; left out: the host took more than \($steal_max) % of the processors\n"
  else if ($quiet | length) < ($all | length) then "; in \(($all | length) - ($quiet | length)) the host took more than \($steal_max) % of the processors\n" else "\n" end end,
  "| | wrk | tenantry load | load / wrk |\n|---|---|---|---|",
  row("rate"; "rate"; "rate"),
  row("p50, latency"; "p50"; "p50"), row("p50, service"; "p50"; "service50"),
  row("p99, latency"; "p99"; "p99"), row("p99, service"; "p99"; "service99"),
  "\nWith a server that stands still for \($pause) s: wrk p99 \($wrk[0].p99) ms, worst \($wrk[0].max) ms; " +
  "load p99 \($load[0].p99) ms (service \($load[0].service99)), worst \($load[0].max) ms.",
  "Failed requests: wrk \($all | map(.wrk.failed) | add), load \($all | map(.load.failed) | add)."' "$work/rounds"
