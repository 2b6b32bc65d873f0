//! Which images are on how many nodes.

use crate::model::Image;
use std::collections::HashMap;

/// Sizes and spread of all images.
#[derive(Debug, Default)]
pub struct Images {
    /// Name -> (size as first reported, number of nodes).
    states: HashMap<String, (i64, u32)>,
    version: u64,
}

impl Images {
    pub(super) fn add(&mut self, images: &[Image]) {
        for image in images {
            for name in &image.names {
                let state = self.states.entry(name.clone()).or_insert((image.size, 0));
                state.1 += 1;
                self.version += 1;
            }
        }
    }

    pub(super) fn remove(&mut self, images: &[Image]) {
        for name in images.iter().flat_map(|i| &i.names) {
            self.version += 1;
            if let Some(state) = self.states.get_mut(name) {
                state.1 -= 1;
                if state.1 == 0 {
                    self.states.remove(name);
                }
            }
        }
    }

    pub(super) fn nodes_changed(&mut self) {
        self.version += 1;
    }

    /// Changes with every change of the spread or of the number of nodes.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether any node has the image.
    #[must_use]
    pub fn is_known(&self, name: &str) -> bool {
        self.states.contains_key(name)
    }

    /// `int(size * nodes having it / nodes)`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    pub fn scaled_size(&self, name: &str, nodes: usize) -> i64 {
        self.states.get(name).map_or(0, |&(size, having)| {
            let spread = f64::from(having) / nodes as f64;
            (size as f64 * spread) as i64
        })
    }
}
