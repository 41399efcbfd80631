//! What clients may take.

use std::time::Duration;

/// Limits on connections and requests. The defaults suit calls of some seconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; others wait to be accepted. Default: 1,024, or half of the descriptors
    /// that the process may have.
    pub connections: usize,
    /// From the moment at which a request may begin until its headers are there, and so how long
    /// an idle connection is kept. Default: 5 s.
    pub headers: Duration,
    /// Bytes of a request's first line and headers. Default: 16 KiB.
    pub header_bytes: usize,
    /// Until a request's body is there. Default: 30 s.
    pub body: Duration,
    /// Bytes of a request's body. Default: 4 MiB.
    pub body_bytes: usize,
    /// Bytes of all bodies at once, of requests and of responses that have not been read, not
    /// counting the first 64 KiB of each. Default: 256 MiB.
    pub bodies_bytes: usize,
    /// How long a call and the reading of its response may take once the connection, or the
    /// process, is to end. Default: 15 s.
    pub response: Duration,
    /// After this a connection takes no further request. Default: 1 min.
    pub age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: connections().min(1_024),
            headers: Duration::from_secs(5),
            header_bytes: 16 << 10,
            body: Duration::from_secs(30),
            body_bytes: 4 << 20,
            bodies_bytes: 256 << 20,
            response: Duration::from_secs(15),
            age: Duration::from_secs(60),
        }
    }
}

/// Half of the descriptors, so that accepting does not take those that calls need.
fn connections() -> usize {
    #[cfg(unix)]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let descriptors = limit.current.unwrap_or(u64::MAX);
        usize::try_from(descriptors / 2)
            .unwrap_or(usize::MAX)
            .max(1)
    }
    #[cfg(not(unix))]
    usize::MAX
}
