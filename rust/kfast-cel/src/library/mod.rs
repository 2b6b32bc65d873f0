//! What functions compute. One file per library; each lists its functions with their types.

mod addresses;
pub(crate) mod authorization;
mod conversions;
pub(crate) mod format;
pub(crate) mod lists;
pub mod named_format;
pub mod network;
mod operators;
pub(crate) mod optional;
mod quantities;
pub(crate) mod regexes;
pub mod semver;
mod sets;
mod strings;
mod times;
pub mod url;

use crate::functions::Function;

/// The functions of all libraries.
pub(crate) const FUNCTIONS: &[&[Function]] = &[
    operators::FUNCTIONS,
    conversions::FUNCTIONS,
    strings::FUNCTIONS,
    format::FUNCTIONS,
    lists::FUNCTIONS,
    sets::FUNCTIONS,
    times::FUNCTIONS,
    optional::FUNCTIONS,
    regexes::FUNCTIONS,
    url::FUNCTIONS,
    network::FUNCTIONS,
    quantities::FUNCTIONS,
    semver::FUNCTIONS,
    named_format::FUNCTIONS,
    authorization::FUNCTIONS,
];
