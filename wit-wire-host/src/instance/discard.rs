//! Why an instance is not used again.

use std::fmt;
use std::sync::Arc;

/// Why an instance is not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DiscardReason {
    /// A run ended it: a trap, an exit, a limit, a cancelled call.
    Ended,
    /// Its memory grew beyond what each instance has, and can't shrink.
    Grew,
    /// A mutable global has another value than at rest.
    Global,
    /// It opened or closed handles: streams, pollables and the like.
    Handles,
    /// It reached the limit on calls per instance.
    Calls,
    /// Instances of its component are used once.
    SingleUse,
    /// The system could not report its dirty pages, or not decommit them.
    System,
    /// Its memory is not what it should be after a reset.
    Unclean,
}

impl DiscardReason {
    /// All of them, as labels.
    pub(crate) const LABELS: [&str; 8] = [
        "ended",
        "grew",
        "global",
        "handles",
        "calls",
        "single_use",
        "system",
        "unclean",
    ];

    /// The reason's label in the metric [`DISCARDED`](crate::telemetry::DISCARDED).
    pub fn label(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Grew => "grew",
            Self::Global => "global",
            Self::Handles => "handles",
            Self::Calls => "calls",
            Self::SingleUse => "single_use",
            Self::System => "system",
            Self::Unclean => "unclean",
        }
    }
}

impl fmt::Display for DiscardReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "a run ended the instance",
            Self::Grew => "its memory grew beyond what each instance has",
            Self::Global => "a global changed",
            Self::Handles => "it opened or closed handles",
            Self::Calls => "it reached the limit on calls per instance",
            Self::SingleUse => "its component's instances are single-use",
            Self::System => "the system could not report or decommit its dirty pages",
            Self::Unclean => "its memory is not clean after a reset",
        })
    }
}

/// Why instances of a component are used once.
pub(crate) type Refusal = Arc<str>;

pub(super) fn refusal(error: impl fmt::Display) -> Refusal {
    error.to_string().into()
}
