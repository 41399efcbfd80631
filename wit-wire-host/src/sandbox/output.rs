//! What a guest prints, stored per run and capped.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::printable::printable;

/// One of a guest's output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    fn of<T>(self, [stdout, stderr]: &mut [T; 2]) -> &mut T {
        match self {
            Self::Stdout => stdout,
            Self::Stderr => stderr,
        }
    }
}

/// What a run wrote to its output streams, in the order it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Output {
    bytes: Vec<u8>,
    /// The stream and the length of each run of bytes.
    pieces: Vec<(Stream, usize)>,
    dropped: [u64; 2],
}

impl Output {
    /// What was written: a piece for each time that the stream changed.
    pub fn pieces(&self) -> impl Iterator<Item = (Stream, &[u8])> {
        self.pieces.iter().scan(0, |start, (stream, length)| {
            let end = *start + length;
            let piece = self.bytes.get(*start..end)?;
            *start = end;
            Some((*stream, piece))
        })
    }

    /// The stored bytes of one stream: its first ones, up to [`Limits::log`](crate::Limits::log).
    pub fn bytes(&self, stream: Stream) -> Vec<u8> {
        let own = self.pieces().filter(|(from, _)| *from == stream);
        own.flat_map(|(_, bytes)| bytes).copied().collect()
    }

    /// The same as a string; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self, stream: Stream) -> String {
        String::from_utf8_lossy(&self.bytes(stream)).into_owned()
    }

    /// How many bytes of a stream were dropped after those.
    pub fn dropped(&self, stream: Stream) -> u64 {
        *stream.of(&mut self.dropped.clone())
    }

    /// Emits its first thousand lines as `tracing` events: stdout at `INFO`, stderr at `WARN`.
    pub(crate) fn trace(&self, op: Option<&str>) {
        let mut lines = 0;
        for (stream, bytes) in self.pieces() {
            for line in String::from_utf8_lossy(bytes).lines() {
                lines += 1;
                if lines > MOST_LINES {
                    tracing::warn!(target: TARGET, op, "[more lines]");
                    return;
                }
                match stream {
                    Stream::Stdout => {
                        tracing::info!(target: TARGET, op, stream = "stdout", "{}", printable(line));
                    }
                    Stream::Stderr => {
                        tracing::warn!(target: TARGET, op, stream = "stderr", "{}", printable(line));
                    }
                }
            }
        }
        let dropped: u64 = self.dropped.iter().sum();
        if dropped > 0 {
            tracing::warn!(target: TARGET, op, "{}", Dropped(dropped));
        }
    }

    fn push(&mut self, stream: Stream, bytes: &[u8], room: &mut [usize; 2]) {
        let room = stream.of(room);
        // A guest that changes streams at each byte pays for the memory that this takes.
        let is_new = self
            .pieces
            .last()
            .is_some_and(|(latest, _)| *latest != stream);
        if is_new && self.pieces.len() > FREE_PIECES {
            *room = room.saturating_sub(size_of::<(Stream, usize)>());
        }
        let (keep, drop) = bytes.split_at(bytes.len().min(*room));
        *room -= keep.len();
        *stream.of(&mut self.dropped) += drop.len() as u64;
        if keep.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(keep);
        match self.pieces.last_mut() {
            Some((latest, length)) if *latest == stream => *length += keep.len(),
            _ => self.pieces.push((stream, keep.len())),
        }
    }
}

/// The target of the events.
const TARGET: &str = "wit_wire::output";

/// Changes of the stream that cost nothing.
const FREE_PIECES: usize = 1_000;

/// Events of one run. The caller waits for them.
const MOST_LINES: usize = 1_000;

struct Dropped(u64);

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} more bytes]", self.0)
    }
}

/// As on a terminal, with a mark where more was written than is stored.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))?;
        match self.dropped.iter().sum() {
            0 => Ok(()),
            dropped => Dropped(dropped).fmt(f),
        }
    }
}

/// The standard streams of an instance. Cheap to clone; clones are the same streams.
#[derive(Clone, Default)]
pub(crate) struct OutputStreams(Arc<Mutex<Buffer>>);

#[derive(Default)]
struct Buffer {
    output: Output,
    /// How many more bytes are stored, of either stream.
    room: [usize; 2],
    /// How often the guest opened a stream, and how often it closed one.
    opened: u64,
    closed: u64,
}

impl OutputStreams {
    /// At its end from the start. It is here because its handles are counted, too.
    pub(crate) fn stdin(&self) -> impl StdinStream + 'static {
        Input(self.clone())
    }

    pub(crate) fn stdout(&self) -> impl StdoutStream + 'static {
        One(Stream::Stdout, self.clone())
    }

    pub(crate) fn stderr(&self) -> impl StdoutStream + 'static {
        One(Stream::Stderr, self.clone())
    }

    /// Forgets what was written to either stream, and stores `limit` bytes of each from now on.
    pub(crate) fn start(&self, limit: usize) {
        let mut buffer = self.lock();
        buffer.output = Output::default();
        buffer.room = [limit; 2];
    }

    /// How often the guest opened a stream, and how often it closed one.
    pub(crate) fn handles(&self) -> (u64, u64) {
        let buffer = self.lock();
        (buffer.opened, buffer.closed)
    }

    /// What was written to both streams.
    pub(crate) fn take(&self) -> Output {
        std::mem::take(&mut self.lock().output)
    }

    fn opens(&self) {
        self.lock().opened += 1;
    }

    fn closes(&self) {
        self.lock().closed += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, as WASI has it.
#[derive(Clone)]
struct One(Stream, OutputStreams);

impl One {
    fn open(&self) -> Handle {
        self.1.opens();
        Handle(self.clone())
    }

    fn push(&self, bytes: &[u8]) {
        let Buffer { output, room, .. } = &mut *self.1.lock();
        output.push(self.0, bytes, room);
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
struct Input(OutputStreams);

/// A guest's handle to it.
struct InputHandle(OutputStreams);

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
