//! Services and the controllers of pods: by whose selectors pods without spread constraints are spread.

use super::LabelKeys;
use crate::SchedulerError;
use crate::model::{Labels, OwnerKind, PodClass};
use foldhash::HashMap;
use kfast_core::Object;
use kfast_selector::{LabelSelector, Requirement};
use serde_json::Value;
use std::collections::BTreeMap;

/// Selectors by namespace.
#[derive(Debug, Default)]
pub struct Owners {
    namespaces: HashMap<Box<str>, Namespace>,
}

#[derive(Debug, Default)]
struct Namespace {
    services: BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>,
    controllers: HashMap<(OwnerKind, Box<str>), LabelSelector>,
    version: u64,
}

impl Owners {
    /// Adds or replaces a Service; its selector's keys join the watched ones. Returns whether anything changed.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_service(
        &mut self,
        service: &Object,
        keys: &mut LabelKeys,
    ) -> Result<bool, SchedulerError> {
        let selector = spec_selector("Service", service)?;
        let Some(selector) = selector.filter(|s| !s.is_null()) else {
            // A Service without a selector selects nothing.
            return Ok(self.remove_service(service.namespace(), service.name()));
        };
        let selector: BTreeMap<Box<str>, Box<str>> = serde_json::from_value(selector)
            .map_err(|e| SchedulerError::malformed("Service", service, &e))?;
        selector.keys().for_each(|key| keys.watch_key(key));
        let namespace = self.namespace(service.namespace());
        let changed = namespace.services.get(service.name()) != Some(&selector);
        if changed {
            namespace.services.insert(service.name().into(), selector);
            namespace.version += 1;
        }
        Ok(changed)
    }

    /// Removes a Service. Returns whether it was there.
    pub fn remove_service(&mut self, namespace: &str, name: &str) -> bool {
        let namespace = self.namespace(namespace);
        let there = namespace.services.remove(name).is_some();
        namespace.version += u64::from(there);
        there
    }

    /// Adds or replaces a controller; its selector's keys join the watched ones. Returns whether anything changed.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_controller(
        &mut self,
        kind: OwnerKind,
        controller: &Object,
        keys: &mut LabelKeys,
    ) -> Result<bool, SchedulerError> {
        let malformed =
            |e: &dyn std::fmt::Display| SchedulerError::malformed(kind.name(), controller, e);
        let value = spec_selector(kind.name(), controller)?;
        let selector = match (kind, value) {
            (OwnerKind::ReplicationController, Some(Value::Object(map))) => {
                let labels = map
                    .iter()
                    .map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default()));
                LabelSelector::from_map(labels)
            }
            (OwnerKind::ReplicationController, _) => LabelSelector::everything(),
            (_, value) => LabelSelector::from_value(value.as_ref()).map_err(|e| malformed(&e))?,
        };
        keys.watch(&selector);
        let namespace = self.namespace(controller.namespace());
        let key = (kind, controller.name().into());
        let changed = namespace.controllers.get(&key) != Some(&selector);
        if changed {
            namespace.controllers.insert(key, selector);
            namespace.version += 1;
        }
        Ok(changed)
    }

    /// Removes a controller. Returns whether it was there.
    pub fn remove_controller(&mut self, kind: OwnerKind, namespace: &str, name: &str) -> bool {
        let namespace = self.namespace(namespace);
        let there = namespace.controllers.remove(&(kind, name.into())).is_some();
        namespace.version += u64::from(there);
        there
    }

    /// Another number after every change of what `selector_for` says of classes of the namespace.
    #[must_use]
    pub fn version(&self, namespace: &str) -> u64 {
        self.namespaces.get(namespace).map_or(0, |n| n.version)
    }

    /// The conjunction of the selectors of the Services that select pods of the class and of its controller;
    /// `None` if that selects everything.
    #[must_use]
    pub fn selector_for(&self, class: &PodClass) -> Option<LabelSelector> {
        let namespace = self.namespaces.get(&*class.namespace)?;
        let mut merged: BTreeMap<&str, &str> = BTreeMap::new();
        for selector in namespace.services.values() {
            if selector
                .iter()
                .all(|(k, v)| label(&class.labels, k) == Some(&**v))
            {
                merged.extend(selector.iter().map(|(k, v)| (k.as_ref(), v.as_ref())));
            }
        }
        let equals = |(key, value)| Requirement::equals_unchecked(key, value);
        let controller = class.controller.as_ref();
        let selected = controller.and_then(|c| namespace.controllers.get(c).map(|s| (c.0, s)));
        let mut requirements: Vec<Requirement> = merged.into_iter().map(equals).collect();
        match selected {
            Some((OwnerKind::ReplicationController, selector)) => {
                // Its labels take the place of equal keys of Services.
                let own = selector.requirements();
                requirements.retain(|r| own.iter().all(|o| o.key() != r.key()));
                requirements.extend_from_slice(own);
            }
            Some((_, selector)) if !selector.is_nothing() => {
                for requirement in selector.requirements() {
                    if !requirements.contains(requirement) {
                        requirements.push(requirement.clone());
                    }
                }
            }
            _ => {}
        }
        (!requirements.is_empty()).then(|| LabelSelector::new(requirements))
    }

    fn namespace(&mut self, name: &str) -> &mut Namespace {
        if !self.namespaces.contains_key(name) {
            self.namespaces.insert(name.into(), Namespace::default());
        }
        self.namespaces.entry(name.into()).or_default()
    }
}

fn label<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    let at = labels.binary_search_by(|(k, _)| k.as_ref().cmp(key));
    at.ok().map(|at| &*labels[at].1)
}

fn spec_selector(kind: &'static str, object: &Object) -> Result<Option<Value>, SchedulerError> {
    #[derive(serde::Deserialize)]
    struct Raw {
        spec: Option<Spec>,
    }
    #[derive(serde::Deserialize)]
    struct Spec {
        selector: Option<Value>,
    }
    let raw: Raw = serde_json::from_slice(object.slim())
        .map_err(|e| SchedulerError::malformed(kind, object, &e))?;
    Ok(raw.spec.and_then(|s| s.selector))
}
