# shellcheck shell=bash disable=SC2154
# grown_gyms.sh: gyms of several sizes for GET /sessions/available. Sourced by run.sh; needs $base, $work, $here and post().
#
# Each gym has twenty members and twenty sessions to come that all of them booked: what the first page shows. A gym of scale n
# has n times as many sessions to come, which nobody booked, and 20 n past ones with twenty bookings each. So pages are of one
# length and everything that grows lies behind or beside them.

gym_scales="1 10 100"

# curl_batch FILE PATH METHOD: one request for each line of JSON in FILE, on one connection, as the gym's owner; ids to stdout.
# A line may name its path itself: {"path": ..., "body": ...}.
curl_batch() {
  jq -nr --slurpfile rows "$1" --arg path "$2" --arg method "$3" --arg base "$base" --arg token "$token" --arg tenant "$tenant" '
    $rows | to_entries[] | (.value.path // $path) as $to | (.value.body // .value) as $body |
    (if .key > 0 then "next\n" else "" end) +
    "url = \"\($base)\($to)\"\nrequest = \($method)\nheader = \"Content-Type: application/json\"\n" +
    "header = \"Authorization: Bearer \($token)\"\nheader = \"x-tenant-id: \($tenant)\"\n" +
    "data = \($body | tojson | @json)\nsilent\nfail-with-body"' >"$work/batch.curl"
  curl -K "$work/batch.curl" | jq -r .id
}

# session_rows COUNT FIRST_START: bodies of COUNT half-hour sessions one after the other.
session_rows() {
  jq -nc --argjson count "$1" --argjson from "$2" --arg type "$type_id" --arg place "$place_id" \
    'range($count) | {sessionTypeId: $type, locationId: $place, capacity: 25, startTime: ($from + . * 1800 | todate)}'
}

booked() { curl -sS --fail-with-body -H "x-tenant-id: $tenant" "$base/sessions/$1" | jq .currentBookings; }

# make_gym SCALE: $work/gym_SCALE.json with token, tenant and a session that the page does not show.
make_gym() {
  local scale=$1 now ahead past members token tenant type_id place_id
  now=$(date +%s)
  jq -nc --arg name "Gym of scale $scale" --arg email "owner$scale@bench.example" \
    '{email: $email, password: "correct horse", name: "Olivia", tenantName: $name}' >"$work/signup.json"
  curl -sS --fail-with-body -H 'Content-Type: application/json' -d "@$work/signup.json" "$base/auth/signup" >"$work/gym.json"
  token=$(jq -r .token "$work/gym.json")
  tenant=$(jq -r .tenant.id "$work/gym.json")
  type_id=$(post /session-types '{"name":"Bench","durationMin":30,"category":"class"}')
  place_id=$(post /locations '{"name":"Hall"}')
  jq -nc 'range(20) | {email: "m\(.)@bench.example", name: "Member \(.)"}' >"$work/rows"
  members=$(curl_batch "$work/rows" /members POST)
  session_rows $((20 * scale)) $((now + 86400)) >"$work/rows"
  ahead=$(curl_batch "$work/rows" /sessions POST)
  session_rows $((20 * scale)) $((now + 86400 * 400)) >"$work/rows"
  past=$(curl_batch "$work/rows" /sessions POST)
  {
    echo "return { tenant = \"$tenant\", token = \"$token\", members = {"
    printf '"%s",' $members
    echo '}, sessions = {'
    printf '"%s",' $(head -n 20 <<<"$ahead") $past
    echo '} }'
  } >"$work/fill.lua"
  # wrk sleeps to its end even when it was stopped before, so a few short runs; each begins anew, which refusals make quick.
  local run
  for run in 1 2 3 4 5 6 7 8; do
    wrk -t1 -c64 -d$((2 + scale / 12))s --timeout 10s -s "$here/wrk/bookings.lua" "$base/bookings" -- \
      - "$work/fill.lua" 0 $((20 * scale + 20)) once >"$work/wrk.out" 2>&1 || { cat "$work/wrk.out" >&2 && exit 1; }
    [ "$(booked "$(head -n 1 <<<"$ahead")")" = 20 ] && [ "$(booked "$(tail -n 1 <<<"$past")")" = 20 ] && break
  done
  printf '%s\n' $past | jq -Rc --argjson now "$now" \
    '{path: "/sessions/\(.)", body: {startTime: ($now - 3600 - (input_line_number * 1800) | todate)}}' >"$work/rows"
  curl_batch "$work/rows" - PATCH >/dev/null
  jq -nc --arg token "$token" --arg tenant "$tenant" --arg session "$(tail -n 1 <<<"$past")" \
    '{token: $token, tenant: $tenant, session: $session}' >"$work/gym_$scale.json"
  capture "available_$scale" -H "x-tenant-id: $tenant" "$base/sessions/available"
  jq -e --argjson total $((20 * scale)) '.pagination.total == $total and
    ([.data[].bookings | length] | length == 20 and min == 20 and max == 20)' "$work/available_$scale.body" >/dev/null ||
    { say "the gym of scale $scale is not as it should be" && exit 1; }
}

# start_writer SCALE: twenty changes a second of a session that the page does not show; each drops the gym's kept answers.
start_writer() {
  "$server" load "$base/sessions/$(jq -r .session "$work/gym_$1.json")" -m PATCH -d '{"notes":"bench"}' -c 1 --rate 20 -t "$seconds" \
    -H 'Content-Type: application/json' -H "Authorization: Bearer $(jq -r .token "$work/gym_$1.json")" \
    -H "x-tenant-id: $(jq -r .tenant "$work/gym_$1.json")" >"$work/writer.out" 2>&1 &
  writer_pid=$!
}
