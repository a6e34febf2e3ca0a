//! What memory this process uses, as the kernel tells it.

/// Sizes in MiB; 0 where the kernel does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) virtual_size: f64,
}

/// The memory of this process.
pub(crate) fn used() -> Memory {
    // Unlike statm, status counts in kB and so needs no page size, which is not 4 KiB everywhere.
    std::fs::read_to_string("/proc/self/status").map_or_else(|_| Memory::default(), |status| parse(&status))
}

fn parse(status: &str) -> Memory {
    let size = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()
    };
    let mebibytes = |key| size(key).map_or(0.0, |kibibytes| kibibytes / 1024.0);
    Memory {
        resident: mebibytes("VmRSS:"),
        virtual_size: mebibytes("VmSize:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_the_kernels_status() {
        let memory = parse("Name:\tauriga\nVmPeak:\t   9999 kB\nVmSize:\t   4096 kB\nVmRSS:\t   1536 kB\n");
        assert_eq!(
            memory,
            Memory {
                resident: 1.5,
                virtual_size: 4.0
            }
        );
        assert_eq!(parse("VmRSS: many kB"), Memory::default());
    }
}
