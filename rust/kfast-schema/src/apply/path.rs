//! One step of a path into an object, as managed fields spell it.

use serde_json::Value as Json;
use std::cmp::Ordering;
use std::fmt;

/// A scalar that identifies a list item.
#[derive(Clone, Debug)]
pub enum Leaf {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Another number.
    Double(f64),
    /// Text.
    Text(Box<str>),
}

impl Leaf {
    fn rank(&self) -> u8 {
        match self {
            Self::Double(_) | Self::Int(_) => 0,
            Self::Text(_) => 1,
            Self::Bool(_) => 2,
            Self::Null => 3,
        }
    }

    /// The scalar of a JSON value; `None` for lists and objects.
    #[must_use]
    pub fn of(value: &Json) -> Option<Self> {
        Some(match value {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::String(text) => Self::Text(text.as_str().into()),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => Self::Double(number.as_f64().unwrap_or_default()),
            },
            Json::Array(_) | Json::Object(_) => return None,
        })
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => (*flag).into(),
            Self::Int(number) => (*number).into(),
            Self::Double(number) => (*number).into(),
            Self::Text(text) => (&**text).into(),
        }
    }
}

impl Ord for Leaf {
    fn cmp(&self, other: &Self) -> Ordering {
        #[allow(clippy::cast_precision_loss)] // as upstream compares numbers of two types
        let number = |leaf: &Self| match leaf {
            Self::Int(n) => *n as f64,
            Self::Double(n) => *n,
            _ => 0.0,
        };
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            _ => self
                .rank()
                .cmp(&other.rank())
                .then_with(|| number(self).total_cmp(&number(other))),
        }
    }
}

impl PartialOrd for Leaf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Leaf {}

/// A step from an object or list to one of its members. Ordered as upstream orders managed fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// A property of an object.
    Field(Box<str>),
    /// The item of a list of type map with these keys, sorted by name.
    Key(Box<[(Box<str>, Leaf)]>),
    /// The item of a list of type set that is this.
    Value(Leaf),
    /// The item at a position.
    Index(usize),
}

impl PathElement {
    /// The element a key of FieldsV1 spells: `f:name`, `k:{...}`, `v:...`, `i:0`; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.get(2..)?;
        match text.get(..2)? {
            "f:" => Some(Self::Field(rest.into())),
            "v:" => Some(Self::Value(Leaf::of(&serde_json::from_str(rest).ok()?)?)),
            "i:" => Some(Self::Index(rest.parse().ok()?)),
            "k:" => {
                let Json::Object(keys) = serde_json::from_str(rest).ok()? else {
                    return None;
                };
                let keys: Option<Vec<_>> = keys
                    .into_iter()
                    .map(|(name, value)| Some((name.into(), Leaf::of(&value)?)))
                    .collect();
                Some(Self::keyed(keys?))
            }
            _ => None,
        }
    }

    /// The element of an item with these keys.
    #[must_use]
    pub fn keyed(mut keys: Vec<(Box<str>, Leaf)>) -> Self {
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Key(keys.into())
    }

    /// As `parse` reads it.
    #[must_use]
    pub fn spell(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Value(leaf) => format!("v:{}", leaf.to_json()),
            Self::Index(at) => format!("i:{at}"),
            Self::Key(keys) => {
                let mut out = String::from("k:{");
                for (at, (name, leaf)) in keys.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    let name = Json::from(&**name);
                    out.push_str(&format!("{comma}{name}:{}", leaf.to_json()));
                }
                out.push('}');
                out
            }
        }
    }
}

/// As messages about conflicts show it: `.name`, `[name="c"]`, `[="x"]`, `[0]`.
impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Value(leaf) => write!(f, "[={}]", leaf.to_json()),
            Self::Index(at) => write!(f, "[{at}]"),
            Self::Key(keys) => {
                let keys: Vec<_> = keys
                    .iter()
                    .map(|(name, leaf)| format!("{name}={}", leaf.to_json()))
                    .collect();
                write!(f, "[{}]", keys.join(","))
            }
        }
    }
}
