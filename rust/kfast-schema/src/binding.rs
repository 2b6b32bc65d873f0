//! The scheduler's decision, written to a pod: registry/core/pod/storage, `assignPod`.

use kfast_core::{Object, Revision, Splices, path, quote_json};
use std::ops::Range;

/// One decision.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The pod it was made for; any of the name if empty.
    pub uid: &'a str,
    /// The node.
    pub node: &'a str,
    /// Labels the pod is to have besides its own.
    pub labels: &'a [(&'a str, &'a str)],
}

/// Why a pod cannot be bound any more, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbindable {
    /// It is another pod: its uid.
    Other(String),
    /// It is being deleted.
    Deleting,
    /// It has this node.
    Assigned(String),
    /// It has scheduling gates.
    Gated,
}

/// The pod on its node, under its next revision: `spec.nodeName` and the condition PodScheduled, true since `now` (RFC 3339)
/// unless it was true before.
///
/// # Errors
/// Why it cannot be bound.
pub fn bind(
    pod: &Object,
    binding: Binding<'_>,
    now: &str,
    revision: Revision,
) -> Result<Object, Unbindable> {
    if !binding.uid.is_empty() && binding.uid != pod.uid() {
        return Err(Unbindable::Other(pod.uid().to_owned()));
    }
    if pod.deleting() {
        return Err(Unbindable::Deleting);
    }
    let labelled = labelled(pod, binding.labels);
    let pod = labelled.as_ref().unwrap_or(pod);
    let bytes = pod.slim();
    let mut splices = Splices::new(bytes);
    let (mut spec, mut status) = (None, None);
    for (key, place) in path::members(bytes) {
        match key.as_ref() {
            "spec" => spec = Some(place),
            "status" => status = Some(place),
            _ => {}
        }
    }
    assign(&mut splices, spec, bytes.len(), binding.node)?;
    schedule(&mut splices, status, bytes.len(), now);
    Ok(pod.renewed(splices, revision))
}

/// The pod with more labels, in the place of its own of those keys; `None` if there are none to add.
fn labelled(pod: &Object, labels: &[(&str, &str)]) -> Option<Object> {
    if labels.is_empty() {
        return None;
    }
    let bytes = &pod.bytes();
    let mut splices = Splices::new(bytes);
    let metadata = path::place(bytes, &["metadata"])?;
    let own = splices.member(&metadata, "labels");
    let present = own.filter(|place| splices.text(place).starts_with(b"{"));
    let mut added = Vec::new();
    for (key, value) in labels {
        let there = present
            .as_ref()
            .and_then(|place| splices.member(place, key));
        match there {
            Some(place) => splices.replace(place, quote_json(value)),
            None => added.push(format!("{}:{}", quote_json(key), quote_json(value))),
        }
    }
    let added = added.join(",");
    match &present {
        _ if added.is_empty() => {}
        Some(place) => splices.append(place, &added),
        None => splices.append(&metadata, &format!("\"labels\":{{{added}}}")),
    }
    Object::parse(splices.apply()).ok()
}

fn assign(
    splices: &mut Splices<'_>,
    spec: Option<Range<usize>>,
    end: usize,
    node: &str,
) -> Result<(), Unbindable> {
    let node = quote_json(node);
    let Some(spec) = spec else {
        splices.append(&(0..end), &format!("\"spec\":{{\"nodeName\":{node}}}"));
        return Ok(());
    };
    let mut empty = None;
    for (key, place) in path::members(splices.text(&spec)) {
        let place = place.start + spec.start..place.end + spec.start;
        match key.as_ref() {
            "nodeName" => match splices.text(&place) {
                b"\"\"" | b"null" => empty = Some(place),
                _ => {
                    let name = path::scalar(splices.text(&spec), &["nodeName"]);
                    return Err(Unbindable::Assigned(name.unwrap_or_default()));
                }
            },
            "schedulingGates" if splices.elements(&place).next().is_some() => {
                return Err(Unbindable::Gated);
            }
            _ => {}
        }
    }
    match empty {
        Some(place) => splices.replace(place, node),
        None => splices.append(&spec, &format!("\"nodeName\":{node}")),
    }
    Ok(())
}

fn schedule(splices: &mut Splices<'_>, status: Option<Range<usize>>, end: usize, now: &str) {
    let fresh = condition(&quote_json(now));
    let Some(status) = status else {
        let member = format!("\"status\":{{\"conditions\":[{fresh}]}}");
        splices.append(&(0..end), &member);
        return;
    };
    let Some(conditions) = splices.member(&status, "conditions") else {
        splices.append(&status, &format!("\"conditions\":[{fresh}]"));
        return;
    };
    let scheduled = splices.elements(&conditions).find(|place| {
        path::scalar(splices.text(place), &["type"]).as_deref() == Some("PodScheduled")
    });
    match scheduled {
        None if splices.text(&conditions) == b"null" => {
            splices.replace(conditions, format!("[{fresh}]"));
        }
        None => splices.append(&conditions, &fresh),
        Some(place) => {
            let old = splices.text(&place);
            let since = path::scalar(old, &["lastTransitionTime"])
                .filter(|_| path::scalar(old, &["status"]).as_deref() == Some("True"));
            let kept = since.map(|since| condition(&quote_json(&since)));
            splices.replace(place, kept.unwrap_or(fresh));
        }
    }
}

fn condition(since: &str) -> String {
    format!(
        "{{\"type\":\"PodScheduled\",\"status\":\"True\",\"lastProbeTime\":null,\"lastTransitionTime\":{since}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-02T03:04:05Z";

    fn pod(rest: &str) -> Object {
        let text = format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"resourceVersion":"5","name":"p","namespace":"d","uid":"u"}}{rest}}}"#
        );
        Object::parse(text.into_bytes()).unwrap()
    }

    fn bound(rest: &str) -> String {
        let binding = Binding {
            uid: "u",
            node: "n1",
            labels: &[],
        };
        let new = bind(&pod(rest), binding, NOW, 12).unwrap();
        assert_eq!((new.revision(), new.name(), new.uid()), (12, "p", "u"));
        let again = Object::parse(new.bytes()).unwrap();
        assert_eq!((again.revision(), &again.bytes()), (12, &new.bytes()));
        let text = std::str::from_utf8(new.slim()).unwrap();
        let head = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"12","name":"p","namespace":"d","uid":"u"}"#;
        text.strip_prefix(head)
            .unwrap()
            .strip_suffix('}')
            .unwrap()
            .to_owned()
    }

    #[test]
    fn node_and_condition_are_set() {
        let fresh = r#"{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-02T03:04:05Z"}"#;
        let spec = r#","spec":{"a":[{}],"nodeName":"n1"}"#;
        let cases = [
            (
                r#","spec":{"a":[{}]}"#,
                format!(r#"{spec},"status":{{"conditions":[{fresh}]}}"#),
            ),
            (
                r#","spec":{"nodeName":""},"status":{"phase":"Pending"}"#,
                format!(
                    r#","spec":{{"nodeName":"n1"}},"status":{{"phase":"Pending","conditions":[{fresh}]}}"#
                ),
            ),
            (
                r#","spec":{"a":[{}],"schedulingGates":[]},"status":{"conditions":[{"type":"X"}]}"#,
                format!(
                    r#","spec":{{"a":[{{}}],"schedulingGates":[],"nodeName":"n1"}},"status":{{"conditions":[{{"type":"X"}},{fresh}]}}"#
                ),
            ),
            (
                r#","spec":{},"status":{"conditions":[{"type":"PodScheduled","status":"False","lastTransitionTime":"old"}]}"#,
                format!(r#","spec":{{"nodeName":"n1"}},"status":{{"conditions":[{fresh}]}}"#),
            ),
            (
                r#","spec":{},"status":{"conditions":[{"type":"PodScheduled","status":"True","lastTransitionTime":"2026-01-02T03:04:05Z"}]}"#,
                format!(r#","spec":{{"nodeName":"n1"}},"status":{{"conditions":[{fresh}]}}"#),
            ),
            (
                r#","status":{"conditions":null}"#,
                format!(r#","status":{{"conditions":[{fresh}]}},"spec":{{"nodeName":"n1"}}"#),
            ),
        ];
        for (before, after) in cases {
            assert_eq!(bound(before), after, "{before}");
        }
    }

    #[test]
    fn what_cannot_be_bound_is_told() {
        let to = |uid| Binding {
            uid,
            node: "n",
            labels: &[],
        };
        let refused = |rest: &str, uid| bind(&pod(rest), to(uid), NOW, 9).unwrap_err();
        assert_eq!(refused("", "v"), Unbindable::Other("u".into()));
        assert_eq!(
            refused(r#","spec":{"nodeName":"m"}"#, ""),
            Unbindable::Assigned("m".into())
        );
        assert_eq!(
            refused(r#","spec":{"schedulingGates":[{"name":"g"}]}"#, "u"),
            Unbindable::Gated
        );
        let deleting =
            Object::parse(&br#"{"metadata":{"name":"p","deletionTimestamp":"x"}}"#[..]).unwrap();
        assert_eq!(
            bind(&deleting, to(""), NOW, 9).unwrap_err(),
            Unbindable::Deleting
        );
    }

    #[test]
    fn labels_are_added_and_replaced() {
        let labels = [("zone", "z"), ("region", "r")];
        let binding = Binding {
            uid: "",
            node: "n",
            labels: &labels,
        };
        for own in ["", r#","labels":{}"#, r#","labels":{"a":"b","zone":"old"}"#] {
            let text = format!(r#"{{"kind":"Pod","metadata":{{"name":"p"{own}}},"spec":{{}}}}"#);
            let new = bind(&Object::parse(text.into_bytes()).unwrap(), binding, NOW, 9).unwrap();
            let again = Object::parse(new.bytes()).unwrap();
            assert_eq!((new.labels(), new.revision()), (again.labels(), 9));
            let label = |key| (new.label(key), again.label(key));
            assert_eq!(label("zone"), (Some("z"), Some("z")), "{own}");
            assert_eq!(label("region"), (Some("r"), Some("r")));
            assert_eq!(label("a").0.is_some(), own.contains("\"a\""));
        }
    }
}
