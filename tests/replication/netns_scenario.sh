#!/usr/bin/env bash
# Goal: three hosts with network stacks of their own, a partition that no proxy fakes: the leader is cut off, a follower is promoted
# with the other one's consent, the old leader comes back, follows, and everybody is equal.
# Method: network namespaces joined by veth pairs to a bridge; `ip link set down` is the partition. Runs inside a user and a network
# namespace of its own, so it needs no root and leaves nothing behind. Exit 77 where the system forbids that.
# usage: netns_scenario.sh TENANTRY_BINARY
set -Eeuo pipefail

if [[ ${TNT_INSIDE:-} != 1 ]]; then
  TNT_INSIDE=1 unshare -Urnm --kill-child -- "$0" "$@" && exit 0
  code=$?
  unshare -Urnm true 2>/dev/null || exit 77
  exit "$code"
fi

binary=$(readlink -f "$1")
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'printf "netns_scenario: failed in line %s\n" "$LINENO" >&2; tail -n 5 "$work"/*.err >&2' ERR

# Names of namespaces live below /run, which is the system's: this mount namespace gets its own.
mount -t tmpfs none /run
mkdir -p /run/netns
head -c 32 /dev/urandom | base64 >"$work/secret"
ip link add hub type bridge
ip link set hub up
ip addr add 10.99.0.254/24 dev hub
for i in 1 2 3; do
  ip netns add "host$i"
  ip link add "wire$i" type veth peer name eth0 netns "host$i"
  ip link set "wire$i" master hub up
  ip -n "host$i" addr add "10.99.0.$i/24" dev eth0
  ip -n "host$i" link set eth0 up
  ip -n "host$i" link set lo up
done

# start NODE [OPTION...]
start() {
  local node=$1
  shift
  ip netns exec "host$node" "$binary" serve --data "$work/data$node" --listen "10.99.0.$node:3000" \
    --replication-listen "10.99.0.$node:4000" --replication-secret-file "$work/secret" --shop-auth open \
    --rate-limit-exempt 10.99.0.0/24 "$@" >"$work/out$node" 2>"$work/$node.err" &
  pids[$node]=$!
}
declare -A pids
# eventually COMMAND...: within 20 seconds.
eventually() {
  for _ in $(seq 200); do
    "$@" && return 0
    sleep 0.1
  done
  printf 'never: %s\n' "$*" >&2
  return 1
}
answers() { curl -fsS -m 2 -o /dev/null "http://10.99.0.$1:3000/readyz" 2>/dev/null; }
# subscribe NODE EMAIL: prints the status.
subscribe() {
  curl -sS -m 10 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
    -d "{\"shopId\":\"demo-shop\",\"email\":\"$2\"}" "http://10.99.0.$1:3000/email-subscribers" || true
}
digest() { "$binary" admin digest --data "$work/data$1"; }
equal() { [[ $(digest "$1") == "$(digest "$2")" ]]; }
is() { [[ $2 == "$3" ]] || { printf '%s: %s instead of %s\n' "$1" "$2" "$3" >&2; return 1; }; }

start 1 --demo
eventually answers 1
start 2 --follow 10.99.0.1:4000
start 3 --follow 10.99.0.1:4000
eventually answers 2
eventually answers 3
is 'a write before' "$(subscribe 1 before@netns.example)" 201
eventually equal 1 2
eventually equal 1 3

# The partition: host 1 hears nobody. With durability `disk` it goes on by itself, from inside its own host.
ip link set wire1 down
inside=$(ip netns exec host1 curl -sS -m 10 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
  -d '{"shopId":"demo-shop","email":"alone@netns.example"}' http://10.99.0.1:3000/email-subscribers)
is 'a write on the far side' "$inside" 201
eventually "$binary" admin promote --data "$work/data2" >"$work/promote" 2>&1
is 'a write on the new leader' "$(subscribe 2 after@netns.example)" 201
eventually equal 2 3

# The partition heals; the old leader is told whom to follow, keeps what it had alone, and becomes equal.
ip link set wire1 up
kill "${pids[1]}"
wait "${pids[1]}"
start 1 --follow 10.99.0.2:4000
# Before that, a command would open the folder itself and the server would find it taken.
eventually grep -q 'listening on' "$work/out1"
eventually equal 1 2
"$binary" admin rescue list --data "$work/data1" | grep -q '	1 entries	'
file=$("$binary" admin rescue list --data "$work/data1" | cut -f1)
"$binary" admin rescue replay --data "$work/data2" --file "$file" | grep -q 'applied as entry'
is 'the rescued write' "$(subscribe 2 alone@netns.example)" 409
eventually equal 1 2
eventually equal 1 3
echo 'netns_scenario: a real partition was survived'
