#!/usr/bin/env bash
# Writes the settings of containerd, the pod network, kubelet and CoreDNS: settings.sh RUN NODE_IP
set -euo pipefail
run=$1 node_ip=$2
mkdir -p "$run"/{cni,containerd/registries/_default}

# All state lies below $run, also what containerd would keep in /var/run/netns and /opt: one folder to clean up.
# restrict_oom_score_adj: without CAP_SYS_RESOURCE, runc dies otherwise ("can't get final child's PID").
cat >"$run/containerd/config.toml" <<TOML
version = 2
root = "$run/containerd/root"
state = "$run/containerd/state"
[grpc]
  address = "$run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$run/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/auriga-test/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$run/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$run/containerd/registries"
TOML
# Nothing is ever pulled: an image that was not loaded fails at once, instead of waiting for a network.
cat >"$run/containerd/registries/_default/hosts.toml" <<TOML
server = "http://127.0.0.1:1"
[host."http://127.0.0.1:1"]
  capabilities = ["pull", "resolve"]
TOML

cat >"$run/cni/10-bridge.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "auriga-test", "plugins": [
  {"type": "bridge", "bridge": "auriga0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$run/addresses",
            "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON

# A control group of its own tells which processes are this cluster's; version 1 has one tree for each controller.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then trees=(/sys/fs/cgroup); else trees=(/sys/fs/cgroup/*); fi
for tree in "${trees[@]}"; do mkdir -p "$tree/auriga-test"; done

# imageGCHighThresholdPercent: on a full disk kubelet would remove images that nobody can pull again.
# makeIPTablesUtilChains: kube-proxy uses nftables, and kubelet's own chains would stay behind.
cat >"$run/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $run/pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /auriga-test
failCgroupV1: false
failSwapOn: false
clusterDNS: [$node_ip]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix://$run/containerd/containerd.sock
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
makeIPTablesUtilChains: false
maxPods: 200
podLogsDir: $run/podlogs
tlsCertFile: $run/pki/kubelet.crt
tlsPrivateKeyFile: $run/pki/kubelet.key
volumePluginDir: $run/volumeplugins
YAML

cat >"$run/Corefile" <<COREFILE
. {
  bind $node_ip
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $run/admin.kubeconfig
  }
}
COREFILE
