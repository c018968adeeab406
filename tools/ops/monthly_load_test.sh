#!/usr/bin/env bash
# The monthly load test (crosscutting.md O7): the seeds' short loads T1 and T2, and a steady rate T5, against a running server.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: monthly_load_test.sh [--url URL] [--short] [--out FILE]

  --url URL    the server; default http://127.0.0.1:7117
  --short      a twentieth of the requests, to try the script
  --out FILE   append the report here; default load-test.md

Run it from a machine whose address is in --rate-limit-exempt, else the limits answer 429 and the test says so.
Exit 0 when every row passes. Needs ab (apache2-utils) and curl.
TEXT
}

url=http://127.0.0.1:7117 out=load-test.md scale=20
while (($#)); do
  case $1 in
    --url) url=${2%/} && shift 2 ;;
    --out) out=$2 && shift 2 ;;
    --short) scale=1 && shift ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
for tool in ab curl; do
  command -v "$tool" >/dev/null || { echo "monthly_load_test: $tool is not installed" >&2; exit 2; }
done
curl -fsS -o /dev/null "$url/health/ready" || { echo "monthly_load_test: $url is not ready" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
{
  printf '\n## %s, %s\n\n' "$(date -u +%FT%TZ)" "$url"
  printf '| row | requests | at once | req/s | mean ms | p95 ms | failed | verdict |\n|---|---|---|---|---|---|---|---|\n'
} >>"$out"

# row NAME PATH REQUESTS CONCURRENCY: passes with 100 req/s, a mean below 500 ms and nothing failed (seed 000).
row() {
  local name=$1 path=$2 requests=$3 concurrency=$4 log=$work/$1 verdict=pass
  ab -q -k -n "$requests" -c "$concurrency" "$url$path" >"$log" 2>&1 ||
    { cat "$log" >&2; echo "monthly_load_test: ab failed on $name" >&2; exit 1; }
  local rate mean p95 lost
  rate=$(awk '/^Requests per second/ {print $4}' "$log")
  mean=$(awk '/^Time per request/ {print $4; exit}' "$log")
  p95=$(awk '$1 == "95%" {print $2}' "$log")
  lost=$(awk '/^Failed requests/ {print $3}' "$log")
  awk -v r="$rate" -v m="$mean" -v f="$lost" 'BEGIN {exit !(r >= 100 && m < 500 && f == 0)}' ||
    { verdict=FAIL; failed=1; }
  printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$requests" "$concurrency" "$rate" "$mean" "$p95" "$lost" \
    "$verdict" >>"$out"
}

row T1 /health $((50 * scale > 100 ? 100 : 50 * scale)) 10
row T2 /health $((50 * scale)) 50
row T5 /health $((250 * scale)) 100

# Refused by the rate limits means that the figures above say nothing.
if curl -s -o /dev/null -w '%{http_code}' "$url/popups/active?shopId=load.test" | grep -q 429; then
  echo "monthly_load_test: the rate limits answer 429; add this machine to --rate-limit-exempt" >&2
  failed=1
fi
tail -n 3 "$out"
exit "$failed"
