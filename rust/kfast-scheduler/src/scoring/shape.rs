//! A score as a broken line over utilisation.

use super::resources::percent;
use crate::framework::MAX_NODE_SCORE;
use serde::Deserialize;

/// One point of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct ShapePoint {
    /// Used percentage.
    #[serde(default)]
    pub utilization: i64,
    /// Score from 0 to 10.
    #[serde(default)]
    pub score: i64,
}

/// Points by rising utilisation; level before the first and behind the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Shape(pub Vec<ShapePoint>);

impl Shape {
    /// The score (0..=100) of a use of `used` out of `capacity`; overuse counts as full.
    #[must_use]
    pub fn of_share(&self, used: i64, capacity: i64) -> i64 {
        if capacity == 0 || used > capacity {
            return self.at(MAX_NODE_SCORE);
        }
        self.at(percent(used, capacity))
    }

    fn at(&self, utilization: i64) -> i64 {
        let scaled = |p: ShapePoint| p.score * (MAX_NODE_SCORE / 10);
        let Some(next) = self.0.iter().position(|p| utilization <= p.utilization) else {
            return self.0.last().copied().map_or(0, scaled);
        };
        let right = self.0[next];
        let Some(&left) = next.checked_sub(1).and_then(|at| self.0.get(at)) else {
            return scaled(right);
        };
        let run = (right.utilization - left.utilization).max(1);
        scaled(left) + (scaled(right) - scaled(left)) * (utilization - left.utilization) / run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_linear_between_points_and_level_outside() {
        let point = |utilization, score| ShapePoint { utilization, score };
        let shape = Shape(vec![point(20, 10), point(60, 0), point(80, 5)]);
        for (used, expected) in [(0, 100), (20, 100), (30, 75), (60, 0), (70, 25), (99, 50)] {
            assert_eq!(shape.of_share(used, 100), expected, "{used} %");
        }
        assert_eq!(shape.of_share(5, 0), 50);
        assert_eq!(Shape::default().of_share(1, 2), 0);
    }
}
