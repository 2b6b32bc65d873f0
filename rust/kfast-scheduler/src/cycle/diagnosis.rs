//! Why a pod fits nowhere, in upstream's words.

use crate::framework::{Code, Reason, Rejection};
use crate::model::ResourceNames;
use std::collections::BTreeMap;

/// Rejections counted by node.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// Number of nodes in the cluster.
    pub total: usize,
    /// The verdict of a PreFilter plugin on all nodes.
    pub pre_filter: Option<Rejection>,
    /// Distinct rejections with the number of nodes.
    pub rejections: Vec<(Rejection, usize)>,
}

impl Diagnosis {
    /// Plugins that rejected the pod on some node.
    #[must_use]
    pub fn plugins(&self) -> Vec<&'static str> {
        let mut plugins: Vec<_> = self
            .pre_filter
            .iter()
            .chain(self.rejections.iter().map(|(r, _)| r))
            .map(|r| r.plugin)
            .collect();
        plugins.sort_unstable();
        plugins.dedup();
        plugins
    }

    /// What went wrong in a plugin: nothing is known of the pod then.
    #[must_use]
    pub fn error(&self, names: &ResourceNames) -> Option<String> {
        let failed = |r: &&Rejection| r.code == Code::Error;
        let texts = |r: &Rejection| -> Vec<_> { r.reasons.iter().map(|x| x.text(names)).collect() };
        if let Some(r) = self.pre_filter.as_ref().filter(failed) {
            let text = texts(r).join(", ");
            return Some(format!("running PreFilter plugin \"{}\": {text}", r.plugin));
        }
        let r = self.rejections.iter().map(|(r, _)| r).find(failed)?;
        let text = texts(r).join(", ");
        Some(format!("running \"{}\" filter plugin: {text}", r.plugin))
    }

    /// Number of nodes on which removing pods might help.
    #[must_use]
    pub fn unschedulable(&self) -> usize {
        match &self.pre_filter {
            Some(r) if r.code == Code::Unschedulable => self.total,
            Some(_) => 0,
            None => self
                .rejections
                .iter()
                .filter(|(r, _)| r.code == Code::Unschedulable)
                .map(|(_, count)| count)
                .sum(),
        }
    }

    /// `0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s). ...`;
    /// counts are sorted as text.
    #[must_use]
    pub fn message(&self, names: &ResourceNames, post_filter: &str) -> String {
        if self.total == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let mut message = format!("0/{} nodes are available:", self.total);
        if let Some(rejection) = &self.pre_filter {
            let texts: Vec<_> = rejection.reasons.iter().map(|r| r.text(names)).collect();
            message.push_str(&format!(" {}.", texts.join(", ")));
        } else {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for (rejection, count) in &self.rejections {
                for reason in &rejection.reasons {
                    *counts.entry(Reason::text(reason, names)).or_default() += count;
                }
            }
            let mut texts: Vec<_> = counts
                .into_iter()
                .map(|(r, n)| format!("{n} {r}"))
                .collect();
            texts.sort();
            message.push_str(&format!(" {}.", texts.join(", ")));
        }
        if !post_filter.is_empty() {
            message.push(' ');
            message.push_str(post_filter);
        }
        message
    }
}
