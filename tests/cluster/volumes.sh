#!/usr/bin/env bash
# Offers volumes and, as a provisioner would, empties each one whose claim is gone and offers it again: volumes.sh FOLDER
# They are of the kind `local`, not `hostPath`: only there kubelet applies a pod's fsGroup, as real storage does.
set -uo pipefail
# shellcheck source=processes.sh
source "$(dirname "$0")/processes.sh" "$1"

class() { # name binding-mode is-default
  printf -- '---\n{apiVersion: storage.k8s.io/v1, kind: StorageClass, provisioner: kubernetes.io/no-provisioner, '
  printf 'volumeBindingMode: %s, metadata: {name: %s, annotations: {storageclass.kubernetes.io/is-default-class: "%s"}}}\n' \
    "$2" "$1" "$3"
}

volume() { # name class
  mkdir -p "$run/volumes/$1"
  cat <<YAML
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $1}
spec:
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce, ReadWriteMany]
  storageClassName: $2
  local: {path: $run/volumes/$1}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node1]}]}]}}
YAML
}

{
  class standard Immediate true
  for number in {1..100}; do volume "standard-$number" standard; done
  # As most clouds have it: such a claim is bound only once a pod uses it.
  class wait-for-consumer WaitForFirstConsumer false
  for number in {1..20}; do volume "waiting-$number" wait-for-consumer; done
} | kubectl create -f - >/dev/null

empty() { # name
  rm -rf "$run/volumes/${1:?}" && mkdir "$run/volumes/$1"
}

# An API server that comes back from a backup may offer a volume that was used since.
empty_what_is_offered() {
  kubectl get persistentvolumes -o jsonpath='{range .items[?(@.status.phase=="Available")]}{.metadata.name}{"\n"}{end}' |
    while read -r name; do [ -z "$(ls -A "$run/volumes/$name")" ] || empty "$name"; done
}

columns='{.metadata.name} {.status.phase} {.spec.claimRef.uid}{"\n"}'
# A watch ends from time to time, or with an API server that is killed; the next one begins with all volumes again.
while [ -d "$run" ]; do
  declare -A emptied=()
  empty_what_is_offered
  kubectl get persistentvolumes --watch -o jsonpath="$columns" | while read -r name phase claim; do
    # A volume is seen more than once before it is offered again, and by then another claim may have it.
    if [ "$phase" != Released ] || [ -z "$claim" ] || [ "${emptied[$name]:-}" = "$claim" ]; then continue; fi
    emptied[$name]=$claim
    empty "$name"
    kubectl patch persistentvolume "$name" --type=json --patch \
      "[{op: test, path: /spec/claimRef/uid, value: $claim}, {op: remove, path: /spec/claimRef}]"
  done
  sleep 1
done
