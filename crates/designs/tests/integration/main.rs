//! Designs, mixtures of them, and the atlas, against other ways to the same numbers.

#![allow(clippy::unwrap_used)]

mod atlas;
mod by_convolution;
mod designs;
