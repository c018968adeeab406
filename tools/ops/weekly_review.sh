#!/usr/bin/env bash
# The weekly cost review (crosscutting.md O7): what the server used since the last review, from /metrics and the data folder.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: weekly_review.sh [--url URL] [--data DIR] [--history FILE]

  --url URL        the server, asked from its own machine; default http://127.0.0.1:7117
  --data DIR       its data folder; default /var/lib/tenantry
  --history FILE   one line per review; default weekly-review.tsv

Prints each figure, and what changed since the last line of the history, then adds a line.
TEXT
}

url=http://127.0.0.1:7117 data=/var/lib/tenantry history=weekly-review.tsv
while (($#)); do
  case $1 in
    --url) url=${2%/} && shift 2 ;;
    --data) data=$2 && shift 2 ;;
    --history) history=$2 && shift 2 ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
[[ -d $data ]] || { echo "weekly_review: $data is not a folder; --data names the server's" >&2; exit 2; }
metrics=$(curl -fsS "$url/metrics") || { echo "weekly_review: no metrics from $url" >&2; exit 1; }

# sum NAME: all samples of a family added up.
sum() {
  awk -v name="$1" '{family = $1; sub(/[{].*/, "", family)} family == name {total += $NF} END {printf "%.0f\n", total}' \
    <<<"$metrics"
}

now=$(date -u +%s)
started=$(sum process_start_time_seconds)
requests=$(sum tenantry_http_requests_total)
cpu=$(sum process_cpu_seconds_total)
memory=$(($(sum process_resident_memory_bytes) / 1048576))
disk=$(($(du -sk "$data" | cut -f1) / 1024))
rows=$(sum tenantry_store_rows_estimate)

printf 'review of %s, %s\n' "$url" "$(date -u +%F)"
printf '  memory       %s MiB\n  data folder  %s MiB\n  rows         %s\n  up for       %s h\n' \
  "$memory" "$disk" "$rows" "$(((now - started) / 3600))"
if [[ -s $history ]]; then
  IFS=$'\t' read -r then_s then_started then_requests then_cpu _ then_disk _ < <(tail -n 1 "$history")
  # Counters begin again with the process.
  if ((started != then_started)); then then_requests=0 then_cpu=0; fi
  hours=$(awk -v s=$((now - then_s)) 'BEGIN {printf "%.1f", s / 3600}')
  printf '  %s requests since the last review, %s h ago\n' "$((requests - then_requests))" "$hours"
  printf '  %s s of processor time, %s MiB of disk more\n' "$((cpu - then_cpu))" "$((disk - then_disk))"
  awk -v d=$((disk - then_disk)) -v s=$((now - then_s)) \
    'BEGIN {if (s > 0) printf "  at this pace %.0f MiB more in a year\n", d * 31536000 / s}'
else
  printf '  first review: the next one will compare with it\n'
fi
printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$now" "$started" "$requests" "$cpu" "$memory" "$disk" "$rows" >>"$history"
