//! Inputs that hold several objects.

use kfast_core::Object;

/// Reads one object a line; the byte before it says what it is for. What is no object is left out.
pub fn tagged(data: &[u8]) -> Vec<(u8, Object)> {
    data.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let (tag, text) = line.split_first()?;
            Some((*tag, Object::parse(text).ok()?))
        })
        .collect()
}
