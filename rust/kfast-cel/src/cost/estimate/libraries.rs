//! What calls of library functions may cost.

use super::{CallCost, Estimator, Operands};
use crate::ast::{ACCUMULATOR, Expr, Kind, Literal};
use crate::cost::{AUTHORIZATION, CHARACTER, FORMAT_PATTERN, PATTERN, Range, SizeEstimate};
use crate::types::{Opaque, Type};

impl<'e> Estimator<'e> {
    pub(super) fn list_library(
        &mut self,
        overload: &str,
        operands: &Operands<'e>,
    ) -> Option<CallCost> {
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

    pub(super) fn kubernetes(
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
}

fn literal_int(expr: Option<&Expr>, otherwise: u64) -> u64 {
    match expr.map(|e| &e.kind) {
        Some(Kind::Literal(Literal::Int(number))) => u64::try_from(*number).unwrap_or(0),
        _ => otherwise,
    }
}
