//! One scheduling cycle: filter and score by class, incrementally or from scratch, and its messages.

mod buckets;
mod class_state;
mod diagnosis;
mod evaluation;
mod layout;
mod one_shot;
mod placement;
mod prepared;
mod rejections;
mod sampling;
mod walk;

pub use class_state::ClassState;
pub use diagnosis::Diagnosis;
pub use evaluation::{Candidates, Evaluation, NodeScores};
pub use layout::Layout;
pub use one_shot::OneShot;
pub use placement::Placement;
pub use prepared::{ActiveFilter, ActiveScore, Prepared, ScoreKind};
