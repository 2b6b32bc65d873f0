//! Functions: their overloads' types and what computes them.

use crate::library;
use crate::types::Type;
use crate::value::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// No overload takes values of these types.
    NoOverload,
    /// The expression went wrong; `||` and `&&` may not care.
    Error(String),
    /// The budget is spent.
    Budget,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Error(message.to_owned())
    }
}

/// The longest text in bytes, and the longest list, that one call makes. Upstream has no such bounds: it joins lists without
/// copying, and a budget of cost bounds time, not memory.
pub(crate) const LONGEST_TEXT: usize = 64 << 20;
pub(crate) const LONGEST_LIST: usize = 4 << 20;

/// Refuses what would take too much memory.
pub(crate) fn bounded(size: usize, limit: usize) -> Result<(), Failure> {
    if size > limit {
        return Err(format!("a value of size {size} exceeds {limit}").into());
    }
    Ok(())
}

pub(crate) type Outcome<'a> = Result<Value<'a>, Failure>;

/// What computes a function; it may take its arguments apart.
pub(crate) type Implementation = for<'a> fn(&mut [Value<'a>]) -> Outcome<'a>;

/// A function as a library writes it: name, overloads as `id: target.(types) -> type`, implementation. Capital letters
/// are type variables.
pub(crate) type Function = (&'static str, &'static [&'static str], Implementation);

/// A function's declaration.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) overloads: Vec<Overload>,
    pub(crate) call: Implementation,
}

/// One signature of a function.
#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) id: &'static str,
    /// Whether the first argument stands before the function's name.
    pub(crate) member: bool,
    pub(crate) args: Vec<Type>,
    pub(crate) result: Type,
    /// How many type variables there are.
    pub(crate) params: u32,
}

static ALL: LazyLock<HashMap<&'static str, Declaration>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Declaration> = HashMap::new();
    for (name, overloads, call) in library::FUNCTIONS.iter().copied().flatten() {
        let overloads = overloads.iter().map(|text| overload(text));
        let declaration = Declaration {
            name,
            overloads: overloads.collect(),
            call: *call,
        };
        let before = all.insert(name, declaration);
        debug_assert!(before.is_none(), "{name} is declared twice");
    }
    all
});

/// The function of a name.
pub(crate) fn named(name: &str) -> Option<&'static Declaration> {
    ALL.get(name)
}

fn overload(text: &'static str) -> Overload {
    let (id, signature) = text.split_once(": ").unwrap_or((text, ""));
    let mut reader = Reader {
        rest: signature,
        params: Vec::new(),
    };
    let mut args = Vec::new();
    let member = !signature.starts_with('(');
    if member {
        args.push(reader.ty());
        reader.skip(".");
    }
    reader.skip("(");
    while !reader.rest.starts_with(')') {
        args.push(reader.ty());
        reader.skip(", ");
    }
    reader.skip(") -> ");
    let result = reader.ty();
    debug_assert!(reader.rest.is_empty(), "{text}");
    Overload {
        id,
        member,
        args,
        result,
        params: u32::try_from(reader.params.len()).unwrap_or(0),
    }
}

/// Reads types in a signature.
struct Reader {
    rest: &'static str,
    params: Vec<&'static str>,
}

impl Reader {
    fn skip(&mut self, text: &str) {
        self.rest = self.rest.strip_prefix(text).unwrap_or(self.rest);
    }

    fn ty(&mut self) -> Type {
        let end = self
            .rest
            .find(['(', ')', ',', '.'])
            .unwrap_or(self.rest.len());
        let (mut name, mut rest) = self.rest.split_at(end);
        // Names of library types have dots; the dot before a parenthesis ends the target.
        while rest.starts_with('.') && !rest.starts_with(".(") {
            let more = rest[1..]
                .find(['(', ')', ',', '.'])
                .map_or(rest.len(), |at| at + 1);
            name = &self.rest[..name.len() + more];
            rest = &rest[more..];
        }
        self.rest = rest;
        if name.len() == 1 {
            let known = self.params.iter().position(|p| *p == name);
            let number = known.unwrap_or_else(|| {
                self.params.push(name);
                self.params.len() - 1
            });
            return Type::Param(u32::try_from(number).unwrap_or(0));
        }
        match name {
            "dyn" => Type::Dyn,
            "duration" => Type::Duration,
            "timestamp" => Type::Timestamp,
            "list" | "optional" | "map" | "type" => {
                self.skip("(");
                let first = self.ty();
                let made = match name {
                    "list" => Type::list(first),
                    "optional" => Type::optional(first),
                    "type" => Type::Type(Some(first.into())),
                    _ => {
                        self.skip(", ");
                        Type::map(first, self.ty())
                    }
                };
                self.skip(")");
                made
            }
            name => Type::named(name).unwrap_or(Type::Error),
        }
    }
}
