//! Integration tests of networks that compute on superposed features.
#![allow(clippy::unwrap_used)]
