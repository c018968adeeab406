#!/usr/bin/env bash
# clang-tidy over one file, printing only findings: tidy_one.sh BUILD_FOLDER FILE. Configuration is .clang-tidy.
set -euo pipefail
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
if ! clang-tidy-14 -p "$1" --quiet "$2" 2>"$counts"; then
  grep -v 'warnings\? generated\|warnings\? treated as error' "$counts" >&2 || true
  printf 'tidy: findings in %s\n' "$2" >&2
  exit 1
fi
