# shellcheck shell=bash disable=SC2154
# nginx_twin.sh: an nginx that answers with the bytes our server answers, the measure of what this machine can do.
# Sourced by run.sh; needs $work (scratch folder) and $here (this folder).
#
# Each answer is captured once from our server and given to `return`, which is the least work nginx can do for a reply: no
# file, no log (access_log off; our server logs every request while it is measured). A pad header makes the heads equally
# long. Compressed bodies cannot stand in a configuration, so text of the same length stands in for them.

# capture NAME CURL_ARGUMENTS...: $work/NAME.head and $work/NAME.body as our server sends them.
capture() {
  local name=$1
  shift
  curl -sS -D "$work/$name.head" -o "$work/$name.body" -H 'User-Agent:' -H 'Accept:' "$@"
}

# "name: value" of a captured head, carriage return removed.
head_value() {
  sed -n "s/^$2: *//Ip" "$work/$1.head" | tr -d '\r' | head -n 1
}

# In strings of 900 bytes, at most 3,600 when escaped: a configuration token may not exceed a 4 KiB buffer.
return_directives() {
  local name=$1 status=$2 body=$work/$1.twin part=0 variables=
  if [ -n "$(head_value "$name" content-encoding)" ]; then
    head -c "$(stat -c %s "$work/$name.body")" /dev/zero | tr '\0' 'x' >"$body"
    echo "      add_header Content-Encoding $(head_value "$name" content-encoding) always;"
  else
    cp "$work/$name.body" "$body"
  fi
  local chunk
  while IFS= read -r -N 900 chunk || [ -n "$chunk" ]; do
    chunk=${chunk//\\/\\\\}
    chunk=${chunk//\"/\\\"}
    chunk=${chunk//\$/\$\{dollar\}}
    echo "      set \$${name}_$part \"$chunk\";"
    variables="$variables\${${name}_$part}"
    part=$((part + 1))
  done <"$body"
  echo "      return $status \"$variables\";"
}

# location NAME PATH STATUS
location() {
  local pad=
  [ ! -s "$work/$1.pad" ] || pad="      add_header X-Pad \"$(cat "$work/$1.pad")\" always;"
  echo "    location = $2 {"
  echo "      default_type \"$(head_value "$1" content-type)\";"
  [ -z "$pad" ] || echo "$pad"
  return_directives "$1" "$3"
  echo "    }"
}

# file_location NAME PATH: a large body, which nginx sends from the page cache faster than it joins strings.
file_location() {
  echo "    location = $2 {"
  echo "      alias $work/$1.body; types { } default_type \"$(head_value "$1" content-type)\"; etag off;"
  echo "    }"
}

# write_nginx_config PORT_PLAIN PORT_BROWSER: one server for each set of request headers.
write_nginx_config() {
  mkdir -p "$work/nginx"
  {
    [ "$(id -u)" != 0 ] || echo "user root;"  # Else its workers could not read the bodies.
    echo "daemon off; worker_processes 2; pid $work/nginx/pid; error_log $work/nginx/error.log warn;"
    echo "events { worker_connections 4096; }"
    echo "http {"
    echo "  geo \$dollar { default \"\$\"; }"
    echo "  sendfile on; tcp_nopush on; open_file_cache max=100; open_file_cache_valid 60s;"
    echo "  access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 75s;"
    local kind
    for kind in client_body proxy fastcgi uwsgi scgi; do
      echo "  ${kind}_temp_path $work/nginx/$kind;"
    done
    echo "  server {"
    echo "    listen 127.0.0.1:$1 reuseport backlog=4096;"
    location active_plain /popups/active 200
    location views_plain /analytics/views 201
    location bookings_plain /bookings 201
    local scale
    for scale in $gym_scales; do
      file_location "available_$scale" "/available/$scale"
    done
    echo "  }"
    echo "  server {"
    echo "    listen 127.0.0.1:$2 reuseport backlog=4096;"
    location active_browser /popups/active 200
    location views_browser /analytics/views 201
    location bookings_browser /bookings 201
    echo "  }"
    echo "}"
  } >"$work/nginx/nginx.conf" 2>"$work/nginx/config.err"
}

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port nobody listens on. Somebody may take it before we do; then nginx says so and the bench stops.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    port_answers "$port" || break
  done
  echo "$port"
}

start_nginx() {
  write_nginx_config "$1" "$2"
  nginx -p "$work/nginx" -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log" &
  nginx_pid=$!
  for _ in $(seq 100); do
    ! port_answers "$2" || return 0
    kill -0 "$nginx_pid" 2>/dev/null || break
    sleep 0.05
  done
  cat "$work/nginx/error.log" >&2
  return 1
}

stop_nginx() {
  [ -n "${nginx_pid:-}" ] || return 0
  kill -QUIT "$nginx_pid" 2>/dev/null || true
  wait "$nginx_pid" 2>/dev/null || true
  nginx_pid=
}

# pad_for NAME: what the twin's head lacks to be as long as ours. An nginx head is never the longer one in practice; if it
# were, the comparison would only be harder for us.
pad_for() {
  local missing=$(($(stat -c %s "$work/$1.head") - $(stat -c %s "$work/twin_$1.head") - 9))
  [ "$missing" -le 0 ] || head -c "$missing" /dev/zero | tr '\0' 'p' >"$work/$1.pad"
}
