//! What has a meaning in a cluster alone: activation, claims, pods.

use serde_json::Value;

use super::Rule;

/// Where a claim is mounted in every pod.
pub(crate) const CLAIM_FOLDER: &str = "/var/lib/auriga/";

pub(crate) fn pinned_names_a_version() -> Rule {
    Rule::new(
        "self.policy != 'Pinned' || has(self.version)",
        "the policy Pinned needs the version to serve; add version, or choose Auto",
        |value| policy(value) != "Pinned" || value.get("version").is_some(),
    )
}

pub(crate) fn auto_names_no_version() -> Rule {
    Rule::new(
        "self.policy != 'Auto' || !has(self.version)",
        "the policy Auto chooses the version itself; remove version, or choose Manual or Pinned",
        |value| policy(value) != "Auto" || value.get("version").is_none(),
    )
    .blames("version")
}

pub(crate) fn claim_holds_the_store() -> Rule {
    Rule::new(
        format!("!has(self.persistentVolumeClaim) || self.uri.matches('^(sqlite|file)://{CLAIM_FOLDER}.+$') || self.uri == 'file:///var/lib/auriga'"),
        "a persistentVolumeClaim is found at /var/lib/auriga; write sqlite:///var/lib/auriga/models.db or \
         file:///var/lib/auriga, or remove the claim",
        |value| {
            let uri = value.get("uri").and_then(Value::as_str).unwrap_or_default();
            let path = uri.strip_prefix("sqlite://").or(uri.strip_prefix("file://"));
            value.get("persistentVolumeClaim").is_none()
                || uri == "file:///var/lib/auriga"
                || path
                    .and_then(|path| path.strip_prefix(CLAIM_FOLDER))
                    .is_some_and(|file| !file.is_empty() && !file.starts_with('\n'))
        },
    )
    .blames("uri")
}

pub(crate) fn claim_takes_one_replica() -> Rule {
    Rule::new(
        "!has(self.persister) || !has(self.persister.persistentVolumeClaim) || self.replicas <= 1",
        "a store on a persistentVolumeClaim serves one replica; for more, keep versions in postgres://",
        |value| {
            value.pointer("/persister/persistentVolumeClaim").is_none()
                || value.get("replicas").and_then(Value::as_i64).unwrap_or(1) <= 1
        },
    )
    .blames("replicas")
}

pub(crate) fn environment_name() -> Rule {
    Rule::new(
        "self.matches('^[A-Za-z_][A-Za-z0-9_]*$') && !self.startsWith('AURIGA_')",
        "use letters, digits and \"_\", not starting with a digit nor with AURIGA_, which is taken",
        |value| {
            let name = value.as_str().unwrap_or_default();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            name.starts_with(|first: char| is_word(first) && !first.is_ascii_digit())
                && name.chars().all(is_word)
                && !name.starts_with("AURIGA_")
        },
    )
}

/// What Kubernetes takes for a quantity, without a sign: nothing that a container asks for is negative.
pub(crate) fn quantities() -> Rule {
    Rule::new(
        "self.all(name, string(self[name]).matches('^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?$'))",
        "a quantity is a number, with a unit if need be, such as 2, 500m or 1Gi",
        |value| {
            let amounts = value.as_object().into_iter().flat_map(|amounts| amounts.values());
            amounts.into_iter().all(|amount| match amount {
                Value::String(text) => is_quantity(text),
                other => is_quantity(&other.to_string()),
            })
        },
    )
}

fn is_quantity(text: &str) -> bool {
    let end = (text.find(|c: char| !c.is_ascii_digit() && c != '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let has_digit = number.contains(|c: char| c.is_ascii_digit());
    let is_unit = match unit.as_bytes() {
        [] | [b'n' | b'u' | b'm' | b'k' | b'M' | b'G' | b'T' | b'P' | b'E'] => true,
        [b'K' | b'M' | b'G' | b'T' | b'P' | b'E', b'i'] => true,
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => {
            (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    has_digit && number.matches('.').count() <= 1 && is_unit
}

pub(crate) fn pod_labels() -> Rule {
    Rule::new(
        "!self.exists(key, key.startsWith('auriga.dev/') || key.startsWith('app.kubernetes.io/') || key == 'pod-template-hash')",
        "labels of auriga.dev/ and app.kubernetes.io/ and pod-template-hash are set by Auriga and Kubernetes; use other keys",
        |value| {
            !keys(value).any(|key| {
                key.starts_with("auriga.dev/")
                    || key.starts_with("app.kubernetes.io/")
                    || key == "pod-template-hash"
            })
        },
    )
}

pub(crate) fn pod_annotations() -> Rule {
    Rule::new(
        "!self.exists(key, key.startsWith('auriga.dev/'))",
        "annotations of auriga.dev/ are set by Auriga itself; use other keys",
        |value| !keys(value).any(|key| key.starts_with("auriga.dev/")),
    )
}

/// Compares with what was before, which only the API server knows: it has no twin for the command line.
pub(crate) fn only_suspend_changes() -> kube::core::Rule {
    kube::core::Rule::new(
        "self.modelRef == oldSelf.modelRef && has(self.fitHash) == has(oldSelf.fitHash) && (!has(self.fitHash) || \
         self.fitHash == oldSelf.fitHash) && has(self.saveIfBetterThan) == has(oldSelf.saveIfBetterThan) && \
         (!has(self.saveIfBetterThan) || self.saveIfBetterThan == oldSelf.saveIfBetterThan)",
    )
    .message("a TrainingJob is one fit: only suspend may change; create another TrainingJob")
}

fn policy(value: &Value) -> &str {
    value.get("policy").and_then(Value::as_str).unwrap_or("Auto")
}

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(|fields| fields.keys())
}
