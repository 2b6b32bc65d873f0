//! What a preemption costs: candidates are compared by it, the smallest is picked.

use std::cmp::Reverse;

/// The rules in order: PodDisruptionBudgets violated, the highest priority among the victims, the sum of their
/// priorities (each plus 2^31), their number, and how lately the first of those with the highest priority started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Victims whose going violates a budget.
    pub violations: u32,
    highest: i32,
    sum: i64,
    count: u32,
    earliest: Reverse<i64>,
}

impl Cost {
    /// Of victims given by priority and start (nanoseconds; `i64::MAX` for not yet).
    #[must_use]
    pub fn of(violations: u32, victims: impl Iterator<Item = (i32, i64)>) -> Self {
        let mut cost = Self {
            violations,
            highest: i32::MIN,
            sum: 0,
            count: 0,
            earliest: Reverse(i64::MAX),
        };
        for (priority, started) in victims {
            if priority > cost.highest {
                (cost.highest, cost.earliest) = (priority, Reverse(started));
            } else if priority == cost.highest {
                cost.earliest.0 = cost.earliest.0.min(started);
            }
            cost.sum += i64::from(priority) + (1 << 31);
            cost.count += 1;
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_decides_where_those_before_it_tie() {
        let cost =
            |violations, victims: &[(i32, i64)]| Cost::of(violations, victims.iter().copied());
        let ordered = [
            cost(0, &[(1, 70)]),
            cost(0, &[(1, 60)]),
            cost(0, &[(1, 99), (-7, 0)]),
            cost(0, &[(1, 50), (0, 0)]),
            cost(0, &[(1, 90), (1, 80)]),
            cost(0, &[(1, 90), (1, 10)]),
            cost(0, &[(2, 0)]),
            cost(1, &[(0, 0)]),
        ];
        assert!(ordered.is_sorted());
        assert!(cost(0, &[(3, 5), (3, 5)]) == cost(0, &[(3, 5), (3, 9)]));
    }
}
