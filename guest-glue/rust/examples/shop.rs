//! Functions of a shop: typed input and output, a hostcall, and an op with data.

#![allow(
    missing_docs,
    clippy::indexing_slicing,
    reason = "an example, which also shows how a panic is reported"
)]

use serde::{Deserialize, Serialize};
use wit_wire_guest::{Context, Error, Ops, Result};

#[derive(Deserialize)]
struct Item {
    sku: String,
    quantity: u32,
}

#[derive(Serialize)]
struct Receipt {
    lines: usize,
    total: f64,
}

fn total(items: Vec<Item>, context: &Context) -> Result<Receipt> {
    let mut total = 0.0;
    for item in &items {
        if item.quantity == 0 {
            return Err(Error::new(format!("none of `{}` ordered", item.sku)));
        }
        let price: f64 = context.hostcall("price", &item.sku)?;
        total += price * f64::from(item.quantity);
    }
    Ok(Receipt {
        lines: items.len(),
        total,
    })
}

#[derive(Deserialize)]
struct Discount {
    percent: f64,
}

/// The discount is the op's data: `--data '{"percent": 10}'`.
fn discount(discount: Discount) -> Result<impl Fn(f64, &Context) -> Result<f64>> {
    let Discount { percent } = discount;
    if !(0.0..=100.0).contains(&percent) {
        return Err(Error::new(format!("a discount of {percent} %")));
    }
    Ok(move |price: f64, _: &Context| Ok(price * (100.0 - percent) / 100.0))
}

fn ops(ops: &mut Ops) {
    ops.function("greet", |name: String| {
        eprintln!("{name} comes in");
        Ok(format!("Hello, {name}!"))
    });
    ops.function("nth", |(items, n): (Vec<String>, usize)| {
        Ok(items[n].clone())
    });
    ops.with_context("total", total);
    ops.with_data("discount", discount);
}

wit_wire_guest::export!(ops);
