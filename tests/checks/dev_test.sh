#!/usr/bin/env bash
# Goal: `./dev` answers misuse clearly, and installs exactly what is missing, or says how.
# Method: run a copy of it from another folder, with a dpkg-query and an apt-get that only record.
# Usage: dev_test.sh ROOT_OF_THE_TREE
set -euo pipefail

tree=$1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/copy/tools" "$place/bin" "$place/elsewhere"
cp "$tree/dev" "$place/copy/dev"
cp "$tree/tools/packages.txt" "$place/copy/tools/packages.txt"
# Only what the packages step may use: no sudo, no real apt.
for tool in awk bash cat dirname env id readlink sort; do
  ln -s "$(type -P "$tool")" "$place/bin/$tool"
done
cat >"$place/bin/dpkg-query" <<'FAKE'
#!/bin/bash
for package in $INSTALLED; do [[ $package == "${!#}" ]] && printf installed; done
exit 0
FAKE
cat >"$place/bin/apt-get" <<'FAKE'
#!/bin/bash
printf '%s %s\n' "${DEBIAN_FRONTEND:-}" "$*" >>"$RECORD"
FAKE
chmod 755 "$place" "$place/bin/dpkg-query" "$place/bin/apt-get"
export RECORD=$place/record
cd "$place/elsewhere"

fail() {
  printf 'dev_test: %s\n' "$*" >&2
  exit 1
}
# expect STATUS TEXT COMMAND...: the command ends with that status and its output contains that text.
expect() {
  local status=0 output
  output=$("${@:3}" 2>&1 </dev/null) || status=$?
  [[ $status == "$1" ]] || fail "status $status, not $1: ${*:3}: $output"
  [[ $output == *"$2"* ]] || fail "no '$2' in: ${*:3}: $output"
}
packages_of() {
  awk -v group="$1" '!/^#/ && $1 == group {print $2}' "$tree/tools/packages.txt"
}

expect 0 'usage: ./dev' "$tree/dev" help
expect 0 'usage: ./dev' "$tree/dev"
expect 2 'usage: ./dev' "$tree/dev" bulid
expect 1 'no step named tydi' "$tree/dev" check tydi

# Every row names a group that some command installs.
awk '!/^#/ && NF && (NF != 2 || $1 !~ /^(build|test|check|bench|browser|browser-npm)$/) {print; bad = 1} END {exit bad}' \
  "$tree/tools/packages.txt" || fail 'a row of tools/packages.txt is not GROUP PACKAGE'

# With everything installed apt is not touched.
all=$(packages_of build | tr '\n' ' ')
INSTALLED=$all PATH=$place/bin expect 0 '' "$place/copy/dev" packages build
[[ ! -e $RECORD ]] || fail "apt ran without need: $(cat "$RECORD")"

# With one package missing exactly that one is installed, asking nothing.
if ((EUID == 0)); then
  INSTALLED=${all/tzdata/} PATH=$place/bin expect 0 'installing tzdata' "$place/copy/dev" packages build
  grep -qE '^noninteractive install .*-y .*--no-install-recommends tzdata$' "$RECORD" ||
    fail "not the expected apt-get call: $(cat "$RECORD")"
fi

# Without root and without sudo it says what to install.
other=()
((EUID != 0)) || other=("$(type -P setpriv)" --reuid 65534 --regid 65534 --clear-groups)
INSTALLED=${all/tzdata/} PATH=$place/bin \
  expect 1 'neither root nor sudo: as root, run apt-get install --no-install-recommends tzdata' \
  ${other[@]+"${other[@]}"} "$place/copy/dev" packages build

echo 'dev_test: ok'
