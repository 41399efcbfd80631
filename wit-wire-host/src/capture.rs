//! What a guest prints, kept per run and capped.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// What a run wrote to one of its output streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The first bytes, up to [`Limits::log`](crate::Limits::log).
    pub bytes: Vec<u8>,
    /// How many bytes came after those and were dropped.
    pub dropped: u64,
}

impl Output {
    /// The bytes as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// One output stream of an instance.
#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    output: Output,
    limit: usize,
    /// How often the guest opened the stream, and how often it closed it.
    opened: u64,
    closed: u64,
}

/// A guest's handle to the stream.
struct Stream(Capture);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.lock().closed += 1;
    }
}

impl Capture {
    /// Forgets what was written and keeps `limit` bytes from now on.
    pub(crate) fn start(&self, limit: usize) {
        let mut kept = self.lock();
        kept.output = Output::default();
        kept.limit = limit;
    }

    /// How often the guest opened the stream, and how often it closed it.
    pub(crate) fn handles(&self) -> (u64, u64) {
        let kept = self.lock();
        (kept.opened, kept.closed)
    }

    fn open(&self) -> Stream {
        self.lock().opened += 1;
        Stream(self.clone())
    }

    pub(crate) fn take(&self) -> Output {
        std::mem::take(&mut self.lock().output)
    }

    fn push(&self, bytes: &[u8]) {
        let mut kept = self.lock();
        let room = kept.limit.saturating_sub(kept.output.bytes.len());
        let (keep, drop) = bytes.split_at(bytes.len().min(room));
        kept.output.bytes.extend_from_slice(keep);
        kept.output.dropped += drop.len() as u64;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.open())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.open())
    }
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.0.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
