//! The chart: times as bars.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figure::Figure;

const WIDTH: u32 = 1000;
/// Pixels for a bar, with the space to the next one.
const ROW: u32 = 22;

/// Draws the medians of what was measured in microseconds, on a logarithmic scale.
pub(crate) fn draw(path: &Path, figures: &[Figure]) -> Result<()> {
    let times: Vec<_> = figures
        .iter()
        .filter(|figure| figure.values.unit == "us" && figure.values.median > 0.0)
        .collect();
    let medians = || times.iter().map(|figure| figure.values.median);
    // Whole decades, and room for the last bar's own figure.
    let least = 10_f64.powf(medians().fold(1.0, f64::min).log10().floor());
    let most = medians().fold(1.0, f64::max) * 10.0;
    let rows = times.len();

    let height = (rows as u32 + 3) * ROW;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(ROW / 2)
        .x_label_area_size(2 * ROW)
        .y_label_area_size(220)
        .build_cartesian_2d((least..most).log_scale(), 0.0..rows as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(TRANSPARENT)
        .x_desc("median, µs")
        .label_style(("sans-serif", 15))
        .x_label_formatter(&|value| value.to_string())
        .draw()?;
    let text = ("sans-serif", 15).into_font();
    let left = text.clone().into_text_style(&root);
    let right = left.pos(Pos::new(HPos::Right, VPos::Center));
    let left = left.pos(Pos::new(HPos::Left, VPos::Center));
    // From the top.
    for (row, figure) in (0..rows).rev().zip(&times) {
        let (at, median) = (row as f64, figure.values.median);
        chart.draw_series([Rectangle::new(
            [(least, at + 0.2), (median, at + 0.8)],
            BLUE.mix(0.6).filled(),
        )])?;
        let middle = at + 0.5;
        let label = |x, shift, text: String, style: &TextStyle<'static>| {
            EmptyElement::at((x, middle)) + Text::new(text, (shift, 0), style.clone())
        };
        chart.draw_series([label(median, 6, format!("{median:.1}"), &left)])?;
        chart.draw_series([label(least, -8, figure.name.clone(), &right)])?;
    }
    root.present()?;
    Ok(())
}
