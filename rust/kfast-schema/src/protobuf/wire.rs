//! The protobuf wire format; errors in the words of Go's generated code.

use crate::value::MAX_DEPTH;

type Result<T> = std::result::Result<T, String>;

/// How a field is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// Reads the fields of one message.
pub(crate) struct WireReader<'a> {
    bytes: &'a [u8],
}

fn end() -> String {
    "unexpected EOF".into()
}

impl<'a> WireReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next field's tag and layout; `None` at the end.
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Wire)>> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Varint,
            1 => Wire::Fixed64,
            2 => Wire::Bytes,
            3 => Wire::StartGroup,
            4 => Wire::EndGroup,
            5 => Wire::Fixed32,
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        let tag = u32::try_from(key >> 3).unwrap_or(0);
        if tag == 0 {
            return Err(format!(
                "proto: illegal tag {} (wire type {})",
                key >> 3,
                key & 7
            ));
        }
        Ok(Some((tag, wire)))
    }

    pub(crate) fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for (i, byte) in self.bytes.iter().enumerate() {
            if i >= 10 {
                return Err("proto: integer overflow".into());
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[i + 1..];
                return Ok(value);
            }
        }
        Err(end())
    }

    pub(crate) fn fixed64(&mut self) -> Result<u64> {
        let (head, rest) = self.bytes.split_first_chunk::<8>().ok_or_else(end)?;
        self.bytes = rest;
        Ok(u64::from_le_bytes(*head))
    }

    /// Length-delimited content.
    pub(crate) fn content(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.varint()?).map_err(|_| end())?;
        let (head, rest) = self.bytes.split_at_checked(length).ok_or_else(end)?;
        self.bytes = rest;
        Ok(head)
    }

    /// Passes over a field of that layout.
    pub(crate) fn skip(&mut self, wire: Wire) -> Result<()> {
        let mut groups = 0usize;
        let mut wire = wire;
        loop {
            match wire {
                Wire::Varint => drop(self.varint()?),
                Wire::Fixed64 => drop(self.fixed64()?),
                Wire::Bytes => drop(self.content()?),
                Wire::Fixed32 => {
                    self.bytes = self.bytes.get(4..).ok_or_else(end)?;
                }
                Wire::StartGroup => groups += 1,
                Wire::EndGroup if groups > 0 => groups -= 1,
                Wire::EndGroup => return Err("proto: unexpected end of group".into()),
            }
            if groups == 0 {
                return Ok(());
            }
            if groups > MAX_DEPTH {
                return Err("exceeded max depth".into());
            }
            wire = self.field()?.ok_or_else(end)?.1;
        }
    }
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field key.
pub(crate) fn put_key(out: &mut Vec<u8>, tag: u32, wire: Wire) {
    put_varint(out, u64::from(tag) << 3 | wire as u64);
}

/// Appends length-delimited content with its key.
pub(crate) fn put_bytes(out: &mut Vec<u8>, tag: u32, content: &[u8]) {
    put_key(out, tag, Wire::Bytes);
    put_varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// Appends an integer with its key.
#[allow(clippy::cast_sign_loss)] // two's complement is the wire form
pub(crate) fn put_int(out: &mut Vec<u8>, tag: u32, value: i64) {
    put_key(out, tag, Wire::Varint);
    put_varint(out, value as u64);
}

/// Appends a message that `write` fills, with its key.
pub(crate) fn put_message<E>(
    out: &mut Vec<u8>,
    tag: u32,
    write: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut content = Vec::new();
    write(&mut content)?;
    put_bytes(out, tag, &content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_round_trip(value: u64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(WireReader::new(&out).varint().unwrap(), value);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let mut reader = WireReader::new(&bytes);
            while let Ok(Some((_, wire))) = reader.field() {
                if reader.skip(wire).is_err() {
                    break;
                }
            }
        }
    }

    #[test]
    fn malformed_input_is_named() {
        assert_eq!(
            WireReader::new(&[0x80]).varint().unwrap_err(),
            "unexpected EOF"
        );
        assert_eq!(
            WireReader::new(&[0xff; 11]).varint().unwrap_err(),
            "proto: integer overflow"
        );
        assert_eq!(
            WireReader::new(&[0x0f]).field().unwrap_err(),
            "proto: illegal wireType 7"
        );
        assert_eq!(
            WireReader::new(&[5, 1]).content().unwrap_err(),
            "unexpected EOF"
        );
    }
}
