//! Taints and tolerations.

use super::nullable;
use serde::Deserialize;

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum Effect {
    /// Not placed there.
    NoSchedule,
    /// Not placed there if anything else will do.
    PreferNoSchedule,
    /// Not placed there and evicted.
    NoExecute,
    /// In a toleration: every effect.
    #[default]
    #[serde(rename = "")]
    Any,
}

/// One taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value, may be empty.
    #[serde(default, deserialize_with = "nullable")]
    pub value: String,
    /// Effect.
    #[serde(default, deserialize_with = "nullable")]
    pub effect: Effect,
}

/// One toleration of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Toleration {
    /// Key; empty with `Exists` tolerates every key.
    #[serde(default, deserialize_with = "nullable")]
    pub key: String,
    /// `Equal` (or empty) or `Exists`.
    #[serde(default, deserialize_with = "nullable")]
    pub operator: String,
    /// Value for `Equal`.
    #[serde(default, deserialize_with = "nullable")]
    pub value: String,
    /// `Any` tolerates every effect.
    #[serde(default, deserialize_with = "nullable")]
    pub effect: Effect,
}

impl Toleration {
    /// Whether this toleration covers the taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        (self.effect == Effect::Any || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && match self.operator.as_str() {
                "" | "Equal" => self.value == taint.value,
                "Exists" => true,
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_by_key_value_and_effect() {
        let taint: Taint =
            serde_json::from_str(r#"{"key":"k","value":"v","effect":"NoSchedule"}"#).unwrap();
        for (toleration, expected) in [
            (r#"{"operator":"Exists"}"#, true),
            (
                r#"{"key":"k","operator":"Exists","effect":"NoExecute"}"#,
                false,
            ),
            (r#"{"key":"k","value":"v","effect":"NoSchedule"}"#, true),
            (r#"{"key":"k","value":"w"}"#, false),
            (r#"{"key":"j","operator":"Exists"}"#, false),
            (r#"{"key":"k","operator":"Lt","value":"v"}"#, false),
        ] {
            let toleration: Toleration = serde_json::from_str(toleration).unwrap();
            assert_eq!(toleration.tolerates(&taint), expected, "{toleration:?}");
        }
    }
}
