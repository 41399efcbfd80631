//! Figures, as benches hand them over and as they are kept.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What was measured of one thing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) values: Values,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct Values {
    /// `us`, `bytes`, `1/s` or `x` (a ratio).
    pub(crate) unit: String,
    pub(crate) median: f64,
    pub(crate) p99: f64,
    #[serde(rename = "p99.9")]
    pub(crate) p999: f64,
    /// How many times it was measured, or over how many things it is the mean.
    pub(crate) n: u64,
}

/// Figures of lines of JSON.
pub(crate) fn read(lines: &str) -> Result<Vec<Figure>> {
    let figures = lines.lines().map(serde_json::from_str);
    figures.collect::<Result<_, _>>().context("reading figures")
}

/// All of them by name, and the machine.
pub(crate) fn to_json(figures: &[Figure], machine: Value) -> Value {
    let mut all = Map::new();
    for figure in figures {
        all.insert(figure.name.clone(), json!(figure.values));
    }
    all.insert("machine".to_owned(), machine);
    all.into()
}

/// The median of the figure `name`, if it was measured.
pub(crate) fn median(figures: &[Figure], name: &str) -> Option<f64> {
    let found = figures.iter().find(|figure| figure.name == name);
    found.map(|figure| figure.values.median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_object() {
        let line = r#"{"name":"reset","unit":"us","median":1.5,"p99":2.0,"p99.9":3.0,"n":7}"#;
        let figures = read(line).unwrap_or_default();
        assert_eq!(
            to_json(&figures, json!({"cores": 2})),
            json!({
                "machine": {"cores": 2},
                "reset": {"unit": "us", "median": 1.5, "p99": 2.0, "p99.9": 3.0, "n": 7},
            })
        );
        assert_eq!(median(&figures, "reset"), Some(1.5));
        assert_eq!(median(&figures, "init"), None);
        assert!(read("{}").is_err());
    }
}
