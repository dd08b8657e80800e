# For the examples' scripts, which read it: a server of theirs, and what it shows.
#
#   http, metrics             the ports
#   serve SECONDS FLAG...     starts the server and waits until it is ready
#   show COMMAND...           prints what the command does; with ONCE=1 the server ends before, and the script with it
http=${NESO_HTTP_PORT:-8000}
metrics=${NESO_METRICS_PORT:-8002}

serve() {
  local seconds=$1
  shift
  "${NESO_TREE:-out}"/bin/neso "$@" --http-port="$http" --metrics-port="$metrics" --grpc-port="${NESO_GRPC_PORT:-8001}" &
  server=$!
  trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null' EXIT
  for _ in $(seq $((seconds * 20))); do
    curl -sf "localhost:$http/v2/health/ready" && break
    kill -0 "$server" 2>/dev/null || { echo "the server did not start; its log is above" >&2; exit 1; }
    sleep 0.05
  done
}

show() {
  [ -n "${ONCE:-}" ] || { "$@"; return; }
  local status=0 result
  result=$("$@") || status=$?
  trap - EXIT
  kill "$server" && wait "$server" || true
  echo "$result"  # after the server's last log lines: it is what stays on the screen
  exit "$status"
}
