# Sourced by run.sh and load_against_wrk.sh: how much of a virtual machine's processors its host gave to others meanwhile.
# A generator and a server that share two of them lose far more to that than its share, and not equally: a round is judged by
# its steal, never by its result.

# Rounds with more, in percent, are left out of a report where three others remain.
steal_max_percent=2

cpu_ticks() { sed -n 's/^cpu  *//p;q' /proc/stat; }

# steal_percent TICKS_BEFORE: since then, of all processors' time.
steal_percent() {
  printf '%s\n%s\n' "$1" "$(cpu_ticks)" | awk '
    NR == 1 { split($0, before) }
    NR == 2 { for (i = 1; i <= 8; ++i) all += $i - before[i]; printf "%.1f\n", (all > 0) ? 100 * ($8 - before[8]) / all : 0 }'
}
