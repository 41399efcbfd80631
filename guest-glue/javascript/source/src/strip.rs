//! Removing the types from TypeScript.

use std::sync::{Arc, Mutex, PoisonError};

use swc_common::SourceMap;
use swc_common::errors::{DiagnosticBuilder, Emitter, Handler};
use swc_common::sync::Lrc;
use swc_ts_fast_strip::{Mode, Options, operate};

use crate::{Error, Kind};

/// Replaces the types in `source` by spaces.
pub(crate) fn strip(file: &str, source: &str, kind: Kind) -> Result<String, Error> {
    let map: Lrc<SourceMap> = Lrc::default();
    let first = First {
        map: map.clone(),
        found: Arc::default(),
    };
    let found = first.found.clone();
    let handler = Handler::with_emitter(true, false, Box::new(first));
    let options = Options {
        module: Some(kind == Kind::Module),
        mode: Mode::StripOnly,
        ..Options::default()
    };
    // Parentheses make an anonymous function an expression; the line feed ends a trailing comment.
    let input = match kind {
        Kind::Expression => format!("({source}\n)"),
        Kind::Script | Kind::Module => source.to_owned(),
    };
    match operate(&map, &handler, input, options) {
        Ok(output) => Ok(match kind {
            Kind::Expression => output
                .code
                .strip_prefix('(')
                .and_then(|code| code.strip_suffix("\n)"))
                .map_or_else(String::new, str::to_owned),
            Kind::Script | Kind::Module => output.code,
        }),
        Err(error) => {
            let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (line, mut column, message) = found.unwrap_or((1, 1, error.message));
            if kind == Kind::Expression && line == 1 {
                column = column.saturating_sub(1).max(1);
            }
            Err(Error {
                file: file.to_owned(),
                line,
                column,
                message,
            })
        }
    }
}

type Found = (usize, usize, String);

/// Records the first error that is reported.
struct First {
    map: Lrc<SourceMap>,
    found: Arc<Mutex<Option<Found>>>,
}

impl Emitter for First {
    fn emit(&mut self, diagnostic: &mut DiagnosticBuilder<'_>) {
        let place = diagnostic.span.primary_span();
        let place = place.map(|span| self.map.lookup_char_pos(span.lo()));
        let (line, column) = place.map_or((1, 1), |place| (place.line, place.col.0 + 1));
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get_or_insert((line, column, diagnostic.message()));
    }
}
