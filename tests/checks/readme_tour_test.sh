#!/usr/bin/env bash
# Goal: the tour in a document works as printed: each line succeeds, with the status named at its end.
# Method: start the server with demo data in a fresh folder, as `./dev run` does, and run the lines of the tour against
# its port in one shell, with a curl that also notes the status of its last answer.
# Usage: readme_tour_test.sh TENANTRY DOCUMENT [LINES_MAX]
set -Eeuo pipefail

binary=$(readlink -f "$1")
readme=$(readlink -f "$2")
place=$(mktemp -d)
server=
stop() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$place"
}
trap stop EXIT
fail() {
  printf 'readme_tour_test: %s\n' "$*" >&2
  exit 1
}
trap 'fail "failed: ${line:-$BASH_COMMAND}: $(cat "$place"/{output,answer} 2>/dev/null)"' ERR

# The fenced block after the mark.
tour=$(awk '/^<!-- tour:/ {marked = 1; next} marked && /^```/ {if (inside) exit; inside = 1; next} inside' "$readme")
lines=$(grep -c . <<<"$tour") || fail "no tour in $readme"
((lines <= ${3:-10})) || fail "the tour has grown to $lines lines"

cd "$place"
mkfifo announcements
"$binary" serve --demo --data ./data --listen 127.0.0.1:0 --rate-limit-exempt 127.0.0.0/8,::1/128 \
  >announcements 2>server.log </dev/null &
server=$!
port=
while IFS= read -r -t 90 line; do
  if [[ $line =~ ^tenantry:\ listening\ on\ http://127\.0\.0\.1:([0-9]+)$ ]]; then
    port=${BASH_REMATCH[1]}
    break
  fi
done <announcements
[[ -n $port ]] || fail "the server did not start: $(tail -n 5 server.log)"

# A pipe runs this in a subshell, so the status travels through a file.
curl() {
  local answer
  answer=$(command curl --max-time 20 --write-out '\n%{http_code}' "$@")
  printf '%s' "${answer##*$'\n'}" >"$place/status"
  printf '%s\n' "${answer%$'\n'*}" | tee "$place/answer"
}

checked=0
said=0
while IFS= read -r line; do
  if [[ $line == '#'* ]]; then
    said=$((said + 1))
    continue
  fi
  expected=
  if [[ $line =~ [[:space:]]#[[:space:]]([0-9]{3})$ ]]; then
    expected=${BASH_REMATCH[1]}
  fi
  : >"$place/status"
  : >"$place/answer"
  # Not in a condition: there, the shell would ignore a failing command.
  eval "${line//127.0.0.1:7117/127.0.0.1:$port}" </dev/null >"$place/output" 2>&1
  if [[ -n $expected ]]; then
    status=$(<"$place/status")
    [[ $status == "$expected" ]] || fail "answered '$status', not $expected: $line: $(<"$place/answer")"
    checked=$((checked + 1))
  fi
done <<<"$tour"
((checked == lines - said - 1)) || fail "only $checked of $lines lines name a status"

# What the lines claim beyond their status.
while IFS= read -r name; do
  [[ -n ${!name} ]] || fail "$name of the tour is empty"
done < <(grep -o '^[A-Z][A-Z]*=' <<<"$tour" | tr -d '=')
if [[ -n ${POPUP:-} ]]; then
  grep -q "\"popupId\":\"$POPUP\"" "$place/answer" || fail "the statistics name another popup: $(<"$place/answer")"
fi

kill -TERM "$server"
wait "$server" || fail "the server ended with status $?"
server=
echo "readme_tour_test: $checked lines answered as promised"
