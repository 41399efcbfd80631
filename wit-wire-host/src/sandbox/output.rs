//! What a guest prints, stored per run and capped.

use std::fmt;
use std::sync::Arc;

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
    /// Whether nothing was written to either stream.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.dropped == [0; 2]
    }

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
}

/// The target of the events.
pub(super) const TARGET: &str = "wit_wire::output";

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

/// What the embedder wants to be told of a run's output.
pub(crate) type OutputSink = Arc<dyn Fn(Stream, &[u8]) + Send + Sync>;

/// What a run wrote so far, and how much more of it is stored.
pub(super) struct RunOutput {
    output: Output,
    /// How many more bytes are stored, of either stream.
    room: [usize; 2],
    /// Is passed what is stored.
    pub(super) sink: Option<OutputSink>,
}

impl RunOutput {
    /// `limit` bytes of each stream will be stored.
    pub(super) fn new(limit: usize, sink: Option<OutputSink>) -> Self {
        Self {
            output: Output::default(),
            room: [limit; 2],
            sink,
        }
    }

    /// What was written since this was last called. It leaves no more room than there was.
    pub(super) fn take(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// Stores what there is room for, and returns that.
    pub(super) fn write<'b>(&mut self, stream: Stream, bytes: &'b [u8]) -> &'b [u8] {
        let Output {
            bytes: stored,
            pieces,
            dropped,
        } = &mut self.output;
        let room = stream.of(&mut self.room);
        // A guest that changes streams at each byte pays for the memory that this takes.
        let is_new = pieces.last().is_some_and(|(latest, _)| *latest != stream);
        if is_new && pieces.len() > FREE_PIECES {
            *room = room.saturating_sub(size_of::<(Stream, usize)>());
        }
        let (keep, drop) = bytes.split_at(bytes.len().min(*room));
        *room -= keep.len();
        *stream.of(dropped) += drop.len() as u64;
        if keep.is_empty() {
            return keep;
        }
        stored.extend_from_slice(keep);
        match pieces.last_mut() {
            Some((latest, length)) if *latest == stream => *length += keep.len(),
            _ => pieces.push((stream, keep.len())),
        }
        keep
    }
}
