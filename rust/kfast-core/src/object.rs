//! One stored version of an API object: its canonical JSON and a small parsed header.

use crate::field_texts::FieldTexts;
use crate::members::Members;
use crate::pieces::{self, Pieces, Shared};
use crate::{ObjectError, Result, Revision, Splices};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// One version of an object. Immutable; a clone shares the bytes and the header.
#[derive(Clone, Debug)]
pub struct Object(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The canonical JSON, `{}` in the place of each shared text.
    slim: Box<[u8]>,
    /// In order of their places.
    shared: Box<[Shared]>,
    api_version: Box<str>,
    kind: Box<str>,
    namespace: Box<str>,
    name: Box<str>,
    uid: Box<str>,
    revision: Revision,
    generation: i64,
    deleting: bool,
    owned: bool,
    /// Where the bytes go on after `{"apiVersion":"...","kind":"...",`; 0 if they start otherwise.
    bare_from: u32,
    /// Where `spec` and `status` lie, once known; empty if absent or null.
    sections: OnceLock<[Range<u32>; 2]>,
    labels: Box<[(Box<str>, Box<str>)]>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OwnerReference {
    /// API version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// Uid of the owner.
    pub uid: String,
    /// Whether the owner manages this object.
    #[serde(default)]
    pub controller: Option<bool>,
    /// Whether foreground deletion of the owner waits for this object.
    #[serde(default)]
    pub block_owner_deletion: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    metadata: Members<Metadata<'a>>,
    #[serde(borrow, default)]
    spec: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    resource_version: Option<Cow<'a, str>>,
    #[serde(default)]
    generation: Option<i64>,
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    owner_references: Option<&'a RawValue>,
}

fn boxed(text: Option<Cow<'_, str>>) -> Box<str> {
    text.map_or_else(Box::default, |t| t.into_owned().into_boxed_str())
}

/// Where a part of `text` lies in it.
fn place(text: &str, part: Option<&RawValue>) -> Range<u32> {
    let part = part.map(RawValue::get).filter(|part| *part != "null");
    let start = part.map_or(0, |part| part.as_ptr() as usize - text.as_ptr() as usize);
    let end = start + part.map_or(0, str::len);
    u32::try_from(start).unwrap_or(0)..u32::try_from(end).unwrap_or(0)
}

/// Where `spec` and `status` lie in an object.
fn sections(bytes: &[u8]) -> [Range<u32>; 2] {
    let mut found = [0..0, 0..0];
    for (key, at) in crate::path::members(bytes) {
        let index = ["spec", "status"].iter().position(|name| *name == key);
        if let Some(index) = index.filter(|_| bytes[at.clone()] != *b"null") {
            found[index] = u32::try_from(at.start).unwrap_or(0)..u32::try_from(at.end).unwrap_or(0);
        }
    }
    found
}

impl Object {
    /// Reads the header of `bytes` and keeps both.
    ///
    /// # Errors
    /// `Malformed` if the bytes are not a JSON object with a `metadata` object; `ResourceVersion`.
    pub fn parse(bytes: impl Into<Box<[u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        // What the header does not need is skipped, and skipping does not look at the encoding.
        let text =
            std::str::from_utf8(&bytes).map_err(|e| ObjectError::Malformed(e.to_string()))?;
        let Members::<Envelope<'_>>(envelope) =
            serde_json::from_str(text).map_err(|e| ObjectError::Malformed(e.to_string()))?;
        let Members(meta) = envelope.metadata;
        let revision = match meta.resource_version.as_deref() {
            None | Some("") => 0,
            Some(text) => text
                .parse()
                .map_err(|_| ObjectError::ResourceVersion(text.to_owned()))?,
        };
        let api_version = envelope.api_version.into_owned().into_boxed_str();
        let kind = envelope.kind.into_owned().into_boxed_str();
        let head = format!("{{\"apiVersion\":\"{api_version}\",\"kind\":\"{kind}\",");
        let bare_from = if bytes.starts_with(head.as_bytes()) {
            u32::try_from(head.len()).unwrap_or(0)
        } else {
            0
        };
        let sections = [envelope.spec, envelope.status].map(|part| place(text, part));
        let inner = Inner {
            sections: sections.into(),
            namespace: boxed(meta.namespace),
            name: boxed(meta.name),
            uid: boxed(meta.uid),
            revision,
            generation: meta.generation.unwrap_or(0),
            deleting: meta.deletion_timestamp.is_some(),
            owned: meta.owner_references.is_some_and(|raw| raw.get() != "[]"),
            labels: meta
                .labels
                .unwrap_or_default()
                .into_iter()
                .map(|(k, v)| {
                    (
                        k.into_owned().into_boxed_str(),
                        v.into_owned().into_boxed_str(),
                    )
                })
                .collect(),
            api_version,
            kind,
            bare_from,
            slim: bytes,
            shared: Box::default(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The same object, its managers' fields kept in `texts` once for all objects that have them. What is stored shares
    /// them: the pods of a template have the same.
    #[must_use]
    pub fn sharing(mut self, texts: &mut FieldTexts) -> Self {
        let Some(inner) = Arc::get_mut(&mut self.0) else {
            return self;
        };
        if !inner.shared.is_empty() {
            return self;
        }
        let Some((slim, shared)) = pieces::apart(&inner.slim, texts) else {
            return self;
        };
        if let Some(sections) = inner.sections.get_mut() {
            let moved = |at| pieces::in_slim(&shared, at);
            for section in sections {
                *section = moved(section.start)..moved(section.end);
            }
        }
        inner.slim = slim;
        inner.shared = shared;
        self
    }

    /// The object after `changes` of its slim JSON that leave metadata alone, under another revision.
    #[must_use]
    pub fn renewed(&self, mut changes: Splices<'_>, revision: Revision) -> Self {
        let bytes = self.slim();
        let place = crate::path::place(bytes, &["metadata", "resourceVersion"]);
        match place {
            Some(place) => changes.replace(place, format!("\"{revision}\"")),
            None => {
                if let Some(metadata) = crate::path::place(bytes, &["metadata"]) {
                    changes.append(&metadata, &format!("\"resourceVersion\":\"{revision}\""));
                }
            }
        }
        let moved = |place: &Range<u32>| {
            let place = changes.moved(&(place.start as usize..place.end as usize));
            pieces::offset(place.start)..pieces::offset(place.end)
        };
        let mut shared = self.0.shared.clone();
        pieces::move_holes(&mut shared, moved);
        // A section that was missing may be there now.
        let sections = self
            .0
            .sections
            .get()
            .map(|known| known.each_ref().map(moved));
        let sections = sections.filter(|now| now.iter().all(|section| !section.is_empty()));
        let sections = sections.map_or_else(OnceLock::new, OnceLock::from);
        self.carrying(changes.apply(), shared, sections, revision)
    }

    /// This state under another revision, as the event of a delete carries it.
    #[must_use]
    pub fn with_revision(&self, revision: Revision) -> Self {
        let bytes = crate::canonical::set_revision(self.slim(), revision);
        let mut shared = self.0.shared.clone();
        pieces::find_holes(&mut shared, &bytes);
        self.carrying(bytes, shared, OnceLock::new(), revision)
    }

    /// The header with other JSON of the same managers.
    fn carrying(
        &self,
        slim: Vec<u8>,
        shared: Box<[Shared]>,
        sections: OnceLock<[Range<u32>; 2]>,
        revision: Revision,
    ) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            sections,
            slim: slim.into_boxed_slice(),
            shared,
            api_version: inner.api_version.clone(),
            kind: inner.kind.clone(),
            namespace: inner.namespace.clone(),
            name: inner.name.clone(),
            uid: inner.uid.clone(),
            labels: inner.labels.clone(),
            revision,
            ..*inner
        }))
    }

    /// The canonical JSON.
    #[must_use]
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if self.0.shared.is_empty() {
            return self.slim().into();
        }
        let mut whole = Vec::with_capacity(self.pieces().total());
        self.pieces()
            .for_each(|piece| whole.extend_from_slice(piece));
        whole.into()
    }

    /// The canonical JSON, but for what managers own, which may be missing: for readers who do not ask for that.
    #[must_use]
    pub fn slim(&self) -> &[u8] {
        &self.0.slim
    }

    /// The canonical JSON, to be copied piece by piece.
    #[must_use]
    pub fn pieces(&self) -> Pieces<'_> {
        self.pieces_from(0)
    }

    /// The JSON from behind `{"apiVersion":...,"kind":...,`: prepend `{` for a list item.
    /// `None` if the object does not start that way.
    #[must_use]
    pub fn bare(&self) -> Option<Pieces<'_>> {
        let from = self.0.bare_from as usize;
        (from > 0).then(|| self.pieces_from(from))
    }

    fn pieces_from(&self, from: usize) -> Pieces<'_> {
        Pieces::new(&self.0.slim, &self.0.shared, from)
    }

    /// The JSON of `spec`, empty if absent or null.
    #[must_use]
    pub fn spec(&self) -> &[u8] {
        self.section(0)
    }

    /// The JSON of `status`, empty if absent or null.
    #[must_use]
    pub fn status(&self) -> &[u8] {
        self.section(1)
    }

    fn section(&self, index: usize) -> &[u8] {
        let bytes = &self.0.slim;
        let Range { start, end } = self.0.sections.get_or_init(|| sections(bytes))[index];
        &bytes[start as usize..end as usize]
    }

    /// `apiVersion`, empty if absent.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.0.api_version
    }

    /// `kind`, empty if absent.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// `metadata.namespace`, empty if cluster-scoped.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.0.uid
    }

    /// `metadata.resourceVersion` as a number, 0 if absent.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// `metadata.generation`, 0 if absent.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.0.generation
    }

    /// Whether `metadata.deletionTimestamp` is set.
    #[must_use]
    pub fn deleting(&self) -> bool {
        self.0.deleting
    }

    /// Whether `metadata.ownerReferences` has any.
    #[must_use]
    pub fn owned(&self) -> bool {
        self.0.owned
    }

    /// `metadata.labels`, sorted by key.
    #[must_use]
    pub fn labels(&self) -> &[(Box<str>, Box<str>)] {
        &self.0.labels
    }

    /// The value of one label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        let labels = &self.0.labels;
        labels
            .binary_search_by(|(k, _)| k.as_ref().cmp(key))
            .ok()
            .map(|i| labels[i].1.as_ref())
    }

    /// `metadata.ownerReferences`, decoded now; empty if absent.
    #[must_use]
    pub fn owner_references(&self) -> Vec<OwnerReference> {
        crate::path::lookup(self.slim(), &["metadata", "ownerReferences"])
            .and_then(|raw| serde_json::from_str(raw).ok())
            .unwrap_or_default()
    }

    /// Whether two handles are the very same stored version.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_read_and_bytes_are_kept() {
        let text = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"d","uid":"u","resourceVersion":"12","labels":{"b":"2","a":"1"}},"spec":{}}"#;
        let object = Object::parse(text.as_bytes()).unwrap();
        assert_eq!(
            (object.namespace(), object.name(), object.revision()),
            ("d", "a", 12)
        );
        assert_eq!(object.label("b"), Some("2"));
        assert_eq!(object.label("c"), None);
        let bare = object.bare().unwrap().next().unwrap();
        assert!(bare.starts_with(br#""metadata":{"#));
        assert!(!object.deleting() && !object.owned());
        for (owners, owned) in [("[]", false), ("null", false), ("[{}]", true)] {
            let text = format!(r#"{{"metadata":{{"ownerReferences":{owners}}}}}"#);
            let object = Object::parse(text.into_bytes()).unwrap();
            assert_eq!(object.owned(), owned, "{owners}");
        }
    }

    #[test]
    fn another_revision_keeps_the_rest() {
        for text in [
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","resourceVersion":"12"},"spec":{"a":1},"status":null}"#,
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#,
        ] {
            let object = Object::parse(text.as_bytes()).unwrap().with_revision(345);
            let again = Object::parse(object.bytes()).unwrap();
            assert_eq!((object.revision(), again.revision()), (345, 345));
            let bare = |o: &Object| o.bare().map(|pieces| pieces.collect::<Vec<_>>().concat());
            assert_eq!((again.name(), bare(&object)), ("a", bare(&again)));
            assert_eq!(
                (object.spec(), object.status()),
                (again.spec(), again.status())
            );
        }
    }

    #[test]
    fn what_managers_own_is_kept_once() {
        let fields = format!("{{{}}}", [r#""f:spec":{"f:replicas":{}}"#; 4].join(","));
        let pod = |name: &str, time: u8| {
            format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","resourceVersion":"12","managedFields":[{{"time":"{time}","fieldsV1":{{}}}},{{"fieldsV1":{fields},"time":"{time}"}}]}},"spec":{{"a":1}},"status":{{"b":2}}}}"#
            )
        };
        let mut texts = FieldTexts::default();
        let mut shared = |name, time| {
            Object::parse(pod(name, time).into_bytes())
                .unwrap()
                .sharing(&mut texts)
        };
        let (one, two) = (shared("a", 1), shared("b", 2));
        assert!(Arc::ptr_eq(one.0.shared[0].text(), two.0.shared[0].text()));
        assert_eq!(*one.bytes(), *pod("a", 1).as_bytes());
        assert_eq!(one.pieces().total(), pod("a", 1).len());
        assert!(one.0.sections.get().is_some());
        assert_eq!(one.slim().len() + fields.len(), pod("a", 1).len() + 2);
        assert_eq!(
            (one.spec(), one.status()),
            (&br#"{"a":1}"#[..], &br#"{"b":2}"#[..])
        );
        let bare = one.bare().unwrap();
        assert_eq!(bare.total(), bare.collect::<Vec<_>>().concat().len());

        let mut changes = Splices::new(one.slim());
        let spec = crate::path::place(one.slim(), &["spec"]).unwrap();
        changes.append(&spec, "\"c\":3");
        let renewed = one.renewed(changes, 1_000_000);
        let want = pod("a", 1)
            .replace("\"12\"", "\"1000000\"")
            .replace("\"a\":1", "\"a\":1,\"c\":3");
        assert_eq!(*renewed.bytes(), *want.as_bytes());
        assert_eq!(
            *renewed.with_revision(12).bytes(),
            *want.replace("1000000", "12").as_bytes()
        );
        drop((one, two, renewed));
        assert_eq!(texts.swept(), 0);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"metadata":1}"#,
            r#"{"metadata":["a"]}"#,
            r#"["v1","Pod",{"name":"a"}]"#,
            r#"{"metadata":{"resourceVersion":"x"}}"#,
        ] {
            assert!(Object::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Object::parse(*b"{\"metadata\":{},\"a\":\"\xff\"}").is_err());
    }
}
