//! Tests.
mod link;
