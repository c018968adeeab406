# report.jq's output for people.

def names: {active: "GET /popups/active", views: "POST /analytics/views", bookings: "POST /bookings",
  available: "GET /sessions/available", availableWritten: "GET /sessions/available, 20 writes a second"};
def name: split("/") as [$kind, $scale] | names[$kind] + (if $scale then ", gym of scale \($scale)" else "" end);
def verdict: if . then "pass" else "**FAIL**" end;
def spread($digits): "\(.median) (\(.min)–\(.max))";
def whole: "\(.median | round) (\(.min | round)–\(.max | round))";

"# Bench report

\(.date), commit `\(.commit)`, `\(.command)`
\(.machine.cpu), \(.machine.cores) cores shared with the generator, \(.machine.memory), \(.machine.kernel), data on \(.machine.disk)

\(.method.rounds) rounds of \(.method.secondsPerRun) s each, alternating with \(.peers.nginx) (two workers, `return` of the same bytes, no access log);
\(.peers.wrk), one thread. Our log is on, the rate limit exempts the generator. Median (min–max) over the rounds,
behind one that is not counted. Rounds in which the host took more than \(.method.stealMaxPercent) % of the processors (steal)
are left out where three others remain.

| request | headers | connections | requests/s | nginx | ratio | wanted | p50 ms | p99 ms | failed | rounds | steal % | |
|---|---|---|---|---|---|---|---|---|---|---|---|---|",
(.rows[] | "| \(.row | name) | \(.headers) | \(.connections) | \(.tenantry.requestsPerSecond | whole) | " +
  "\(if .nginx then .nginx.requestsPerSecond | whole else "–" end) | \(if .ratio then .ratio | spread(2) else "–" end) | " +
  "\(if .ratioMin then "≥ \(.ratioMin)" else "–" end) | \(.tenantry.p50Ms) | \(.tenantry.p99Ms) | \(.tenantry.failed) | " +
  "\(.rounds.used) of \(.rounds.of) | \(.stealPercent | spread(1)) | \(.pass | verdict) |"),
(.growth | to_entries[] | select(.value) | "
\(names[.key]): a gym of scale 100 takes \(.value | spread(2)) times as long as one of scale 1 (limit \(.value.limit), \(.value.pass | verdict))."),
"
| at 800 connections | requests/s | worst / median connection | fairness | p99 ms | worst ms | errors | |
|---|---|---|---|---|---|---|---|",
(.fairness | to_entries[] | .key as $row | .value | if . == null then "| \(names[$row]) | no result | | | | | | **FAIL** |" else
  "| \(names[$row]) | \(.requestsPerSecond) | \(.perConnection.requestsMin) / \(.perConnection.requestsMedian) | \(.fairness) | " +
  "\(.latencyMs.p99) | \(.latencyMs.max) | \(.errors.total) | \(.pass | verdict) |" end),
"
Peak memory with demo data at 800 connections: \(.memory.peakMibDemoData800Connections) MiB (limit \(.memory.limitMib) MiB, \(.memory.pass | verdict)); after the whole run \(.memory.peakMibWholeRun) MiB.",
"
| operation without HTTP | time |
|---|---|",
(.micro[] | "| \(.name) | \(.time * 100 | round / 100) \(.unit) |")
