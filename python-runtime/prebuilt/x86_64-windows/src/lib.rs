//! Data for the build script of `python-runtime`, which embeds it: CPython, compiled ahead of time
//! for one platform. Nothing here is to be used directly. `cargo xtask verify`, in the workspace of
//! `python-runtime`, compiles the same again and compares.
