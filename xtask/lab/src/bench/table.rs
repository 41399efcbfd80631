//! The table on the terminal: figures, then ratios.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::figure::Figure;
use super::ratio::{Bound, RATIOS};

pub(crate) fn print(figures: &[Figure]) {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header(["", "unit", "median", "p99", "p99.9", "n"]);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for Figure { name, values } in figures {
        table.add_row([
            name.clone(),
            values.unit.clone(),
            digits(values.median),
            digits(values.p99),
            digits(values.p999),
            values.n.to_string(),
        ]);
    }
    table.add_row([""]);
    for ratio in &RATIOS {
        let (sign, bound) = match ratio.bound {
            Bound::AtLeast(bound) => (">=", bound),
            Bound::AtMost(bound) => ("<=", bound),
        };
        let value = ratio.of(figures);
        let verdict = match value.map(|value| ratio.bound.holds(value)) {
            Some(true) => "holds",
            Some(false) => "FAILS",
            None => "not measured",
        };
        table.add_row([
            format!("{} / {}", ratio.over, ratio.under),
            format!("{sign} {bound}"),
            value.map_or_else(String::new, digits),
            verdict.to_owned(),
        ]);
    }
    println!("{table}");
}

/// Three digits that count, and all before the point.
fn digits(value: f64) -> String {
    let places = match value.abs() {
        0.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.places$}")
}
