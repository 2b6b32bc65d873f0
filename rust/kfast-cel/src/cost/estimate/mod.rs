//! What an expression may cost, from how large the values it reads may be. Upstream refuses rules of CRDs by these
//! numbers, so they are its, to the unit.

mod libraries;
mod standard;

use super::{CostEstimate, Range, SizeEstimate};
use crate::ast::{ACCUMULATOR, Expr, Fold, Id, Kind, Literal};
use crate::checker::Checked;
use crate::types::Type;
use std::collections::HashMap;
use std::sync::Arc;

const NAME: CostEstimate = Range::exactly(1);

/// Estimates an expression's cost.
pub(crate) fn estimate(
    checked: &Checked,
    longest: &dyn Fn(&[&str]) -> Option<u64>,
) -> CostEstimate {
    let mut estimator = Estimator {
        checked,
        longest,
        paths: HashMap::new(),
        sizes: HashMap::new(),
        entries: HashMap::new(),
        variables: Vec::new(),
    };
    estimator.cost(&checked.ast.root)
}

type Path = Vec<Arc<str>>;

/// How large keys and values of a list or map may be.
#[derive(Clone, Copy)]
struct EntrySize {
    is_list: bool,
    key: SizeEstimate,
    value: SizeEstimate,
}

impl EntrySize {
    fn union(self, other: Self) -> Self {
        Self {
            is_list: self.is_list,
            key: self.key.union(other.key),
            value: self.value.union(other.value),
        }
    }
}

/// A variable of a comprehension.
struct Variable {
    name: Arc<str>,
    path: Path,
    size: Option<SizeEstimate>,
    entry: Option<EntrySize>,
}

struct Estimator<'e> {
    checked: &'e Checked,
    longest: &'e dyn Fn(&[&str]) -> Option<u64>,
    paths: HashMap<Id, Path>,
    sizes: HashMap<Id, SizeEstimate>,
    entries: HashMap<Id, EntrySize>,
    variables: Vec<Variable>,
}

/// A call's cost, without its arguments', and its result's size.
struct CallCost {
    cost: CostEstimate,
    /// Costs of the arguments are in `cost` already.
    whole: bool,
    size: Option<SizeEstimate>,
}

impl CallCost {
    fn of(cost: CostEstimate) -> Self {
        Self {
            cost,
            whole: false,
            size: None,
        }
    }

    fn sized(cost: CostEstimate, size: SizeEstimate) -> Self {
        Self {
            size: Some(size),
            ..Self::of(cost)
        }
    }
}

/// A call's operands.
struct Operands<'e> {
    target: Option<&'e Expr>,
    args: &'e [Expr],
    costs: Vec<CostEstimate>,
}

impl<'e> Estimator<'e> {
    fn ty(&self, expr: &Expr) -> &'e Type {
        &self.checked.types[expr.id as usize]
    }

    fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|v| *v.name == *name)
    }

    fn path(&self, expr: &Expr) -> Path {
        if let Kind::Ident(name) = &expr.kind
            && let Some(variable) = self.variable(name)
        {
            return variable.path.clone();
        }
        self.paths.get(&expr.id).cloned().unwrap_or_default()
    }

    fn extended(&self, expr: &Expr, step: &str) -> Path {
        let mut path = self.path(expr);
        path.push(step.into());
        path
    }

    /// What is declared about the value at a path.
    fn declared(&self, path: &Path) -> Option<SizeEstimate> {
        if path.is_empty() || *path[0] == *ACCUMULATOR {
            return None;
        }
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        Some(Range {
            min: 0,
            max: (self.longest)(&path)?,
        })
    }

    fn size(&mut self, expr: &Expr) -> Option<SizeEstimate> {
        if let Some(size) = self.sizes.get(&expr.id) {
            return Some(*size);
        }
        if let Some(size) = literal_size(expr) {
            return Some(Range::exactly(size));
        }
        // Unlike nodes handed to functions, accumulators keep their paths here; nothing is declared of them.
        if let Some(size) = self.declared(&self.path(expr)) {
            self.sizes.insert(expr.id, size);
            return Some(size);
        }
        if self.ty(expr).is_scalar() {
            return Some(Range::exactly(1));
        }
        match &expr.kind {
            Kind::Ident(name) => self.variable(name)?.size,
            _ => None,
        }
    }

    fn size_or_unknown(&mut self, expr: &Expr) -> SizeEstimate {
        self.size(expr).unwrap_or(Range::UNKNOWN)
    }

    fn set_size(&mut self, expr: &Expr, size: Option<SizeEstimate>) {
        if let Some(size) = size {
            self.sizes.insert(expr.id, size);
        }
    }

    fn entry(&self, expr: &Expr) -> Option<EntrySize> {
        if let Some(entry) = self.entries.get(&expr.id) {
            return Some(*entry);
        }
        match &expr.kind {
            Kind::Ident(name) => self.variable(name)?.entry,
            _ => None,
        }
    }

    fn set_entry(&mut self, expr: &Expr, entry: Option<EntrySize>) {
        if let Some(entry) = entry {
            self.entries.insert(expr.id, entry);
        }
    }

    fn cost(&mut self, expr: &'e Expr) -> CostEstimate {
        match &expr.kind {
            Kind::Error | Kind::Literal(_) => Range::exactly(0),
            Kind::Ident(name) => {
                let path = match self.variable(name) {
                    Some(variable) => variable.path.clone(),
                    None => vec![name.clone()],
                };
                self.paths.insert(expr.id, path);
                NAME
            }
            Kind::Select {
                operand,
                field,
                test,
            } => {
                let cost = self.cost(operand);
                if *test {
                    return cost;
                }
                self.paths.insert(expr.id, self.extended(operand, field));
                match self.ty(operand) {
                    Type::Map(_) | Type::Object(_) | Type::Param(_) => cost.plus(NAME),
                    Type::Opaque(opaque) if opaque.is_struct() => cost.plus(NAME),
                    _ => cost,
                }
            }
            Kind::Call {
                function,
                target,
                args,
            } => self.call(expr, function, target.as_deref(), args),
            Kind::List(items) => {
                let mut sum = Range::exactly(10);
                let mut sizes = Vec::new();
                for item in items {
                    sum = sum.plus(self.cost(&item.value));
                    sizes.push(self.size_or_unknown(&item.value));
                }
                let entry = EntrySize {
                    is_list: true,
                    key: Range::exactly(1),
                    value: union_of(&sizes),
                };
                self.set_entry(expr, Some(entry));
                sum
            }
            Kind::Map(entries) => {
                let mut sum = Range::exactly(30);
                let (mut keys, mut values) = (Vec::new(), Vec::new());
                for entry in entries {
                    sum = sum
                        .plus(self.cost(&entry.key))
                        .plus(self.cost(&entry.value));
                    keys.push(self.size_or_unknown(&entry.key));
                    values.push(self.size_or_unknown(&entry.value));
                }
                let entry = EntrySize {
                    is_list: false,
                    key: union_of(&keys),
                    value: union_of(&values),
                };
                self.set_entry(expr, Some(entry));
                sum
            }
            Kind::Struct { fields, .. } => fields.iter().fold(Range::exactly(40), |sum, field| {
                sum.plus(self.cost(&field.value))
            }),
            Kind::Fold(fold) if fold.is_bind() => self.bind(expr, fold),
            Kind::Fold(fold) => self.fold(expr, fold),
        }
    }

    fn push(
        &mut self,
        name: &Arc<str>,
        path: Path,
        size: Option<SizeEstimate>,
        entry: Option<EntrySize>,
    ) {
        self.variables.push(Variable {
            name: name.clone(),
            path,
            size,
            entry,
        });
    }

    fn push_accumulator(&mut self, fold: &'e Fold) {
        let (path, entry, size) = (
            self.path(&fold.init),
            self.entry(&fold.init),
            self.size(&fold.init),
        );
        self.push(&fold.accumulator, path, size, entry);
    }

    fn bind(&mut self, expr: &Expr, fold: &'e Fold) -> CostEstimate {
        let sum = self.cost(&fold.range).plus(self.cost(&fold.init));
        self.push_accumulator(fold);
        let sum = sum.plus(self.cost(&fold.result));
        let (size, entry) = (self.size(&fold.result), self.entry(&fold.result));
        self.variables.pop();
        self.set_size(expr, size);
        self.set_entry(expr, entry);
        sum
    }

    fn fold(&mut self, expr: &Expr, fold: &'e Fold) -> CostEstimate {
        let mut sum = self.cost(&fold.range).plus(self.cost(&fold.init));
        self.push_accumulator(fold);
        let before = self.variables.len();
        let entry = self.entry(&fold.range);
        let is_list = entry.map_or(matches!(self.ty(&fold.range), Type::List(_)), |e| e.is_list);
        let (keys, values) = if is_list {
            ("@indices", "@items")
        } else {
            ("@keys", "@values")
        };
        let (key_size, value_size) = (entry.map(|e| e.key), entry.map(|e| e.value));
        let (key_path, value_path) = (
            self.extended(&fold.range, keys),
            self.extended(&fold.range, values),
        );
        match &fold.second {
            Some(second) => {
                self.push(&fold.variable, key_path, key_size, None);
                self.push(second, value_path, value_size, None);
            }
            None if is_list => self.push(&fold.variable, value_path, value_size, None),
            None => self.push(&fold.variable, key_path, key_size, None),
        }
        let condition = self.cost(&fold.condition);
        let step = self.cost(&fold.step);
        self.variables.truncate(before);
        sum = sum.plus(self.cost(&fold.result));
        self.variables.pop();
        let count = self.size_or_unknown(&fold.range);
        sum = sum.plus(count.times(step.plus(condition)));
        match &fold.init.kind {
            Kind::Literal(_) => {
                let size = self.size(&fold.init);
                self.set_size(expr, size);
            }
            Kind::List(_) | Kind::Map(_) => {
                self.set_size(expr, Some(count));
                let entry = self.entry(&fold.step);
                self.set_entry(expr, entry);
            }
            _ => {}
        }
        sum
    }

    fn call(
        &mut self,
        expr: &Expr,
        function: &str,
        target: Option<&'e Expr>,
        args: &'e [Expr],
    ) -> CostEstimate {
        if function == "dyn" {
            let cost = self.cost(&args[0]);
            let (size, entry) = (self.size(&args[0]), self.entry(&args[0]));
            self.set_size(expr, size);
            self.set_entry(expr, entry);
            return cost.plus(Range::exactly(1));
        }
        let costs: Vec<CostEstimate> = args.iter().map(|arg| self.cost(arg)).collect();
        let overloads = &self.checked.overloads[expr.id as usize];
        if overloads.is_empty() {
            return Range::exactly(0);
        }
        let before = target.map_or(Range::exactly(0), |target| self.cost(target));
        let of_args = costs
            .iter()
            .fold(Range::exactly(0), |sum, cost| sum.plus(*cost));
        let operands = Operands {
            target,
            args,
            costs,
        };
        let mut total: Option<CostEstimate> = None;
        let mut size: Option<SizeEstimate> = None;
        for overload in overloads {
            let found = self.overload(expr, function, overload.id, &operands);
            let cost = if found.whole {
                found.cost
            } else {
                found.cost.plus(of_args)
            };
            total = Some(total.map_or(cost, |t| t.union(cost)));
            size = match (size, found.size) {
                (Some(a), Some(b)) => Some(a.union(b)),
                (a, b) => a.or(b),
            };
            let step = match overload.id {
                "index_list" => Some("@items"),
                "index_map" => Some("@values"),
                _ => None,
            };
            if let (Some(step), Some(of)) = (step, args.first()) {
                size = self.entry(of).map(|e| e.value);
                self.paths.insert(expr.id, self.extended(of, step));
            }
            if size.is_none() {
                size = self.size(expr);
            }
        }
        self.set_size(expr, size);
        before.plus(total.unwrap_or(Range::exactly(0)))
    }
}

fn union_of(sizes: &[SizeEstimate]) -> SizeEstimate {
    let all = sizes.iter().copied().reduce(Range::union);
    all.unwrap_or(Range::exactly(0))
}

/// The size of what is written out in the expression.
fn literal_size(expr: &Expr) -> Option<u64> {
    let size = match &expr.kind {
        Kind::Literal(Literal::String(text)) => text.chars().count(),
        Kind::Literal(Literal::Bytes(bytes)) => bytes.len(),
        Kind::Literal(_) => 1,
        Kind::List(items) => items.len(),
        Kind::Map(entries) => entries.len(),
        _ => return None,
    };
    Some(size as u64)
}
