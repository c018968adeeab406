#!/usr/bin/env bash
# The whole server under load, compared with an nginx that answers the same bytes. Called by `./dev bench`.
#
# Question  how close do a cached read, a durable tracked event and a durable booking come to a reply that costs nothing?
# Answer    build/bench-report.md and .json; exit 1 when a threshold is missed or any request failed, unless --no-fail.
#           Rounds alternate between the two servers, so that a busy machine disturbs both; those in which the host of a
#           virtual machine took processors away are left out where three others remain (steal.sh).
#
# --patience 1200: for that long after the start, pairs of the main rows that the host disturbed are measured again.
# TNT_BENCH_EVENTS_MAX=10000000 asks the statistics of ten million events instead of one (minutes, 10 GB).
#
# Usage: bench/run.sh [--quick] [--no-fail] [--only main|gyms|micro] [--rounds N] [--seconds N] [--patience SECONDS] [--build DIR] [--out PREFIX] [--keep]
# Needs: wrk, nginx, curl, jq (Debian packages wrk, nginx-light, curl, jq).
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
invocation="bench/run.sh $*"
build=$root/build/release
out=$root/build/bench-report
rounds=5
seconds=4
fail=1
keep=0
only=all
patience=0
while [ $# -gt 0 ]; do
  case $1 in
    --quick) rounds=2 seconds=1 ;;
    --no-fail) fail=0 ;;
    --keep) keep=1 ;;
    --only) only=$2 && shift ;;
    --rounds) rounds=$2 && shift ;;
    --seconds) seconds=$2 && shift ;;
    --patience) patience=$2 && shift ;;
    --build) build=$(realpath -m "$2") && shift ;;
    --out) out=$2 && shift ;;
    *) echo "usage: bench/run.sh [--quick] [--no-fail] [--only main|gyms|micro] [--rounds N] [--seconds N] [--patience SECONDS] [--build DIR] [--out PREFIX] [--keep]" >&2 && exit 2 ;;
  esac
  shift
done
server=$build/tools/tenantry
for tool in wrk nginx curl jq "$server"; do
  command -v "$tool" >/dev/null || { echo "bench: $tool is missing" >&2 && exit 2; }
done

# What must be reached: our rate over nginx's by row and connections; how much longer an answer of a gym may take that has a
# hundred times as much; and the server's peak memory with demo data and 800 connections.
ratio_min='{"active": {"64": 0.65, "800": 0.55}, "views": {"64": 0.40, "800": 0.40}, "bookings": {"64": 0.10, "800": 0.10},
  "available": {"64": 0.40}, "availableWritten": {"64": 0.40}}'
growth_max=1.3
rss_max_mib=256
connection_counts="64 800"

# Data and logs on the disk of the build folder: /tmp may be memory, where a sync costs nothing.
mkdir -p "$build"
work=$(mktemp -d "$build/bench-run.XXXXXX")
browser=$here/wrk/browser_headers.txt
export TNT_BENCH_WRK=$here/wrk
server_pid=
. "$here/nginx_twin.sh"
. "$here/grown_gyms.sh"
. "$here/steal.sh"

clean_up() {
  stop_nginx
  if [ -n "$server_pid" ]; then
    kill -TERM "$server_pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$server_pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$server_pid" 2>/dev/null || true
  fi
  if [ "$keep" = 1 ]; then say "scratch folder kept: $work"; else rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM
ulimit -n "$(ulimit -Hn)"

wanted() { [ "$only" = all ] || [ "$only" = "$1" ]; }

say() { echo "bench: $*" >&2; }

start_server() {
  "$server" serve --data "$work/data" --listen 127.0.0.1:0 --demo --demo-ids "$work/ids.json" \
    --rate-limit-exempt 127.0.0.0/8,::1/128 >"$work/server.out" 2>"$work/server.log" &
  server_pid=$!
  for _ in $(seq 600); do
    base=$(sed -n 's/^tenantry: listening on //p' "$work/server.out")
    if [ -n "$base" ] && [ -s "$work/ids.json" ]; then return 0; fi
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  say "the server did not start"
  tail -n 20 "$work/server.log" >&2
  exit 1
}

# Peak resident memory of the server so far, in KiB.
peak_kib() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server_pid/status"; }

# Writes a Lua table from the ids the server gave and, for bookings, what was made here.
write_data() {
  jq -r '"return { popups = { " + ([.shop.popupIds[] | @json] | join(", ")) + " } }"' "$work/ids.json" >"$work/views.lua"
}

login() {
  jq -c '{email: .gym.ownerEmail, password: .gym.ownerPassword, tenantId: .gym.tenantId}' "$work/ids.json" >"$work/login.json"
  token=$(curl -sS --fail-with-body -H 'Content-Type: application/json' -d "@$work/login.json" "$base/auth/login" | jq -r .token)
  tenant=$(jq -r .gym.tenantId "$work/ids.json")
}

# post PATH JSON: the id of what was made.
post() {
  curl -sS --fail-with-body -H "Authorization: Bearer $token" -H "x-tenant-id: $tenant" \
    -H 'Content-Type: application/json' -d "$2" "$base$1" | jq -r .id
}

# A type and a place of the bench's own, without capacity: the demo's sessions would fill up and refuse.
prepare_bookings() {
  login
  type_id=$(post /session-types '{"name":"Bench","durationMin":30,"category":"class"}')
  place_id=$(post /locations '{"name":"Bench"}')
  sessions_made=0
  : >"$work/sessions"
}

# add_sessions COUNT: half-hour sessions one after the other, from tomorrow on.
add_sessions() {
  jq -nc --argjson from "$sessions_made" --argjson count "$1" --arg type "$type_id" --arg place "$place_id" '
    (now | floor) as $now | range($from; $from + $count) |
    {sessionTypeId: $type, locationId: $place, startTime: ($now + 86400 + . * 1800 | todate)}' >"$work/rows"
  curl_batch "$work/rows" /sessions POST >>"$work/sessions"
  sessions_added=$1
  sessions_made=$((sessions_made + sessions_added))
  [ "$(grep -c '^c' "$work/sessions")" -eq "$sessions_made" ] || { say "sessions could not be made" && exit 1; }
  jq -r --arg token "$token" --rawfile sessions "$work/sessions" '
    "return { tenant = \"" + .gym.tenantId + "\", token = \"" + $token + "\", members = { " +
    ([.gym.memberIds[] | @json] | join(", ")) + " }, sessions = { " +
    ([$sessions | split("\n")[] | select(. != "") | @json] | join(", ")) + " } }"' "$work/ids.json" >"$work/bookings.lua"
}

# measure ROW HEADERS CONNECTIONS ROUND SERVER URL SCRIPT [ARGUMENTS]: one line in $work/runs.jsonl.
measure() {
  local row=$1 headers=$2 connections=$3 round=$4 which=$5 url=$6 script=$7
  shift 7
  local file=- before
  [ "$headers" = plain ] || file=$browser
  before=$(cpu_ticks)
  wrk -t1 -c"$connections" -d"${seconds}s" --timeout 10s -s "$here/wrk/$script" "$url" -- "$file" "$@" >"$work/wrk.out" 2>&1 ||
    { cat "$work/wrk.out" >&2 && exit 1; }
  grep '^{' "$work/wrk.out" | jq -c --arg row "$row" --arg headers "$headers" --arg server "$which" \
    --argjson connections "$connections" --argjson round "$round" --argjson steal "$(steal_percent "$before")" \
    '{row: $row, headers: $headers, connections: $connections, round: $round, server: $server, steal: $steal} + .' >>"$work/runs.jsonl"
  [ "$which" = tenantry ] || tail -n 1 "$work/runs.jsonl" | jq -e '[.errors[]] | add == 0' >/dev/null ||
    { say "nginx does not answer $row as it should" && exit 1; }
  tail -n 1 "$work/runs.jsonl" | jq -r '"bench: \(.row) \(.headers) c=\(.connections) \(.server): \(.requestsPerSecond)/s, p99 \(.p99Ms) ms, errors \([.errors[]] | add), steal \(.steal) %"' >&2
}

capture_all() {
  active="/popups/active?shopId=$(jq -r '.shop.shopId | @uri' "$work/ids.json")"
  jq -c '{popupId: .shop.popupIds[0], sessionId: "sess-000001", visitorId: "visitor-000001", deviceType: "desktop",
    browser: "Chrome", pageUrl: "https://demo-shop.example/products/1", referrer: ""}' "$work/ids.json" >"$work/view.json"
  local json='Content-Type: application/json'
  capture active_plain "$base$active"
  capture active_browser -H "@$browser" "$base$active"
  capture views_plain -H "$json" --data-binary "@$work/view.json" "$base/analytics/views"
  capture views_browser -H "@$browser" -H "$json" --data-binary "@$work/view.json" "$base/analytics/views"
  local kind
  for kind in plain browser; do
    jq -c --arg session "$(tail -n 1 "$work/sessions")" --argjson member "$([ $kind = plain ] && echo 0 || echo 1)" \
      '{sessionInstanceId: $session, memberId: .gym.memberIds[$member]}' "$work/ids.json" >"$work/booking.json"
    capture "bookings_$kind" $([ $kind = plain ] || echo -H "@$browser") -H "$json" -H "Authorization: Bearer $token" \
      -H "x-tenant-id: $tenant" --data-binary "@$work/booking.json" "$base/bookings"
  done
  head -n 1 "$work/active_plain.head" | grep -q ' 200' && head -n 1 "$work/views_plain.head" | grep -q ' 201' &&
    head -n 1 "$work/bookings_browser.head" | grep -q ' 201' ||
    { say "the endpoints do not answer as they should" && cat "$work"/*.head >&2 && exit 1; }
}

# Twice: the first heads show how much padding the twin's need.
start_twin() {
  local plain browser_port name
  plain=$(free_port)
  browser_port=$(free_port)
  start_nginx "$plain" "$browser_port"
  twin_plain=http://127.0.0.1:$plain
  twin_browser=http://127.0.0.1:$browser_port
  for name in active_plain active_browser; do
    capture "twin_$name" "http://127.0.0.1:$([ $name = active_plain ] && echo "$plain" || echo "$browser_port")$active"
    pad_for "$name"
  done
  for name in views_plain views_browser; do
    capture "twin_$name" -d '{}' "http://127.0.0.1:$([ $name = views_plain ] && echo "$plain" || echo "$browser_port")/analytics/views"
    pad_for "$name"
  done
  for name in bookings_plain bookings_browser; do
    capture "twin_$name" -d '{}' "http://127.0.0.1:$([ $name = bookings_plain ] && echo "$plain" || echo "$browser_port")/bookings"
    pad_for "$name"
  done
  stop_nginx
  start_nginx "$plain" "$browser_port"
}

# Every connection must get its share, and memory must stay bounded while 800 are open.
run_fairness() {
  local length=$((seconds > 2 ? 5 : 2))
  "$server" load "$base$active" -c 800 -t "$length" --json | jq -c ".steps[0].report" >"$work/fair_active.json" || say "GET active at c=800 is not fair or has errors"
  "$server" load "$base/analytics/views" -m POST -H 'Content-Type: application/json' --body-file "$work/view.json" \
    -c 800 -t "$length" --json | jq -c ".steps[0].report" >"$work/fair_views.json" || say "POST views at c=800 is not fair or has errors"
  rss_kib=$(peak_kib)
}

# The pairs of a round, on its connections and headers: the same request against both servers.
pair_active() {
  measure active "$headers" "$connections" "$round" tenantry "$base$active" get.lua
  measure active "$headers" "$connections" "$round" nginx "$twin$active" get.lua
}
pair_views() {
  measure views "$headers" "$connections" "$round" tenantry "$base/analytics/views" views.lua "$work/views.lua"
  measure views "$headers" "$connections" "$round" nginx "$twin/analytics/views" views.lua "$work/views.lua"
}
pair_bookings() {
  # Enough pairs for 100,000 bookings a second.
  add_sessions $(((seconds + 1) * 100000 / $(jq '.gym.memberIds | length' "$work/ids.json") + 1))
  measure bookings "$headers" "$connections" "$round" tenantry "$base/bookings" bookings.lua \
    "$work/bookings.lua" $((sessions_made - sessions_added)) "$sessions_made"
  measure bookings "$headers" "$connections" "$round" nginx "$twin/bookings" bookings.lua "$work/bookings.lua" \
    $((sessions_made - sessions_added)) "$sessions_made"
}

# quietly PAIR: again while the host takes processors away and patience lasts. A request that failed is never measured away, and
# round 0 is not counted.
quietly() {
  local others
  while true; do
    others=$(wc -l <"$work/runs.jsonl")
    "$1"
    if ((round == 0 || SECONDS >= patience)) || tail -n +$((others + 1)) "$work/runs.jsonl" |
      jq -se --argjson steal_max "$steal_max_percent" '(map(.steal) | max <= $steal_max) or ([.[].errors[]] | add > 0)' >/dev/null; then return 0; fi
    say "once more: the host took processors away"
    sed -i "$((others + 1)),\$d" "$work/runs.jsonl"
  done
}

run_round() {
  local connections=$1 headers=$2 round=$3 twin=$twin_plain
  [ "$headers" = plain ] || twin=$twin_browser
  quietly pair_active
  quietly pair_views
  quietly pair_bookings
}

run_rounds() {
  local connections headers round
  # Not in the report: memtables, caches and the log's reserve grow to their size, and both servers' pages become warm.
  run_round 64 plain 0
  sed -i '/"round":0,/d' "$work/runs.jsonl"
  for connections in $connection_counts; do
    for headers in plain browser; do
      for round in $(seq "$rounds"); do run_round "$connections" "$headers" "$round"; done
    done
  done
}

# Gyms of several sizes, their answers kept as they normally are, then with writes that drop them.
run_gyms() {
  local scale round tenant_of
  for round in $(seq "$rounds"); do
    for scale in $gym_scales; do
      tenant_of=$(jq -r .tenant "$work/gym_$scale.json")
      measure "available/$scale" plain 64 "$round" tenantry "$base/sessions/available" get.lua "$tenant_of"
      measure "available/$scale" plain 64 "$round" nginx "$twin_plain/available/$scale" get.lua "$tenant_of"
      start_writer "$scale"
      measure "availableWritten/$scale" plain 64 "$round" tenantry "$base/sessions/available" get.lua "$tenant_of"
      wait "$writer_pid" || { say "the writer was refused" && cat "$work/writer.out" >&2 && exit 1; }
      measure "availableWritten/$scale" plain 64 "$round" nginx "$twin_plain/available/$scale" get.lua "$tenant_of"
    done
  done
}

# One operation at a time, without HTTP: what a booking, a list that is not kept and a statistic cost.
run_micro() {
  local bench filter
  export TNT_BENCH_EVENTS_MAX=${TNT_BENCH_EVENTS_MAX:-1000000}
  for bench in gym_bench:BM_Booking gym_lists_bench:BM_Available stats_bench:.; do
    filter=${bench#*:}
    "$build/bench/micro/${bench%%:*}" --benchmark_filter="$filter" --benchmark_format=json 2>/dev/null |
      jq -c '.benchmarks[] | {name, time: .cpu_time, unit: .time_unit}' >>"$work/micro.jsonl"
  done
}

write_report() {
  local dirty=
  git -C "$root" diff --quiet HEAD 2>/dev/null || dirty=+changes
  jq -n --slurpfile runs "$work/runs.jsonl" --slurpfile micro "$work/micro.jsonl" --slurpfile fair_active "$work/fair_active.json" \
    --slurpfile fair_views "$work/fair_views.json" \
    --arg commit "$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)$dirty" \
    --arg command "$invocation" --arg date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --argjson cores "$(nproc)" \
    --arg memory "$(sed -n 's/^MemTotal: *//p' /proc/meminfo)" --arg kernel "$(uname -sr)" \
    --arg disk "$(df --output=fstype "$work" | tail -n 1)" --arg nginx "$(nginx -v 2>&1 | sed 's/.*: //')" \
    --arg wrk "$({ wrk -v || true; } 2>&1 | sed -n '1s/ \[.*//p')" \
    --argjson rounds "$rounds" --argjson seconds "$seconds" \
    --argjson steal_max "$steal_max_percent" --argjson ratio_min "$ratio_min" --argjson growth_max "$growth_max" --argjson rss_max_mib "$rss_max_mib" \
    --argjson rss_kib "$rss_kib" --argjson rss_end_kib "$(peak_kib)" \
    --argjson log_bytes "$(stat -c %s "$work/server.log")" -f "$here/report.jq" >"$out.json"
  jq -r -f "$here/report_markdown.jq" "$out.json" >"$out.md"
}

start_server
say "server at $base, scratch folder $work"
write_data
prepare_bookings
add_sessions 1
capture_all
run_fairness
: >"$work/runs.jsonl"
: >"$work/micro.jsonl"
for scale in $gym_scales; do make_gym "$scale"; done
start_twin
if wanted gyms; then run_gyms; fi
if wanted main; then run_rounds; fi
if wanted micro; then run_micro; fi
write_report
cat "$out.md"
say "report in $out.md and $out.json"
if [ "$fail" = 1 ] && [ "$(jq .pass "$out.json")" != true ]; then exit 1; fi
