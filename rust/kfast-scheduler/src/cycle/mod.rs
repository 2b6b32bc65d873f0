//! One scheduling cycle: filter and score by class, incrementally or from scratch, and its messages.

mod class_state;
mod diagnosis;
mod evaluation;
mod placement;
mod prepared;
mod ranking;

pub use class_state::ClassState;
pub use diagnosis::Diagnosis;
pub use evaluation::{Candidates, Evaluation, NodeScores};
pub use placement::Placement;
pub use prepared::{ActiveFilter, ActiveScore, Prepared, ScoreKind};
pub use ranking::Ranking;
