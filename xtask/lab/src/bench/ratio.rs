//! Ratios of figures of one run, which hold on any machine.

use super::figure::{self, Figure};

/// One median over another, and what must hold of it.
pub(crate) struct Ratio {
    pub(crate) over: &'static str,
    pub(crate) under: &'static str,
    pub(crate) bound: Bound,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

pub(crate) const RATIOS: [Ratio; 9] = [
    Ratio::new(
        "native.process_per_call",
        "call.per_call.cpu",
        AtLeast(100.0),
    ),
    Ratio::new("native.process_kept", "call.shared", AtLeast(2.0)),
    Ratio::new("wire.echo_1k", "bare.echo_1k", AtMost(1.2)),
    Ratio::new("wire.echo_1k", "wire.echo_1k.unlimited", AtMost(1.1)),
    Ratio::new("start.cached", "native.process_per_call", AtMost(1.0)),
    Ratio::new("call.per_call.cpu", "call.shared", AtMost(12.0)),
    Ratio::new("init", "program.apply", AtLeast(20.0)),
    Ratio::new("park.cpu", "call.per_call.cpu", AtMost(2.0)),
    Ratio::new("session.call.cpu", "call.per_call.cpu", AtMost(2.0)),
];

impl Ratio {
    const fn new(over: &'static str, under: &'static str, bound: Bound) -> Self {
        Self { over, under, bound }
    }

    /// What it is, if both were measured.
    pub(crate) fn of(&self, figures: &[Figure]) -> Option<f64> {
        Some(figure::median(figures, self.over)? / figure::median(figures, self.under)?)
    }
}

impl Bound {
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_within_itself() {
        for (bound, value, holds) in [
            (AtLeast(2.0), 2.0, true),
            (AtLeast(2.0), 1.9, false),
            (AtMost(1.2), 1.2, true),
            (AtMost(1.2), 1.3, false),
            (AtMost(1.2), f64::NAN, false),
        ] {
            assert_eq!(bound.holds(value), holds, "{value}");
        }
    }

    #[test]
    fn a_ratio_needs_both_figures() {
        let line = |name, median| {
            format!(r#"{{"name":"{name}","unit":"us","median":{median},"p99":1,"p99.9":1,"n":1}}"#)
        };
        let ratio = Ratio::new("init", "program.apply", AtLeast(20.0));
        let one = figure::read(&line("init", 30.0)).unwrap_or_default();
        assert_eq!(ratio.of(&one), None);
        let both = format!("{}\n{}", line("init", 30.0), line("program.apply", 2.0));
        let both = figure::read(&both).unwrap_or_default();
        assert_eq!(ratio.of(&both), Some(15.0));
    }
}
