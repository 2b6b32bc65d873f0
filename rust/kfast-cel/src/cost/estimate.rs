//! What an expression may cost, from how large the values it reads may be. Upstream refuses rules of CRDs by these
//! numbers, so they are its, to the unit.

use super::{
    AUTHORIZATION, CHARACTER, CostEstimate, FORMAT_PATTERN, PATTERN, Range, SizeEstimate, scaled,
};
use crate::ast::{ACCUMULATOR, Expr, Fold, Id, Kind, Literal};
use crate::checker::Checked;
use crate::types::{Opaque, Type};
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

    /// The size of a value handed to a function.
    fn given(&mut self, expr: Option<&Expr>) -> SizeEstimate {
        expr.map_or(Range::UNKNOWN, |e| self.size_or_unknown(e))
    }

    fn overload(
        &mut self,
        expr: &Expr,
        function: &str,
        overload: &str,
        operands: &Operands<'e>,
    ) -> CallCost {
        if let Some(found) = self.list_library(overload, operands) {
            return found;
        }
        if let Some(found) = self.kubernetes(function, overload, operands) {
            return found;
        }
        self.standard(expr, overload, operands)
    }

    fn list_library(&mut self, overload: &str, operands: &Operands<'e>) -> Option<CallCost> {
        let making = |factor: f64, size: SizeEstimate| {
            CallCost::sized(size.scaled(factor).plus(Range::exactly(11)), size)
        };
        let target = operands.target;
        let args = operands.args;
        let squared = |size: SizeEstimate| size.times(size);
        Some(match overload {
            "list_slice" => {
                let longest = self.given(target).max;
                let (start, end) = (
                    literal_int(args.first(), 0),
                    literal_int(args.get(1), longest),
                );
                making(1.0, Range::exactly(end.wrapping_sub(start)))
            }
            "lists_range" => making(1.0, Range::exactly(literal_int(args.first(), u64::MAX))),
            "list_reverse" => making(1.0, self.given(target)),
            #[allow(clippy::cast_precision_loss)] // saturates later
            "list_flatten" | "list_flatten_int" => {
                let depth = if args.is_empty() {
                    1
                } else {
                    literal_int(args.first(), u64::MAX)
                };
                making(depth as f64, self.given(target))
            }
            "list_distinct" => making(2.0, squared(self.given(target))),
            "list_sets_contains_list"
            | "list_sets_intersects_list"
            | "list_sets_equivalent_list" => {
                let factor = if overload == "list_sets_equivalent_list" {
                    2.0
                } else {
                    1.0
                };
                let product = self.given(args.first()).times(self.given(args.get(1)));
                CallCost::of(product.scaled(factor).plus(Range::exactly(1)))
            }
            other if other.ends_with("_sort") || other.ends_with("_sortByAssociatedKeys") => {
                let by_key = other.ends_with("Keys");
                let list = if by_key { args.first() } else { target };
                let texts = other.starts_with("list_string") || other.starts_with("list_bytes");
                let factor = if texts { 2.0 + CHARACTER } else { 2.0 };
                making(factor, squared(self.given(list)))
            }
            _ => return None,
        })
    }

    fn kubernetes(
        &mut self,
        function: &str,
        overload: &str,
        operands: &Operands<'e>,
    ) -> Option<CallCost> {
        let target = operands.target;
        let args = operands.args;
        let one = Range::exactly(1);
        let first = args.first();
        Some(match function {
            "check" => CallCost::of(Range::exactly(AUTHORIZATION)),
            "serviceAccount"
            | "path"
            | "group"
            | "resource"
            | "subresource"
            | "namespace"
            | "name"
            | "allowed"
            | "reason"
            | "error"
            | "errored"
            | "masked"
            | "prefixLength"
            | "family"
            | "isUnspecified"
            | "isLoopback"
            | "isLinkLocalMulticast"
            | "isLinkLocalUnicast"
            | "isGlobalUnicast"
            | "format.named"
            | "sign"
            | "asInteger"
            | "isInteger"
            | "asApproximateFloat"
            | "isGreaterThan"
            | "isLessThan"
            | "compareTo"
            | "add"
            | "sub"
            | "major"
            | "minor"
            | "patch"
            | "getScheme"
            | "getHostname"
            | "getHost"
            | "getPort"
            | "getEscapedPath"
            | "getQuery" => CallCost::of(one),
            "fieldSelector" | "labelSelector" => {
                let size = self.given(first);
                let requirements = size.scaled(0.5).scaled(50.0);
                CallCost::of(
                    Range::exactly(10)
                        .plus(size.scaled(CHARACTER))
                        .plus(requirements),
                )
            }
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
                self.per_item(target?)
            }
            "url" | "jsonpatch.escapeKey" => {
                let size = self.given(first);
                CallCost::sized(size.scaled(CHARACTER), size)
            }
            "lowerAscii" | "upperAscii" | "substring" | "trim" => {
                let size = self.given(Some(target?));
                CallCost::sized(size.scaled(CHARACTER), size)
            }
            "replace" => self.replace(target?, args),
            "split" => {
                let size = self.given(Some(target?));
                let parts = match args.get(1).map(|arg| &arg.kind) {
                    Some(Kind::Literal(Literal::Int(limit))) => limit.cast_unsigned(),
                    _ => size.max,
                };
                CallCost::sized(size.scaled(2.0 * CHARACTER), Range { min: 0, max: parts })
            }
            "join" => self.join(target?, first),
            "find" | "findAll" => {
                let size = self.given(Some(target?));
                let pattern = self.given(first).scaled(PATTERN);
                let cost = size.plus(one).scaled(CHARACTER).times(pattern);
                CallCost::sized(
                    cost,
                    Range {
                        min: 0,
                        max: size.max,
                    },
                )
            }
            "ip" if overload == "cidr_ip" => CallCost::of(one),
            "ip" | "cidr" | "isIP" | "isCIDR" | "quantity" | "isQuantity" | "semver"
            | "isSemver" => CallCost::of(self.given(Some(first?)).scaled(CHARACTER)),
            "ip.isCanonical" => CallCost::of(self.given(first).scaled(2.0 * CHARACTER)),
            "containsIP" | "containsCIDR" => {
                let bytes = Range { min: 4, max: 16 };
                let mut cost = bytes.plus(bytes).scaled(CHARACTER);
                if function == "containsCIDR" {
                    cost = cost.plus(bytes.scaled(CHARACTER)).plus(one);
                }
                if overload.ends_with("_string") {
                    cost = cost.plus(self.given(first).scaled(CHARACTER));
                }
                CallCost::of(cost)
            }
            "validate" => CallCost::of(
                self.given(first)
                    .scaled(CHARACTER)
                    .scaled(FORMAT_PATTERN * PATTERN),
            ),
            "_==_" => self.library_equality(args)?,
            _ => return None,
        })
    }

    fn per_item(&mut self, target: &Expr) -> CallCost {
        let size = self.given(Some(target));
        let Type::List(item) = self.ty(target) else {
            return CallCost::of(size.scaled(CHARACTER));
        };
        let mut each = Range::exactly(1);
        if matches!(**item, Type::String | Type::Bytes) {
            let mut path = self.path(target);
            let known = !path.is_empty() && *path[0] != *ACCUMULATOR;
            path.push("@items".into());
            let item = self
                .declared(&path)
                .filter(|_| known)
                .unwrap_or(Range::UNKNOWN);
            each = each.plus(item.scaled(CHARACTER));
        }
        CallCost::of(size.times(each))
    }

    fn join(&mut self, target: &Expr, separator: Option<&Expr>) -> CallCost {
        let list = self.given(Some(target));
        let mut path = self.path(target);
        let known = !path.is_empty() && *path[0] != *ACCUMULATOR;
        path.push("@items".into());
        let item = self
            .declared(&path)
            .filter(|_| known)
            .unwrap_or(Range::UNKNOWN);
        let mut size = match self.ty(target) {
            Type::List(_) => list.times(item),
            _ => Range::exactly(0),
        };
        if let Some(separator) = separator {
            let between = Range {
                min: list.min.saturating_sub(1),
                max: list.max.saturating_sub(1),
            };
            size = size.plus(self.given(Some(separator)).times(between));
        }
        CallCost::sized(size.scaled(CHARACTER), size)
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )] // saturates
    fn replace(&mut self, target: &Expr, args: &[Expr]) -> CallCost {
        let size = self.given(Some(target));
        let (old, new) = (self.given(args.first()), self.given(args.get(1)));
        let times = |whole: u64, part: u64| (whole as f64 / part as f64).ceil() as u64;
        // An empty text is found before each character and at the end.
        let (most, kept_most) = if old.min == 0 {
            (size.max.saturating_add(1), size.max)
        } else if new.max <= old.min {
            (0, size.max)
        } else {
            (times(size.max, old.min), 0)
        };
        let (least, kept_least) = if old.max == 0 {
            (size.min.saturating_add(1), size.min)
        } else if old.max <= new.min {
            (0, size.min)
        } else {
            (times(size.min, old.max), 0)
        };
        let count = Range {
            min: least,
            max: most,
        };
        let kept = Range {
            min: kept_least,
            max: kept_most,
        };
        CallCost::sized(size.scaled(2.0 * CHARACTER), count.times(new).plus(kept))
    }

    fn library_equality(&mut self, args: &[Expr]) -> Option<CallCost> {
        let (Type::Opaque(left), Type::Opaque(right)) =
            (self.ty(args.first()?), self.ty(args.get(1)?))
        else {
            return None;
        };
        if left != right {
            return None;
        }
        Some(CallCost::of(match left {
            Opaque::NamedFormat => Range { min: 1, max: 64 }.scaled(CHARACTER),
            Opaque::Url => {
                let size = self.size(args.get(1)?).unwrap_or(Range::exactly(1));
                Range {
                    min: 1,
                    max: size.max,
                }
                .scaled(CHARACTER)
            }
            _ => Range::exactly(1),
        }))
    }

    fn standard(&mut self, expr: &Expr, overload: &str, operands: &Operands<'e>) -> CallCost {
        let target = operands.target;
        let args = operands.args;
        let first = args.first();
        match overload {
            "string_format" => CallCost::of(self.given(target).scaled(CHARACTER)),
            "string_to_bytes" => {
                let size = self.given(first);
                let made = Range {
                    min: size.min,
                    max: size.max.wrapping_mul(4),
                };
                CallCost::sized(size.scaled(CHARACTER), made)
            }
            "bytes_to_string" => {
                let size = self.given(first);
                let made = Range {
                    min: size.min / 4,
                    max: size.max,
                };
                CallCost::sized(size.scaled(CHARACTER), made)
            }
            "strings_quote" => {
                let size = self.given(first);
                let made = Range {
                    min: size.min.wrapping_add(2),
                    max: size.max.wrapping_mul(2).wrapping_add(2),
                };
                CallCost::sized(size.scaled(CHARACTER), made)
            }
            "starts_with_string" | "ends_with_string" => {
                CallCost::of(self.given(first).scaled(CHARACTER))
            }
            "in_list" => CallCost::of(self.given(args.get(1)).scaled(1.0)),
            "matches_string" => {
                let text = self.given(target).plus(Range::exactly(1)).scaled(CHARACTER);
                CallCost::of(text.times(self.given(first).scaled(PATTERN)))
            }
            "contains_string" => {
                let text = self.given(target).scaled(CHARACTER);
                CallCost::of(text.times(self.given(first).scaled(CHARACTER)))
            }
            "logical_or" | "logical_and" => CallCost {
                cost: Range {
                    min: operands.costs[0].min,
                    max: operands.costs[0].plus(operands.costs[1]).max,
                },
                whole: true,
                size: None,
            },
            "conditional" => {
                let size = self.given(args.get(1)).union(self.given(args.get(2)));
                if let (Some(yes), Some(no)) = (self.entry(&args[1]), self.entry(&args[2])) {
                    self.set_entry(expr, Some(yes.union(no)));
                }
                let branches = operands.costs[1].union(operands.costs[2]);
                CallCost {
                    cost: operands.costs[0].plus(branches),
                    whole: true,
                    size: Some(size),
                }
            }
            "add_string" | "add_bytes" | "add_list" => {
                let size = self.given(first).plus(self.given(args.get(1)));
                if let (Some(left), Some(right)) = (self.entry(&args[0]), self.entry(&args[1])) {
                    self.set_entry(expr, Some(left.union(right)));
                }
                let cost = if overload == "add_list" {
                    Range::exactly(1)
                } else {
                    size.scaled(CHARACTER)
                };
                CallCost::sized(cost, size)
            }
            "equals"
            | "not_equals"
            | "less_string"
            | "greater_string"
            | "less_equals_string"
            | "greater_equals_string"
            | "less_bytes"
            | "greater_bytes"
            | "less_equals_bytes"
            | "greater_equals_bytes" => {
                let max = self.given(first).max.min(self.given(args.get(1)).max);
                let min = u64::from(max > 0);
                CallCost::of(Range {
                    min: scaled(min, CHARACTER),
                    max: scaled(max, CHARACTER),
                })
            }
            _ => CallCost::of(Range::exactly(1)),
        }
    }
}

fn union_of(sizes: &[SizeEstimate]) -> SizeEstimate {
    let all = sizes.iter().copied().reduce(Range::union);
    all.unwrap_or(Range::exactly(0))
}

fn literal_int(expr: Option<&Expr>, otherwise: u64) -> u64 {
    match expr.map(|e| &e.kind) {
        Some(Kind::Literal(Literal::Int(number))) => u64::try_from(*number).unwrap_or(0),
        _ => otherwise,
    }
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
