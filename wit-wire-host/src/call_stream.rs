//! A call as a stream of what it prints, and then of how it ended.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::call::Call;
use crate::error::CallError;
use crate::receipt::Receipt;
use crate::sandbox::Stream;

/// What happens in a call, as [`CallStream`] tells it.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallEvent<O> {
    /// The guest has written this to one of its streams: whole characters. What is no UTF-8 became
    /// U+FFFD; [`Receipt::output`] has the bytes.
    Output(Stream, String),
    /// The call is over. This is the last event.
    Ended {
        /// What it returned, or why it returned nothing.
        result: Result<O, CallError>,
        /// What it used, and everything it printed.
        receipt: Box<Receipt>,
    },
}

/// A call and what it prints, in order: first [`CallEvent::Output`] any number of times, then
/// [`CallEvent::Ended`] once.
///
/// The call makes progress while the stream is polled. So a consumer that is slow holds it up,
/// though not for longer than its limits on time. What is stored until it is fetched is
/// [`Limits::log`](crate::Limits::log) of each stream at most.
///
/// Dropping the stream cancels the call and ends the instance it ran on.
///
/// ```no_run
/// # async fn example(report: wit_wire_host::Function) {
/// use wit_wire_host::CallEvent;
///
/// let mut events = report.call::<_, f64>(&2026).stream();
/// while let Some(event) = events.next().await {
///     match event {
///         CallEvent::Output(_stream, text) => print!("{text}"),
///         CallEvent::Ended { result, .. } => println!("the total: {result:?}"),
///         _ => {}
///     }
/// }
/// # }
/// ```
#[must_use = "a call does nothing until its stream is polled"]
pub struct CallStream<'f, O> {
    state: State<'f, O>,
    pieces: UnboundedReceiver<(Stream, Vec<u8>)>,
    stdout: Unfinished,
    stderr: Unfinished,
}

enum State<'f, O> {
    Runs(BoxFuture<'f, (Result<O, CallError>, Receipt)>),
    Ended(Result<O, CallError>, Box<Receipt>),
    Told,
}

impl<'f, O: Send + 'static> Call<'f, O> {
    /// The call as a stream of what it prints, and of its result. Instead of
    /// [`on_output`](Self::on_output), which is no longer told of anything.
    pub fn stream(self) -> CallStream<'f, O> {
        let (sender, pieces) = unbounded_channel();
        let call = self.on_output(move |stream, bytes| {
            // The receiver is gone if the call is being cancelled.
            let _ = sender.send((stream, bytes.to_vec()));
        });
        CallStream {
            state: State::Runs(Box::pin(call.with_receipt())),
            pieces,
            stdout: Unfinished::default(),
            stderr: Unfinished::default(),
        }
    }
}

impl<O: Send + 'static> CallStream<'_, O> {
    /// The next event; `None` after the last one. Cancel safe: the call stays where it is.
    pub async fn next(&mut self) -> Option<CallEvent<O>> {
        poll_fn(|cx| futures_util::Stream::poll_next(Pin::new(self), cx)).await
    }

    /// The next text among what the call has printed.
    fn text(&mut self, (stream, bytes): (Stream, Vec<u8>)) -> Option<CallEvent<O>> {
        let text = self.unfinished(stream).add(bytes);
        (!text.is_empty()).then_some(CallEvent::Output(stream, text))
    }

    fn unfinished(&mut self, stream: Stream) -> &mut Unfinished {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// The next text that is there already.
    fn stored(&mut self) -> Option<CallEvent<O>> {
        while let Ok(piece) = self.pieces.try_recv() {
            if let Some(text) = self.text(piece) {
                return Some(text);
            }
        }
        None
    }

    /// What comes after all that was stored.
    fn end(&mut self) -> Option<CallEvent<O>> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if let Some(text) = self.unfinished(stream).end() {
                return Some(CallEvent::Output(stream, text));
            }
        }
        match mem::replace(&mut self.state, State::Told) {
            State::Ended(result, receipt) => Some(CallEvent::Ended { result, receipt }),
            _ => None,
        }
    }
}

impl<O: Send + 'static> futures_util::Stream for CallStream<'_, O> {
    type Item = CallEvent<O>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let stream = &mut *self;
        // Before the call goes on: so that no more is stored than it prints at once.
        if let Some(text) = stream.stored() {
            return Poll::Ready(Some(text));
        }
        if let State::Runs(call) = &mut stream.state {
            if let Poll::Ready((result, receipt)) = call.as_mut().poll(cx) {
                let receipt = Box::new(receipt);
                stream.state = State::Ended(result, receipt);
            }
            if let Some(text) = stream.stored() {
                return Poll::Ready(Some(text));
            }
        }
        if let State::Runs(_) = stream.state {
            // Guests also print while others drive them.
            while let Some(piece) = ready!(stream.pieces.poll_recv(cx)) {
                if let Some(text) = stream.text(piece) {
                    return Poll::Ready(Some(text));
                }
            }
            return Poll::Pending;
        }
        Poll::Ready(stream.end())
    }
}

/// None of it is pinned where it is.
impl<O> Unpin for CallStream<'_, O> {}

impl<O> fmt::Debug for CallStream<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Runs(_) => "runs",
            State::Ended(..) => "ended",
            State::Told => "told",
        };
        f.debug_struct("CallStream")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

/// The beginning of a character whose end was not yet written.
#[derive(Default)]
struct Unfinished(Vec<u8>);

impl Unfinished {
    /// The whole characters up to here.
    fn add(&mut self, bytes: Vec<u8>) -> String {
        let mut all = mem::take(&mut self.0);
        all.extend(bytes);
        self.0 = all.split_off(all.len().saturating_sub(unfinished(&all)));
        String::from_utf8_lossy(&all).into_owned()
    }

    /// What is left, if anything.
    fn end(&mut self) -> Option<String> {
        let left = mem::take(&mut self.0);
        (!left.is_empty()).then(|| String::from_utf8_lossy(&left).into_owned())
    }
}

/// How many of the last bytes are a character that goes on.
fn unfinished(bytes: &[u8]) -> usize {
    for (before, byte) in (1..4).zip(bytes.iter().rev()) {
        let length = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > before { before } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_characters_are_put_together() {
        for text in ["plain", "é", "a€b", "𝄞𝄞", "é€𝄞z"] {
            for size in 1..=text.len() {
                let mut unfinished = Unfinished::default();
                let pieces = text.as_bytes().chunks(size);
                let whole: String = pieces.map(|piece| unfinished.add(piece.to_vec())).collect();
                assert_eq!(
                    (whole.as_str(), unfinished.end()),
                    (text, None),
                    "by {size}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_text_holds_nothing_up() {
        for (pieces, texts, left) in [
            (&[&b"a\xff"[..], b"b"][..], &["a\u{fffd}", "b"][..], None),
            (
                &[b"\x80\x80\x80\x80"],
                &["\u{fffd}".repeat(4).as_str()],
                None,
            ),
            (&[b"\xe2\x82", b"x"], &["", "\u{fffd}x"], None),
            (&[b"\xe2", b"\x82"], &["", ""], Some("\u{fffd}")),
        ] {
            let mut unfinished = Unfinished::default();
            let said: Vec<_> = pieces
                .iter()
                .map(|piece| unfinished.add(piece.to_vec()))
                .collect();
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!((said, unfinished.end().as_deref()), (texts, left));
        }
    }
}
