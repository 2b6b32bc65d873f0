//! `x-kubernetes-validations`: the rules in the schemas of custom resources.
//!
//! [`check`] judges the rules of a definition; [`Rules`] are compiled once for a structure and judge its objects.

mod declare;
mod definition;
mod evaluate;
mod rules;

pub use definition::check;
pub use evaluate::BUDGET;
pub use rules::Rules;
