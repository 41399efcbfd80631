//! Bodies, as long as somebody holds them: each has a limit, and all have one together.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a body may have without asking: small requests are answered also where large ones are not.
const SMALL: usize = 64 << 10;

/// Room for all bodies together. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// What a body takes of the room, until it is dropped.
pub(crate) type Place = Option<OwnedSemaphorePermit>;

/// Why a body is not read.
pub(crate) enum Unread {
    TooLarge,
    /// Because of others.
    NoRoom,
    Broken(axum::Error),
}

impl Room {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// The whole body, of `most` bytes at most. It takes room as it comes: who only says that much
    /// will come takes none.
    pub(crate) async fn read(&self, mut body: Body, most: usize) -> Result<(Bytes, Place), Unread> {
        let mut whole = Vec::new();
        let mut place = None;
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else {
                continue;
            };
            let length = whole.len() + data.len();
            if length > most {
                return Err(Unread::TooLarge);
            }
            self.enlarge(&mut place, length).ok_or(Unread::NoRoom)?;
            if length > whole.capacity() {
                // Not twice as much, as vectors like to grow.
                whole.reserve_exact(data.len().max(SMALL));
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.into(), place))
    }

    /// The response, which keeps its place until it has been sent; nothing, if there is no room.
    pub(crate) fn hold(&self, response: Response) -> Option<Response> {
        let length = response.body().size_hint().lower();
        let mut place = None;
        self.enlarge(&mut place, usize::try_from(length).ok()?)?;
        Some(response.map(|body| match place {
            Some(place) => Body::new(Held {
                body,
                place: Arc::new(place),
            }),
            None => body,
        }))
    }

    /// Makes `place` enough for a body of `length` bytes.
    fn enlarge(&self, place: &mut Place, length: usize) -> Option<()> {
        let taken = place.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = length.saturating_sub(SMALL).saturating_sub(taken);
        if missing == 0 {
            return Some(());
        }
        let missing = u32::try_from(missing).ok()?;
        let more = self.0.clone().try_acquire_many_owned(missing).ok()?;
        match place {
            Some(place) => place.merge(more),
            None => *place = Some(more),
        }
        Some(())
    }
}

/// The body of a response. What has left it and is still to be sent keeps the place, too.
struct Held {
    body: Body,
    place: Arc<OwnedSemaphorePermit>,
}

struct Data {
    bytes: Bytes,
    _place: Arc<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Data {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let held = |bytes| {
            Bytes::from_owner(Data {
                bytes,
                _place: self.place.clone(),
            })
        };
        frame.map_ok(|frame| frame.map_data(held))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
