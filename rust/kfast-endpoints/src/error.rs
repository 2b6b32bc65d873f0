//! What cannot be planned with.

use kfast_core::Object;

/// An object is not of the shape of its kind.
#[derive(Debug, thiserror::Error)]
#[error("{kind} {namespace}/{name}: {cause}")]
pub struct EndpointsError {
    kind: &'static str,
    namespace: String,
    name: String,
    cause: serde_json::Error,
}

pub(crate) fn read<'a, T: serde::Deserialize<'a>>(
    kind: &'static str,
    object: &'a Object,
) -> Result<T, EndpointsError> {
    serde_json::from_slice(object.slim()).map_err(|cause| EndpointsError {
        kind,
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        cause,
    })
}

/// For `deserialize_with`: null reads as the default.
pub(crate) fn nullable<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(d)?.unwrap_or_default())
}
