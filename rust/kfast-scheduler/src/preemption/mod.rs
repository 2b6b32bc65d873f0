//! DefaultPreemption's machinery: which pods must go so that a pod fits that fits nowhere.

mod budgets;
mod candidates;
mod cost;
mod dry_run;
mod nominator;
mod running;
mod verdicts;

pub use budgets::Budgets;
pub use candidates::{
    CandidateStates, Found, Limits, Preemptor, Surroundings, all_candidates, find_from_scratch,
};
pub use cost::Cost;
pub use dry_run::{Check, DryRun, Victims, check_with_nominated, dry_run};
pub use nominator::{Nomination, Nominator};
pub use running::Running;
pub use verdicts::NominatedVerdicts;
