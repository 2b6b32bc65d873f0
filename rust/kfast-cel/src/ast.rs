//! The tree of an expression, macros expanded.

use std::sync::Arc;

/// Names a node of one expression: an index into tables of positions, types and overloads.
pub(crate) type Id = u32;

/// The name under which a comprehension holds its result.
pub(crate) const ACCUMULATOR: &str = "@result";

/// One node.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Stands where the text was wrong.
    Error,
    Literal(Literal),
    Ident(Arc<str>),
    /// A property; `test` asks only whether it is there.
    Select {
        operand: Box<Expr>,
        field: Arc<str>,
        test: bool,
    },
    Call {
        function: Arc<str>,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    List(Vec<Item>),
    Map(Vec<Entry>),
    Struct {
        name: Arc<str>,
        fields: Vec<Field>,
    },
    Fold(Box<Fold>),
}

/// A constant of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) id: Id,
    pub(crate) name: Arc<str>,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// A comprehension: `accumulator` starts as `init` and becomes `step` for each item of `range`, while `condition` holds.
#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub(crate) range: Expr,
    pub(crate) variable: Arc<str>,
    /// The second variable: of `variable`s that are keys or indices, the value.
    pub(crate) second: Option<Arc<str>>,
    pub(crate) accumulator: Arc<str>,
    pub(crate) init: Expr,
    pub(crate) condition: Expr,
    pub(crate) step: Expr,
    pub(crate) result: Expr,
}

impl Fold {
    /// Whether nothing is repeated: the accumulator is a name for `init` within `result`.
    pub(crate) fn is_bind(&self) -> bool {
        let empty = matches!(&self.range.kind, Kind::List(items) if items.is_empty());
        empty && matches!(self.condition.kind, Kind::Literal(Literal::Bool(false)))
    }
}

impl Expr {
    /// The dotted name, if that is all the node is.
    pub(crate) fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.to_string()),
            Kind::Select {
                operand,
                field,
                test: false,
            } => Some(format!("{}.{field}", operand.qualified_name()?)),
            _ => None,
        }
    }

    pub(crate) fn as_ident(&self) -> Option<&Arc<str>> {
        match &self.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }
}

/// A parsed expression and where its nodes are.
#[derive(Debug)]
pub(crate) struct Ast {
    pub(crate) root: Expr,
    /// By [`Id`].
    pub(crate) positions: Vec<u32>,
}
