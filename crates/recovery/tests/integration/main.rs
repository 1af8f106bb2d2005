//! Integration tests.
mod scratch;
mod scratch2;
