//! What this process holds.

#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Bytes of memory that are its own and present.
    pub(crate) memory: u64,
    /// Open file descriptors.
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

pub(crate) fn held() -> Held {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.unwrap().parse().unwrap()
    };
    Held {
        memory: field("RssAnon:") << 10,
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        threads: field("Threads:") as usize,
    }
}
