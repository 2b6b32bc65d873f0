//! Labels nothing looks at.

use std::sync::Arc;

/// Labels that are no part of a pod's class, packed: for each its key and value, both behind their lengths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest(Option<Arc<[u8]>>);

impl Rest {
    /// Packs labels. One longer than 64 KiB, which the API refuses, is cut off there.
    #[must_use]
    pub fn pack(labels: &[(Box<str>, Box<str>)]) -> Self {
        let mut packed = Vec::new();
        for text in labels.iter().flat_map(|(key, value)| [key, value]) {
            let size = u16::try_from(text.len()).unwrap_or(u16::MAX);
            packed.extend(size.to_le_bytes());
            packed.extend(&text.as_bytes()[..usize::from(size)]);
        }
        Self((!packed.is_empty()).then(|| packed.into()))
    }

    /// The labels.
    #[must_use]
    pub fn unpack(&self) -> Vec<(Box<str>, Box<str>)> {
        let mut left = self.0.as_deref().unwrap_or_default();
        let mut text = || {
            let (size, behind) = left.split_first_chunk::<2>()?;
            let (text, behind) = behind.split_at_checked(usize::from(u16::from_le_bytes(*size)))?;
            left = behind;
            Some(Box::from(String::from_utf8_lossy(text)))
        };
        std::iter::from_fn(|| Some((text()?, text()?))).collect()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks() {
        let labels: [(Box<str>, Box<str>); 3] = [
            ("a".into(), "".into()),
            ("b/c".into(), "é\0".into()),
            ("".into(), "x".repeat(70_000).into()),
        ];
        let rest = Rest::pack(&labels);
        let again = rest.unpack();
        assert_eq!(again[..2], labels[..2]);
        assert_eq!(again[2].1.len(), 65_535);
        assert!(!rest.is_empty() && Rest::pack(&[]).is_empty());
        assert_eq!(Rest::default().unpack(), []);
    }
}
