#!/usr/bin/env bash
# Makes the certificates and one kubeconfig for each client: pki.sh RUN NODE_IP
set -euo pipefail
run=$1 node_ip=$2
mkdir -p "$run/pki"
cd "$run/pki"

# Elliptic curves: RSA keys would take longer to make than etcd to start.
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${new_key[@]}" -keyout ca.key -out ca.crt -days 365 -subj /CN=auriga-test-ca 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out sa.key 2>/dev/null
openssl pkey -in sa.key -pubout -out sa.pub

certificate() { # name subject subjectAltName
  openssl req "${new_key[@]}" -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out "$1.crt" \
    -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth' "$3") 2>/dev/null
}

kubeconfig() { # name; the certificates stand in it, so that it can be copied
  local server=https://127.0.0.1:6443
  cat >"$run/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: auriga-test, cluster: {server: "$server", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
contexts: [{name: auriga-test, context: {cluster: auriga-test, user: $1}}]
current-context: auriga-test
YAML
}

services="DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost"
certificate apiserver /CN=kube-apiserver "$services,IP:127.0.0.1,IP:10.96.0.1,IP:$node_ip"
certificate kubelet /O=system:nodes/CN=system:node:node1 "DNS:node1,IP:127.0.0.1,IP:$node_ip"
certificate admin /O=system:masters/CN=admin DNS:admin
certificate controller-manager /CN=system:kube-controller-manager DNS:controller-manager
certificate scheduler /CN=system:kube-scheduler DNS:scheduler
certificate proxy /CN=system:kube-proxy DNS:proxy
for name in kubelet admin controller-manager scheduler proxy; do kubeconfig "$name"; done
