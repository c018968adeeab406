#!/usr/bin/env bash
# openapi_lint.sh BINARY: Redocly's linter must find no error in the document that the binary serves. Exit 77, which ctest shows
# as skipped, when the linter is neither installed nor in npm's cache (`./dev check lint` fetches it once).
set -euo pipefail
binary=$1 version=1.34.3
command -v npx >/dev/null || { echo "skipped: npx is not installed (packages nodejs and npm)"; exit 77; }
npx_flags=(--no-install)
[[ ${TNT_NPM_FETCH:-} == 1 ]] && npx_flags=(--yes)
lint=(npx "${npx_flags[@]}" "@redocly/cli@$version")
REDOCLY_TELEMETRY=off timeout 300 "${lint[@]}" --version >/dev/null 2>&1 ||
  { echo "skipped: @redocly/cli $version is not at hand; ./dev check lint fetches it"; exit 77; }
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
touch "$folder/out"  # The server opens it a moment later.
"$binary" serve --data "$folder/data" --listen 127.0.0.1:0 >"$folder/out" 2>"$folder/err" &
server=$!
for ((i = 0; i < 300; ++i)); do
  url=$(sed -n 's/^tenantry: listening on //p' "$folder/out")
  [[ -n $url ]] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/err"; exit 1; }
  sleep 0.1
done
curl -fsS "$url/openapi.json" -o "$folder/openapi.json"
cd "$folder"
REDOCLY_TELEMETRY=off timeout 300 "${lint[@]}" lint openapi.json --format=stylish
