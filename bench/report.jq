# The runs of bench/run.sh as one report: medians and spreads per row, then what was demanded.

def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
  else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def round_to($digits): . * pow(10; $digits) | round | . / pow(10; $digits);
def spread: {median: (median | round_to(3)), min: (min | round_to(3)), max: (max | round_to(3))};
# "available/100" is the row "available" of a gym of scale 100.
def kind: split("/")[0];
def minimum($row; $connections): $ratio_min[$row | kind][$connections | tostring];

# Runs of one row on one server. A request that failed counts in whatever round of $all it did.
def side($server; $all): map(select(.server == $server)) | if length == 0 then null else {
  requestsPerSecond: ([.[].requestsPerSecond] | spread),
  p50Ms: ([.[].p50Ms] | median | round_to(2)), p99Ms: ([.[].p99Ms] | median | round_to(1)), maxMs: ([.[].maxMs] | max),
  failed: ([$all[] | select(.server == $server).errors[]] | add)} end;

# Ours over nginx's of the same round, so that a slow minute of the machine hits both.
def ratios: group_by(.round) | map(
    (map(select(.server == "tenantry").requestsPerSecond) | first) as $ours |
    (map(select(.server == "nginx").requestsPerSecond) | first) as $theirs |
    select($theirs != null and $theirs > 0) | $ours / $theirs);

# Rounds in which the host left the machine its processors, or all when there are fewer than three such.
def undisturbed: (group_by(.round) | map(select((map(.steal) | max) <= $steal_max))) as $quiet |
  if $quiet | length >= 3 then $quiet | add else . end;

def count_rounds: map(.round) | unique | length;

def row: . as $all | undisturbed | .[0] as $first | ratios as $ratios | {
  row: $first.row, headers: $first.headers, connections: $first.connections,
  rounds: {used: count_rounds, of: ($all | count_rounds)}, stealPercent: (map(.steal) | spread),
  tenantry: side("tenantry"; $all),
  nginx: side("nginx"; $all),
  ratio: (if ($ratios | length) > 0 then $ratios | spread else null end),
  ratioMin: minimum($first.row; $first.connections)}
  | .pass = (.tenantry.failed == 0 and (.ratioMin == null or ($ratios | median) >= .ratioMin));

# How much longer an answer takes for a gym of the largest scale than for one of scale 1, by round.
def growth($family): [$runs[] | select(.server == "tenantry" and (.row | kind) == $family)] | group_by(.round) | map(
    (map(select(.row | endswith("/1")).requestsPerSecond) | first) as $small |
    (map(select(.row | endswith("/100")).requestsPerSecond) | first) as $large | $small / $large)
  | if length == 0 then null else spread + {limit: $growth_max, pass: (median <= $growth_max)} end;

{
  date: $date, commit: $commit, command: $command,
  machine: {cpu: $cpu, cores: $cores, memory: $memory, kernel: $kernel, disk: $disk},
  peers: {nginx: $nginx, wrk: $wrk},
  method: {rounds: $rounds, secondsPerRun: $seconds, generator: "wrk -t1 on the same machine", rateLimit: "exempt",
    serverLog: "on, to a file on the data disk", serverLogBytes: $log_bytes, stealMaxPercent: $steal_max, nginxWorkers: 2, nginxAccessLog: "off"},
  rows: ($runs | group_by([.row, .headers, .connections]) | map(row) |
    sort_by([{active: 0, views: 1, bookings: 2, available: 3, availableWritten: 4}[.row | kind], .connections,
      (.headers == "browser"), (.row | split("/")[1] // "0" | tonumber)])),
  growth: {available: growth("available"), availableWritten: growth("availableWritten")},
  micro: $micro,
  fairness: {active: $fair_active[0], views: $fair_views[0]},
  memory: {peakMibDemoData800Connections: ($rss_kib / 1024 | round_to(1)), peakMibWholeRun: ($rss_end_kib / 1024 | round_to(1)),
    limitMib: $rss_max_mib, pass: ($rss_kib / 1024 <= $rss_max_mib)}
}
| .pass = ([.rows[].pass, (.growth[] | . == null or .pass), .memory.pass, (.fairness[] | .pass // false)] | all)
