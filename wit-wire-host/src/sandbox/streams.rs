//! A guest's standard streams. What it writes goes to the run that its store serves.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::environment::CurrentEnvironment;
use super::output::Stream;

/// The standard streams of an instance. Cheap to clone; clones are the same streams.
#[derive(Clone)]
pub(super) struct StandardStreams(Arc<Inner>);

struct Inner {
    current: CurrentEnvironment,
    /// How often the guest opened a stream, and how often it closed one.
    opened: AtomicU64,
    closed: AtomicU64,
}

impl StandardStreams {
    /// What is written belongs to the run that is `current` then.
    pub(super) fn new(current: CurrentEnvironment) -> Self {
        Self(Arc::new(Inner {
            current,
            opened: AtomicU64::new(0),
            closed: AtomicU64::new(0),
        }))
    }

    /// At its end from the start. It is here because its handles are counted, too.
    pub(super) fn stdin(&self) -> impl StdinStream + 'static {
        Input(self.clone())
    }

    pub(super) fn stdout(&self) -> impl StdoutStream + 'static {
        One(Stream::Stdout, self.clone())
    }

    pub(super) fn stderr(&self) -> impl StdoutStream + 'static {
        One(Stream::Stderr, self.clone())
    }

    /// How often the guest opened a stream, and how often it closed one.
    pub(super) fn handles(&self) -> (u64, u64) {
        (self.0.opened.load(Relaxed), self.0.closed.load(Relaxed))
    }

    fn opens(&self) {
        self.0.opened.fetch_add(1, Relaxed);
    }

    fn closes(&self) {
        self.0.closed.fetch_add(1, Relaxed);
    }
}

/// One of them, as WASI has it.
#[derive(Clone)]
struct One(Stream, StandardStreams);

impl One {
    fn open(&self) -> Handle {
        self.1.opens();
        Handle(self.clone())
    }

    fn push(&self, bytes: &[u8]) {
        if let Some(run) = self.1.0.current.get() {
            run.write(self.0, bytes);
        }
    }
}

/// A guest's handle to a stream.
struct Handle(One);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.1.closes();
    }
}

impl IsTerminal for One {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for One {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.open())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.open())
    }
}

impl OutputStream for Handle {
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
impl Pollable for Handle {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Handle {
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

/// Standard input, as WASI has it.
struct Input(StandardStreams);

/// A guest's handle to it.
struct InputHandle(StandardStreams);

impl Drop for InputHandle {
    fn drop(&mut self) {
        self.0.closes();
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Input {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        self.0.opens();
        Box::new(InputHandle(self.0.clone()))
    }
}

impl InputStream for InputHandle {
    fn read(&mut self, _: usize) -> StreamResult<Bytes> {
        Err(StreamError::Closed)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for InputHandle {
    async fn ready(&mut self) {}
}
