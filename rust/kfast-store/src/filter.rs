//! Selectable fields of a resource, and selectors resolved against them.

use crate::event::Version;
use crate::{Result, StoreError};
use kfast_core::Object;
use kfast_core::path::Paths;
use kfast_selector::{FieldRequirement, FieldSelector, LabelSelector};
use std::sync::Arc;

/// A selectable field beside `metadata.name` and `metadata.namespace`, which every resource has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What selectors call it.
    pub label: Box<str>,
    /// Where it is, dotted; of several, divided by `|`, the first that has a value.
    pub path: Box<str>,
    /// Its value where absent.
    pub default: Box<str>,
}

/// The declared fields of one resource.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) declared: Box<[Field]>,
    defaults: Box<[Arc<str>]>,
    paths: Paths,
    /// Of each path, its field and its rank among the field's paths.
    owners: Box<[(usize, usize)]>,
}

impl Fields {
    pub(crate) fn new(declared: &[Field]) -> Self {
        let declared: Box<[Field]> = declared
            .iter()
            .filter(|f| !matches!(f.label.as_ref(), "metadata.name" | "metadata.namespace"))
            .cloned()
            .collect();
        let ranked = |(field, f): (usize, &'_ Field)| -> Vec<(usize, usize)> {
            (0..f.path.split('|').count())
                .map(|rank| (field, rank))
                .collect()
        };
        Self {
            defaults: declared.iter().map(|f| f.default.as_ref().into()).collect(),
            paths: Paths::new(declared.iter().flat_map(|f| f.path.split('|'))),
            owners: declared.iter().enumerate().flat_map(ranked).collect(),
            declared,
        }
    }

    /// The object with its field values.
    pub(crate) fn version(&self, object: Object) -> Version {
        let mut values = self.defaults.to_vec();
        let alternatives = self.owners.len() > values.len();
        let mut ranks = vec![usize::MAX; if alternatives { values.len() } else { 0 }];
        self.paths.read(object.slim(), |i, text| {
            let (field, rank) = self.owners[i];
            // An empty value is an absent one to the decoder that applies defaults.
            if text.is_empty() || (alternatives && ranks[field] < rank) {
                return;
            }
            values[field] = text.as_ref().into();
            if alternatives {
                ranks[field] = rank;
            }
        });
        Version {
            object,
            fields: values.into(),
        }
    }

    fn resolve(&self, label: &str) -> Result<Source> {
        match label {
            "metadata.name" => Ok(Source::Name),
            "metadata.namespace" => Ok(Source::Namespace),
            _ => self
                .declared
                .iter()
                .position(|f| f.label.as_ref() == label)
                .map(Source::Field)
                .ok_or_else(|| StoreError::UnknownField(label.to_owned())),
        }
    }
}

/// Where a field requirement reads its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Name,
    Namespace,
    Field(usize),
}

/// A namespace and selectors, resolved against the fields of a resource.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) namespace: Option<Box<str>>,
    pub(crate) labels: LabelSelector,
    terms: Vec<(Source, FieldRequirement)>,
}

impl Filter {
    /// # Errors
    /// `UnknownField`.
    pub(crate) fn new(
        fields: &Fields,
        namespace: Option<&str>,
        labels: &LabelSelector,
        selector: &FieldSelector,
    ) -> Result<Self> {
        let terms = selector
            .requirements()
            .iter()
            .map(|term| Ok((fields.resolve(&term.field)?, term.clone())))
            .collect::<Result<Vec<_>>>()?;
        let mut filter = Self {
            namespace: namespace.map(Into::into),
            labels: labels.clone(),
            terms,
        };
        if filter.namespace.is_none() {
            filter.namespace = filter.equal_to(Source::Namespace).map(Into::into);
        }
        Ok(filter)
    }

    /// Whether every object of the namespace passes.
    pub(crate) fn selects_all(&self) -> bool {
        self.labels.is_empty() && self.terms.is_empty()
    }

    /// The one name that passes, if the selector says so.
    pub(crate) fn name(&self) -> Option<&str> {
        self.equal_to(Source::Name)
    }

    /// The declared fields that must equal a value.
    pub(crate) fn equalities(&self) -> impl Iterator<Item = (usize, &str)> {
        self.terms.iter().filter_map(|(source, term)| match source {
            Source::Field(i) if is_equality(term) => Some((*i, term.value.as_ref())),
            _ => None,
        })
    }

    fn equal_to(&self, wanted: Source) -> Option<&str> {
        self.terms
            .iter()
            .find(|(source, term)| *source == wanted && is_equality(term))
            .map(|(_, term)| term.value.as_ref())
    }

    pub(crate) fn matches(&self, version: &Version) -> bool {
        let object = &version.object;
        self.namespace
            .as_deref()
            .is_none_or(|ns| ns == object.namespace())
            && self.terms.iter().all(|(source, term)| {
                term.accepts(match source {
                    Source::Name => object.name(),
                    Source::Namespace => object.namespace(),
                    Source::Field(i) => version.fields.get(*i).map_or("", AsRef::as_ref),
                })
            })
            && self.labels.matches(object.labels())
    }
}

fn is_equality(term: &FieldRequirement) -> bool {
    term.operator == kfast_selector::FieldOperator::Equals
}
