#!/usr/bin/env bash
# systemd_unit_check.sh UNIT BINARY: systemd-analyze must have nothing to say about the unit, with the built binary in place of
# the installed one. Exit 77, which ctest shows as skipped, without systemd.
set -euo pipefail
unit=$1 binary=$2
command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze is not installed (package systemd)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
grep -q '^ExecStart=/usr/bin/tenantry ' "$unit" || { echo "the unit does not start /usr/bin/tenantry"; exit 1; }
sed "s|^ExecStart=/usr/bin/tenantry|ExecStart=$binary|; /^Documentation=/d" "$unit" >"$folder/tenantry.service"
said=$(systemd-analyze verify --man=no "$folder/tenantry.service" 2>&1) || { printf '%s\n' "$said"; exit 1; }
said=$(printf '%s' "$said" | grep -F tenantry.service || true)
[[ -z $said ]] || { printf '%s\n' "$said"; exit 1; }
# Unprivileged and hardened: the exposure that systemd computes, where it can.
systemd-analyze security --offline=true --threshold=20 "$folder/tenantry.service" | tail -1
