//! Texts that many objects have in common, kept once.

use foldhash::HashSet;
use std::sync::Arc;

/// What managers own, by content. A text is forgotten some time after the last object that has it.
#[derive(Debug, Default)]
pub struct FieldTexts {
    known: HashSet<Arc<[u8]>>,
    /// How many there may be before those nobody has are looked for.
    enough: usize,
}

impl FieldTexts {
    /// Bytes from which on a text is worth keeping apart.
    pub(crate) const WORTH: usize = 96;
    const FEW: usize = 1024;

    /// The text as it is kept.
    pub(crate) fn share(&mut self, text: &[u8]) -> Arc<[u8]> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        if self.known.len() >= self.enough.max(Self::FEW) {
            self.enough = 2 * self.swept();
        }
        let text: Arc<[u8]> = text.into();
        self.known.insert(text.clone());
        text
    }

    /// Forgets what nobody has any more; how many are left.
    pub(crate) fn swept(&mut self) -> usize {
        self.known.retain(|text| Arc::strong_count(text) > 1);
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_forgotten() {
        let mut texts = FieldTexts::default();
        let kept = texts.share(b"kept");
        for number in 0..5 * FieldTexts::FEW {
            texts.share(number.to_string().as_bytes());
            assert!(texts.known.len() <= FieldTexts::FEW);
        }
        assert!(Arc::ptr_eq(&kept, &texts.share(b"kept")));
    }
}
