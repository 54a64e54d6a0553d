#!/usr/bin/env bash
# A Ray of one machine in a folder, for tests: `ray.sh start FOLDER` starts a head with its dashboard and waits until jobs can be submitted;
# `ray.sh stop FOLDER` ends it with all that it started, and what is started there afterwards has the same port, in FOLDER/port, and
# remembers nothing. The program is $LIGHTMEM_RAY, or `ray` of the PATH. Exits with 3 where it is not there, and says so.
set -euo pipefail
[ "$#" -eq 2 ] || { echo "usage: ray.sh start|stop FOLDER" >&2; exit 2; }
folder="$2"

missing() { echo "$1" >&2; exit 3; }

# Everything that was started here: it has inherited a mark, or, where Ray has written its title over that, a parent with the mark.
started() {
  local marked
  marked="$(grep -lzs "^LIGHTMEM_TEST_RAY=$folder$" /proc/[0-9]*/environ | cut -d/ -f3 | tr '\n' ' ' || true)"
  ps -e -o pid=,ppid=,stat= | awk -v marked="$marked" '
    BEGIN { split(marked, all, " "); for (i in all) mine[all[i]] = 1 }
    $3 !~ /^Z/ { parent[$1] = $2 }
    END {
      for (pid in parent) {
        for (each = pid; each in parent && !(each in mine); each = parent[each]);
        if (each in mine) print pid
      }
    }'
}

# As a machine that fails: at once.
end() {
  local left
  for _ in $(seq 20); do
    left="$(started)"
    [ -n "$left" ] || return 0
    # shellcheck disable=SC2086 # one word for each process
    kill -KILL $left 2>/dev/null || true
    sleep 0.1
  done
}

if [ "$1" = stop ]; then
  end
  exit 0
fi

ray="${LIGHTMEM_RAY:-$(command -v ray || true)}"
[ -n "$ray" ] || missing 'Ray is not installed: pip install "ray[default]", and put ray into the PATH or name it in LIGHTMEM_RAY'
[ -x "$ray" ] || missing "$ray (LIGHTMEM_RAY) is no program"
[ -d /proc/self ] || missing "Ray is started only where there is /proc"

mkdir -p "$folder"
[ -e "$folder/port" ] || echo "$((20000 + RANDOM % 20000))" >"$folder/port"
port="$(cat "$folder/port")"

# Two processors are claimed whatever there is. Every port is one of a row, so that several heads of one machine stay apart.
begin() {
  LIGHTMEM_TEST_RAY="$folder" RAY_USAGE_STATS_ENABLED=0 RAY_ADDRESS='' "$ray" start --head --disable-usage-stats \
    --node-ip-address=127.0.0.1 --port="$((port + 1))" --ray-client-server-port="$((port + 2))" \
    --include-dashboard=true --dashboard-host=127.0.0.1 --dashboard-port="$port" --dashboard-agent-listen-port="$((port + 3))" \
    --num-cpus=2 --num-gpus=0 --object-store-memory=80000000 --temp-dir="$folder" >"$folder/start.log" 2>&1
}

# Ray gives its node 30 s to come up, which a busy machine may not do: it is tried three times.
for attempt in 1 2 3; do
  begin && break
  end
  [ "$attempt" -lt 3 ] || { tail -n 20 "$folder/start.log" >&2; exit 1; }
done

for _ in $(seq 600); do
  case "$(curl --silent --max-time 5 --noproxy '*' --header "Authorization: Bearer ${RAY_AUTH_TOKEN:-}" "http://127.0.0.1:$port/api/jobs/")" in
    '['*) exit 0 ;; # a list of jobs: whoever waited for it may have submitted some already
  esac
  sleep 0.1
done
echo "no list of jobs after 60 s:" >&2
tail -n 20 "$folder/start.log" "$folder"/session_latest/logs/dashboard*.log >&2 || true
end
exit 1
