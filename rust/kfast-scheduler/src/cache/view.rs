//! One row of the cache as plugins see it.

use super::volumes::{RowVolumes, Volumes};
use super::{Cache, NodeIndex};
use crate::model::{HostPort, NodeSpec, ResourceId};

/// A node's row: what it is and what is on it.
#[derive(Clone, Copy)]
pub struct NodeView<'a> {
    cache: &'a Cache,
    spec: &'a NodeSpec,
    index: NodeIndex,
}

impl<'a> NodeView<'a> {
    pub(super) fn new(cache: &'a Cache, spec: &'a NodeSpec, index: NodeIndex) -> Self {
        Self { cache, spec, index }
    }

    /// The node's row.
    #[must_use]
    pub fn index(&self) -> NodeIndex {
        self.index
    }

    /// The node's object.
    #[must_use]
    pub fn spec(&self) -> &'a NodeSpec {
        self.spec
    }

    /// The name of a resource.
    #[must_use]
    pub fn resource_name(&self, id: ResourceId) -> &'a str {
        self.cache.resources.name(id)
    }

    /// Allocatable amount of a resource.
    #[must_use]
    pub fn allocatable(&self, id: ResourceId) -> i64 {
        self.cache.columns().allocatable(id, self.index)
    }

    /// Requested amount of a resource.
    #[must_use]
    pub fn requested(&self, id: ResourceId) -> i64 {
        self.cache.columns().requested(id, self.index)
    }

    /// Requested (cpu, memory) with defaults.
    #[must_use]
    pub fn nonzero_requested(&self) -> (i64, i64) {
        self.cache.columns().nonzero_requested(self.index)
    }

    /// Number of pods on the node.
    #[must_use]
    pub fn pods(&self) -> i64 {
        self.cache.columns().pods(self.index).0
    }

    /// Number of pods the node takes.
    #[must_use]
    pub fn allowed_pods(&self) -> i64 {
        self.cache.columns().pods(self.index).1
    }

    /// Host ports in use.
    #[must_use]
    pub fn host_ports(&self) -> &'a [HostPort] {
        self.cache.host_ports(self.index)
    }

    /// Volumes on the node.
    #[must_use]
    pub fn volumes(&self) -> &'a RowVolumes {
        self.cache.volumes().row(self.index)
    }

    /// All of storage.
    #[must_use]
    pub fn storage(&self) -> &'a Volumes {
        self.cache.volumes()
    }

    /// The scaled size of an image, 0 if it is not on the node.
    #[must_use]
    pub fn image_score(&self, image: &str) -> i64 {
        let here = self
            .spec
            .images
            .iter()
            .flat_map(|i| &i.names)
            .any(|n| n == image);
        if here {
            self.cache
                .images()
                .scaled_size(image, self.cache.node_count())
        } else {
            0
        }
    }
}
