//! As much of DER (X.690) as private keys and signatures take: nothing of it has a second form.

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const CONTEXT_0: u8 = 0xa0;
pub const CONTEXT_1: u8 = 0xa1;
/// `[1] IMPLICIT` of a primitive type.
pub const CONTEXT_1_PRIMITIVE: u8 = 0x81;

/// What is left to read.
#[derive(Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The whole input, which must be one value of that tag.
    pub fn whole(input: &'a [u8], tag: u8) -> Option<Reader<'a>> {
        let mut reader = Reader(input);
        let value = reader.value(tag)?;
        reader.0.is_empty().then_some(Reader(value))
    }

    /// The next value, which must have that tag.
    pub fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        let (len, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                rest.split_first().filter(|(len, _)| **len >= 0x80).map(|(len, r)| (usize::from(*len), r))?
            }
            0x82 => rest
                .split_first_chunk()
                .map(|(len, r)| (usize::from(u16::from_be_bytes(*len)), r))
                .filter(|(len, _)| *len >= 0x100)?,
            // No key and no signature is that long, and no length is indefinite.
            _ => return None,
        };
        if found != tag {
            return None;
        }
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(value)
    }

    /// The same, inside of which there are more values.
    pub fn nested(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.value(tag).map(Reader)
    }

    /// The value that may be missing there; the outer `None` is for a broken one.
    pub fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) { self.value(tag).map(Some) } else { Some(None) }
    }

    /// Everything that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// A number greater than 0, without the zero that keeps it from being negative.
    pub fn positive(&mut self) -> Option<&'a [u8]> {
        match self.value(INTEGER)? {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Some(rest),
            value if value.first().is_some_and(|first| (1..0x80).contains(first)) => Some(value),
            _ => None,
        }
    }

    /// The bytes of a bit string, which must be whole ones.
    pub fn bits(bit_string: &'a [u8]) -> Option<&'a [u8]> {
        bit_string.strip_prefix(&[0])
    }
}
