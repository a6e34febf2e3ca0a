#!/usr/bin/env bash
# Stops the one-node Kubernetes below FOLDER and drops its state; its programs stay: down.sh FOLDER
# It asks neither the API server nor containerd: they may be gone while their containers live.
set -uo pipefail
# shellcheck source=processes.sh
source "$(dirname "$0")/processes.sh" "$1"
[ -d "$run" ] || exit 0

stop volumes
stop kubelet
# Containers, then the shim that each pod has.
find /sys/fs/cgroup -path '*/auriga-test/kubepods/*' -name cgroup.procs -exec cat {} + | sort -u | xargs -r kill -KILL
pgrep -f "^[^ ]*containerd-shim.* -address $run/containerd/containerd.sock" | xargs -r kill -KILL
for name in "${processes[@]}"; do stop "$name"; done

mounts() { awk -v below="$run/" 'index($2, below) == 1 {print $2}' /proc/mounts | sort -r; }
# A mount stays busy for a moment after the last process in it was killed.
for _ in $(seq 100); do
  mounts | xargs -r -n1 umount 2>/dev/null
  [ -z "$(mounts)" ] && break
  sleep 0.1
done
if [ -n "$(mounts)" ]; then
  echo "cluster: $(mounts | head -n 1) cannot be unmounted; see what uses it with fuser -m, then try again" >&2
  exit 1
fi

ip link delete auriga0 2>/dev/null
for family in ip ip6; do nft delete table "$family" kube-proxy 2>/dev/null; done
find /sys/fs/cgroup -depth -type d -path '*/auriga-test*' -exec rmdir {} + 2>/dev/null
find /var/log/containers -lname "$run/*" -delete 2>/dev/null
# The one place where containerd's network library keeps what it cannot be told to keep elsewhere.
for result in /var/lib/cni/results/auriga-test-*-eth0; do
  pod=${result#*/auriga-test-}
  rm -f "$result" "/var/lib/cni/results/cni-loopback-${pod%-eth0}-lo"
done
rm -rf "$run"
