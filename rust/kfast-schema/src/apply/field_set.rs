//! Sets of fields, and their form in `managedFields`.

use super::PathElement;
use super::fields_v1::Nodes;
use std::cmp::Ordering;

/// A set of paths. A path may be in the set without those below it, and the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Sorted by element; each is in the set itself or has something below it.
    pub(super) nodes: Nodes,
}

/// The paths of a set that begin with one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) element: PathElement,
    /// Whether the path that ends here is in the set.
    pub(super) member: bool,
    pub(super) below: FieldSet,
}

impl Node {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl From<Vec<Node>> for FieldSet {
    fn from(nodes: Vec<Node>) -> Self {
        Self {
            nodes: nodes.into(),
        }
    }
}

impl FieldSet {
    /// Whether there is no path.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a path; the empty one stands for the whole object, which nobody owns.
    pub fn insert(&mut self, path: &[PathElement]) {
        if let [first, rest @ ..] = path {
            let node = self.node(first);
            match rest {
                [] => node.member = true,
                rest => node.below.insert(rest),
            }
        }
    }

    fn node(&mut self, element: &PathElement) -> &mut Node {
        let at = self.find(element).unwrap_or_else(|at| {
            let node = Node {
                element: element.clone(),
                member: false,
                below: Self::default(),
            };
            self.nodes.insert(at, node);
            at
        });
        &mut self.nodes[at]
    }

    fn find(&self, element: &PathElement) -> Result<usize, usize> {
        self.nodes.binary_search_by(|n| n.element.cmp(element))
    }

    /// The set whose paths begin with these elements, which may come in any order, no two the same: whether the path of
    /// the element alone is in it, and what is below.
    #[must_use]
    pub(super) fn collect(elements: Vec<(PathElement, bool, Self)>) -> Self {
        let nodes = elements
            .into_iter()
            .map(|(element, member, below)| Node {
                element,
                member,
                below,
            })
            .filter(|n| !n.is_empty());
        let mut nodes: Vec<_> = nodes.collect();
        nodes.sort_by(|a, b| a.element.cmp(&b.element));
        nodes.into()
    }

    /// The set of these paths of property names.
    #[must_use]
    pub fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<_> = path
                .iter()
                .map(|n| PathElement::Field((*n).into()))
                .collect();
            set.insert(&path);
        }
        set
    }

    /// Whether the path of one element is in the set.
    #[must_use]
    pub fn has(&self, element: &PathElement) -> bool {
        self.find(element).is_ok_and(|at| self.nodes[at].member)
    }

    /// The paths below an element.
    #[must_use]
    pub fn below(&self, element: &PathElement) -> Option<&Self> {
        let at = self.find(element).ok()?;
        let below = &self.nodes[at].below;
        (!below.is_empty()).then_some(below)
    }

    pub(super) fn rebuilt(
        &self,
        mut members: impl FnMut(&PathElement) -> bool,
        mut children: impl FnMut(&PathElement, &Self) -> Self,
    ) -> Self {
        let nodes = self.nodes.iter().map(|node| {
            if node.below.is_empty() {
                return node.clone();
            }
            Node {
                element: node.element.clone(),
                member: node.member || members(&node.element),
                below: children(&node.element, &node.below),
            }
        });
        nodes.filter(|n| !n.is_empty()).collect::<Vec<_>>().into()
    }

    /// Paths in either.
    #[must_use]
    pub fn union(self, other: &Self) -> Self {
        if other.is_empty() {
            return self;
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let mut theirs = other.nodes.iter().peekable();
        for mut ours in self.nodes.into_vec() {
            while let Some(node) = theirs.next_if(|n| n.element < ours.element) {
                nodes.push(node.clone());
            }
            if let Some(node) = theirs.next_if(|n| n.element == ours.element) {
                ours.member |= node.member;
                ours.below = ours.below.union(&node.below);
            }
            nodes.push(ours);
        }
        nodes.extend(theirs.cloned());
        nodes.into()
    }

    /// Pairs of nodes with the same element.
    fn shared<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = (&'s Node, &'s Node)> {
        let (mut ours, mut theirs) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        std::iter::from_fn(move || {
            loop {
                match ours.peek()?.element.cmp(&theirs.peek()?.element) {
                    Ordering::Less => drop(ours.next()),
                    Ordering::Greater => drop(theirs.next()),
                    Ordering::Equal => return Some((ours.next()?, theirs.next()?)),
                }
            }
        })
    }

    /// Paths in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::default();
        }
        let nodes = self.shared(other).map(|(ours, theirs)| Node {
            element: ours.element.clone(),
            member: ours.member && theirs.member,
            below: ours.below.intersection(&theirs.below),
        });
        nodes.filter(|n| !n.is_empty()).collect::<Vec<_>>().into()
    }

    /// Whether a path is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        if self.is_empty() || other.is_empty() {
            return false;
        }
        self.shared(other)
            .any(|(ours, theirs)| (ours.member && theirs.member) || ours.below.meets(&theirs.below))
    }

    /// Paths that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.without(other, false)
    }

    /// Paths that are not in `other`, nor below a path of it.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.without(other, true)
    }

    fn without(&self, other: &Self, recursive: bool) -> Self {
        if self.is_empty() || other.is_empty() {
            return self.clone();
        }
        let mut theirs = other.nodes.iter().peekable();
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for ours in self.nodes.iter() {
            while theirs.next_if(|n| n.element < ours.element).is_some() {}
            let Some(node) = theirs.next_if(|n| n.element == ours.element) else {
                nodes.push(ours.clone());
                continue;
            };
            let left = Node {
                element: ours.element.clone(),
                member: ours.member && !node.member,
                below: if recursive && node.member {
                    Self::default()
                } else {
                    ours.below.without(&node.below, recursive)
                },
            };
            if !left.is_empty() {
                nodes.push(left);
            }
        }
        nodes.into()
    }

    /// Takes out one path of property names.
    pub fn remove(&mut self, path: &[&str]) {
        let [first, rest @ ..] = path else { return };
        let named = |n: &Node| matches!(&n.element, PathElement::Field(name) if **name == **first);
        let Some(at) = self.nodes.iter().position(named) else {
            return;
        };
        let node = &mut self.nodes[at];
        match rest {
            [] => node.member = false,
            rest => node.below.remove(rest),
        }
        if node.is_empty() {
            self.nodes.remove(at);
        }
    }

    /// Every path, those of an object's own members first.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut out = Vec::new();
        self.walk(&mut Vec::new(), &mut out);
        out
    }

    fn walk(&self, prefix: &mut Vec<PathElement>, out: &mut Vec<Vec<PathElement>>) {
        for node in self.nodes.iter().filter(|n| n.member) {
            prefix.push(node.element.clone());
            out.push(prefix.clone());
            prefix.pop();
        }
        for node in self.nodes.iter() {
            prefix.push(node.element.clone());
            node.below.walk(prefix, out);
            prefix.pop();
        }
    }
}
