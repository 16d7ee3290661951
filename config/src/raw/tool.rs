//! `[[tool]]`: what agents may ask of other servers.

use super::engine::{Headers, keys};
use crate::tool::Method;
use crate::value::{Choice, Line, SecretText};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

keys! {
    /// A tool that is carried out by an HTTP request.
    Tool {
        parameters: toml::Table,
        method: Choice<Method>,
        headers: Headers,
        body: bool,
        timeout: u32,
        say: Line,
        allow_private: bool,
    } and {
        name: Spanned<String>,
        description: Spanned<String>,
        url: Spanned<SecretText>,
    }
}
