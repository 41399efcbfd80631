//! The book, and the README: `cargo test --doc` compiles and runs their examples. It has no code of
//! its own.

/// Chapters, each a module whose documentation is its text.
macro_rules! chapters {
    ($($name:ident: $path:literal,)*) => {
        $(#[cfg(doctest)] #[doc = include_str!($path)] mod $name {})*
    };
}

chapters! {
    readme: "../README.md",
    introduction: "src/introduction.md",
    quick_start: "src/quick-start.md",
    python: "src/python.md",
    files: "src/files.md",
    packages: "src/packages.md",
    state: "src/state.md",
    guests: "src/guests.md",
    security: "src/security.md",
    artifacts: "src/artifacts.md",
    observability: "src/observability.md",
    performance: "src/performance.md",
    operations: "src/operations.md",
    errors: "src/errors.md",
    commands: "src/commands.md",
    protocol: "src/protocol.md",
}
