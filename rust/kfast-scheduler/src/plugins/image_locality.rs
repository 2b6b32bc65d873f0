//! ImageLocality: prefers nodes that hold the pod's images already, damped by how few nodes do.

use crate::cache::{Cache, NodeView};
use crate::framework::{MAX_NODE_SCORE, Plugin, PreScored, Score};
use crate::model::PodClass;

const MB: i64 = 1024 * 1024;
const MIN_THRESHOLD: i64 = 23 * MB;
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * MB;

/// The plugin.
pub struct ImageLocality;

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }
}

impl Score for ImageLocality {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreScored {
        if class.images.iter().any(|i| cache.images().is_known(i)) {
            PreScored::Row
        } else {
            PreScored::Zero
        }
    }

    fn version(&self, _: &PodClass, cache: &Cache) -> u64 {
        cache.images().version()
    }

    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let max = MAX_CONTAINER_THRESHOLD.saturating_mul(class.containers.try_into().unwrap_or(1));
        let sum = class
            .images
            .iter()
            .fold(0_i64, |sum, image| {
                sum.saturating_add(node.image_score(image))
            })
            .clamp(MIN_THRESHOLD, max.max(MIN_THRESHOLD + 1));
        let scaled = i128::from(MAX_NODE_SCORE) * i128::from(sum - MIN_THRESHOLD)
            / i128::from(max.max(MIN_THRESHOLD + 1) - MIN_THRESHOLD);
        i64::try_from(scaled).unwrap_or(MAX_NODE_SCORE)
    }
}
