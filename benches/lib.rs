//! Criterion benches of the workspace. `cargo xtask bench` builds what they need and runs them.
