//! Elements of BYTES: four bytes of length each, little-endian, then the bytes.

const PREFIX: usize = 4;

/// Fails if one is longer than its prefix can say.
pub(crate) fn to_bytes<'a>(strings: impl Iterator<Item = &'a [u8]> + Clone) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(strings.clone().map(|string| PREFIX + string.len()).sum());
    for (i, string) in strings.enumerate() {
        let length = u32::try_from(string.len()).map_err(|_| {
            format!("expected strings of at most {} bytes, got {} in string {i}", u32::MAX, string.len())
        })?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(string);
    }
    Ok(bytes)
}

pub(crate) fn from_bytes(mut bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut strings = Vec::new();
    while !bytes.is_empty() {
        let (string, rest) = first(bytes).ok_or_else(|| {
            let i = strings.len();
            format!("expected four bytes of length and as many bytes for string {i}, got {} bytes", bytes.len())
        })?;
        strings.push(string);
        bytes = rest;
    }
    Ok(strings)
}

fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_le_bytes(bytes.get(..PREFIX)?.try_into().ok()?);
    let end = PREFIX.checked_add(length.try_into().ok()?)?;
    Some((bytes.get(PREFIX..end)?, &bytes[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_prefixed_by_their_lengths() {
        let strings: [&[u8]; 3] = [b"a", b"", &[0, 255]];
        let bytes = to_bytes(strings.into_iter()).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, b'a', 0, 0, 0, 0, 2, 0, 0, 0, 0, 255]);
        assert_eq!(from_bytes(&bytes).unwrap(), strings);
    }

    #[test]
    fn a_string_that_is_cut_off_is_named() {
        for cut in [&[9, 0, 0, 0, b'a'][..], &[1, 0], &[255, 255, 255, 255]] {
            let bytes = [&[1, 0, 0, 0, b'a'], cut].concat();
            let error = from_bytes(&bytes).unwrap_err();
            assert!(error.contains("string 1") && error.ends_with(&format!("got {} bytes", cut.len())), "{error}");
        }
    }
}
