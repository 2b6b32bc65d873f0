//! Small pods as canonical bytes.

use serde_json::json;
use std::collections::BTreeMap;

/// A pod to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `spec.nodeName`; empty: absent.
    pub node: String,
}

impl Pod {
    /// A pod without labels on no node.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            ..Self::default()
        }
    }

    /// With a label more.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// On a node.
    #[must_use]
    pub fn on(mut self, node: &str) -> Self {
        self.node = node.into();
        self
    }

    /// Canonical JSON without resourceVersion. Pods with the same label keys have managers of the same fields.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let labels: BTreeMap<_, _> = self
            .labels
            .keys()
            .map(|k| (format!("f:{k}"), json!({})))
            .collect();
        let containers = json!({"k:{\"name\":\"main\"}": {".": {}, "f:image": {}, "f:name": {}}});
        let owned =
            json!({"f:metadata": {"f:labels": labels}, "f:spec": {"f:containers": containers}});
        let managed =
            json!([{"manager": self.name, "fieldsV1": owned}, {"manager": "none", "fieldsV1": {}}]);
        let metadata = json!({
            "name": self.name, "namespace": self.namespace, "labels": self.labels, "managedFields": managed,
        });
        let spec = match self.node.as_str() {
            "" => json!({}),
            node => json!({ "nodeName": node }),
        };
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{metadata},\"spec\":{spec}}}"
        )
        .into_bytes()
    }
}
