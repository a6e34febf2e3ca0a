#!/usr/bin/env bash
# Starts a one-node Kubernetes whose state and programs lie below FOLDER, and prints its kubeconfig: up.sh FOLDER PAUSE_ARCHIVE
# It needs root, and what `cargo xtask cluster up` has put in place before it calls this.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
pause=$2
# shellcheck source=processes.sh
source "$here/processes.sh" "$1"
mkdir -p "$folder"
# Two callers at once would start everything twice.
exec 9>"$folder/lock"
flock 9

is_up() {
  [ -f "$run/complete" ] || return 1
  for name in "${processes[@]}"; do runs "$name" || return 1; done
  kubectl wait --for=condition=Ready node/node1 --timeout=5s >/dev/null 2>&1
}
if is_up; then
  echo "$run/admin.kubeconfig"
  exit 0
fi
# What a restart of the machine, or a kill, has left behind.
"$here/down.sh" "$folder"

node_ip=$(hostname -I | awk '{print $1}')
if [ -z "$node_ip" ]; then
  echo "cluster: this machine has no network address besides its loopback; pods would reach no API server" >&2
  exit 1
fi
mkdir -p "$run/log"
"$here/pki.sh" "$run" "$node_ip"
"$here/settings.sh" "$run" "$node_ip"
# The node's own processes share a part of the processors, as they do where systemd starts them: outside, each of their threads
# would count as much as all pods together. What else runs here, the tests themselves, would run on other machines.
mkdir -p "$system"
for weight in weight:400 shares:4096; do
  file=${system%/*}/cpu.${weight%:*}
  if [ -f "$file" ]; then echo "${weight#*:}" >"$file"; fi
done

# All of these are Go programs, and two cores have better to do than to clean up after them that often.
export GOGC=300
start etcd "$bin/etcd" --data-dir="$run/etcd" --unsafe-no-fsync \
  --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 --listen-peer-urls=http://127.0.0.1:2380
# A policy that changes objects, as the rig has one beside the operator, is served by default from 1.36 on.
start apiserver "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --advertise-address="$node_ip" \
  --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged \
  --feature-gates=MutatingAdmissionPolicy=true --runtime-config=admissionregistration.k8s.io/v1beta1=true \
  --tls-cert-file="$run/pki/apiserver.crt" --tls-private-key-file="$run/pki/apiserver.key" --client-ca-file="$run/pki/ca.crt" \
  --kubelet-certificate-authority="$run/pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --kubelet-client-certificate="$run/pki/admin.crt" --kubelet-client-key="$run/pki/admin.key" \
  --service-account-issuer=https://kubernetes.default.svc \
  --service-account-key-file="$run/pki/sa.pub" --service-account-signing-key-file="$run/pki/sa.key"

start containerd containerd -c "$run/containerd/config.toml"
ctr() { command ctr -a "$run/containerd/containerd.sock" -n k8s.io "$@"; }
wait_for containerd containerd ctr version
ctr images import "$pause" >/dev/null

wait_for kube-apiserver apiserver kubectl get --raw /readyz
# By itself it asks for 20 things per second, and tests that run side by side would wait for each other. And it takes the pods of
# a node out of all Services that says nothing for 50 seconds: with the only API server dead again and again, that is each node.
start controller-manager "$bin/kube-controller-manager" --kubeconfig="$run/controller-manager.kubeconfig" --leader-elect=false \
  --bind-address=127.0.0.1 --use-service-account-credentials --kube-api-qps=200 --kube-api-burst=400 --node-monitor-grace-period=5m \
  --root-ca-file="$run/pki/ca.crt" --service-account-private-key-file="$run/pki/sa.key"
start scheduler "$bin/kube-scheduler" --kubeconfig="$run/scheduler.kubeconfig" --leader-elect=false --bind-address=127.0.0.1
start kubelet "$bin/kubelet" --config="$run/kubelet.yaml" --kubeconfig="$run/kubelet.kubeconfig" --root-dir="$run/kubelet" \
  --hostname-override=node1 --node-ip="$node_ip"
start proxy "$bin/kube-proxy" --kubeconfig="$run/proxy.kubeconfig" --hostname-override=node1 --cluster-cidr=10.244.0.0/24 \
  --proxy-mode=nftables
start coredns "$bin/coredns" -conf "$run/Corefile" -dns.port 53
start volumes "$here/volumes.sh" "$folder/"
wait_for "the node" kubelet kubectl wait --for=condition=Ready node/node1 --timeout=1s
wait_for "the default service account" controller-manager kubectl get serviceaccount default
# The last of them: with it, all are there.
wait_for "the volumes" volumes kubectl get persistentvolume waiting-20
touch "$run/complete"
echo "$run/admin.kubeconfig"
