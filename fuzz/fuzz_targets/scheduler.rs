//! Any objects as nodes (`N`), pods (`P`), removed pods (`R`) and pods to explain (`E`): a pod lands on a node that is there.
#![no_main]

use kfast_scheduler::{Config, Outcome, Scheduler};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut scheduler) = Scheduler::new(&Config::default(), 1) else {
        return;
    };
    for (now, (tag, object)) in (0..).zip(kfast_fuzz::objects::tagged(data)) {
        match tag {
            b'N' => drop(scheduler.set_node(&object, now)),
            b'P' => drop(scheduler.set_pod(&object, now)),
            b'R' => scheduler.remove_pod(object.uid(), now),
            b'E' => drop(scheduler.evaluate(&object)),
            _ => scheduler.remove_node(object.name()),
        }
        for decision in scheduler.step(now, 4) {
            if let Outcome::Assumed(node) = &decision.outcome {
                assert!(
                    scheduler
                        .cache()
                        .nodes()
                        .any(|(_, entry)| *entry.spec().name == **node)
                );
            }
        }
    }
});
