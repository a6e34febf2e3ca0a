//! How much memory this process may still take, as the container it runs in has it.

use std::{fs, path::Path};

/// Where the kernel shows a container its own limits.
const CONTROL_GROUP: &str = "/sys/fs/cgroup";

/// Bytes that are left of the container's memory; `None` outside of one, or in one without a limit.
///
/// What this process holds already, such as the rows, is not left any more.
pub(crate) fn room() -> Option<u64> {
    let limit = limit(Path::new(CONTROL_GROUP))?;
    Some(limit.saturating_sub(auriga_serve::resident_bytes()))
}

/// The limit by version 2 of control groups, else by version 1. A group without one says `max`, or a number of
/// exbibytes that no machine has.
fn limit(group: &Path) -> Option<u64> {
    const NO_LIMIT: u64 = 1 << 60;
    ["memory.max", "memory/memory.limit_in_bytes"]
        .into_iter()
        .find_map(|file| fs::read_to_string(group.join(file)).ok())
        .and_then(|text| text.trim().parse().ok())
        .filter(|limit| *limit < NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::limit;

    #[test]
    fn the_limit_of_a_container_is_read_by_either_version_of_control_groups() {
        let check = |file: &str, text: &str, expected: Option<u64>| {
            let group = tempfile::tempdir().unwrap();
            let file = group.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
            assert_eq!(limit(group.path()), expected, "{text}");
        };
        check("memory.max", "268435456\n", Some(256 << 20));
        check("memory.max", "max\n", None);
        check("memory/memory.limit_in_bytes", "1048576\n", Some(1 << 20));
        check("memory/memory.limit_in_bytes", "9223372036854771712\n", None);
        check("elsewhere", "1", None);
    }
}
