//! What the functions of the language itself cost.

use super::super::{CHARACTER, PATTERN, Range, SizeEstimate, compares, scaled};
use super::{CallCost, Estimator, Operands};
use crate::ast::Expr;

impl<'e> Estimator<'e> {
    /// The size of a value handed to a function.
    pub(super) fn given(&mut self, expr: Option<&Expr>) -> SizeEstimate {
        expr.map_or(Range::UNKNOWN, |e| self.size_or_unknown(e))
    }

    pub(super) fn overload(
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
            compared if compared == "equals" || compares(compared) => {
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
