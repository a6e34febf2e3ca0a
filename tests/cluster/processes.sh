# Starts, watches and stops the node's processes; to be sourced with the cluster's folder as $1.
# Each has a file with its id, a log, a process group of its own, and a command line that names the folder.
# shellcheck shell=bash
folder=${1%/}
bin=$folder/bin run=$folder/run
# The control group of the node's processes, in the tree that is about the processor.
system=/sys/fs/cgroup/auriga-test/system
if [ -d /sys/fs/cgroup/cpu ]; then system=/sys/fs/cgroup/cpu/auriga-test/system; fi
# In the order in which they can be stopped.
# shellcheck disable=SC2034 # used by who sources this
processes=(volumes kubelet coredns proxy scheduler controller-manager apiserver containerd etcd)

kubectl() { "$bin/kubectl" --kubeconfig "$run/admin.kubeconfig" "$@"; }

start() { # name program argument...
  local name=$1
  shift
  # They outlive up.sh, whose lock (9) they must not hold.
  setsid nohup "$@" >"$run/log/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$run/$name.pid"
  # One that has ended already is noticed by who waits for it.
  echo $! >"$system/cgroup.procs" 2>/dev/null || true
}

runs() { # name
  local pid
  pid=$(cat "$run/$1.pid" 2>/dev/null) || return 1
  # After a restart of the machine, the id may be that of a stranger.
  [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$folder/"
}

stop() { # name
  local pid
  if runs "$1"; then
    pid=$(cat "$run/$1.pid")
    kill -TERM -- "-$pid" 2>/dev/null
    # kube-apiserver waits a minute for its clients when asked kindly.
    for _ in $(seq 50); do
      runs "$1" || break
      sleep 0.1
    done
    kill -KILL -- "-$pid" 2>/dev/null
  fi
  rm -f "$run/$1.pid"
}

wait_for() { # what process command...
  local what=$1 process=$2
  shift 2
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    runs "$process" || break
    sleep 0.1
  done
  echo "cluster: $what did not come up; the end of $run/log/$process.log:" >&2
  tail -n 8 "$run/log/$process.log" >&2
  exit 1
}
