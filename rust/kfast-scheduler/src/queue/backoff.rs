//! How long a failed pod waits.

use super::{SECOND, Time};

/// Waiting times: `podInitialBackoffSeconds` and `podMaxBackoffSeconds`, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure; doubles with each further one.
    pub initial: Time,
    /// The longest; 0 turns waiting off.
    pub max: Time,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: SECOND,
            max: 10 * SECOND,
        }
    }
}

impl Backoff {
    /// `min(max, initial << (failures - 1))`.
    #[must_use]
    pub fn after(self, failures: u32) -> Time {
        let doublings = failures.saturating_sub(1).min(62);
        if self.initial > self.max >> doublings {
            self.max
        } else {
            self.initial << doublings
        }
    }
}

/// Backoffs end in windows of a whole second, so that pods ending together are ordered by rank.
#[must_use]
pub fn window(time: Time) -> Time {
    time - time.rem_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest() {
        let seconds: Vec<_> = (1..7)
            .map(|n| Backoff::default().after(n) / SECOND)
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 10, 10]);
        assert_eq!(Backoff::default().after(u32::MAX), 10 * SECOND);
        let odd = Backoff { initial: 3, max: 2 };
        assert_eq!(odd.after(1), 2);
        assert_eq!(Backoff { initial: 5, max: 0 }.after(4), 0);
    }
}
