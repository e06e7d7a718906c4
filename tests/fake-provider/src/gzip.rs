//! A damaged gzip body: bytes in, a gzip stream that breaks half-way out.

/// Packs the first half of `plain` soundly and follows it by a block of a kind that does not exist.
pub(crate) fn damaged(plain: &[u8]) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const STORED: u8 = 0b000;
    const NO_SUCH_KIND: u8 = 0b110;
    let half = &plain[..plain.len() / 2];
    let mut packed = HEADER.to_vec();
    for block in half.chunks(usize::from(u16::MAX)) {
        // A chunk of at most u16::MAX bytes has a length that fits.
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        packed.push(STORED);
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend_from_slice(block);
    }
    packed.extend([NO_SUCH_KIND, 0xde, 0xad, 0xbe, 0xef]);
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_bytes_stand_before_the_damage() {
        let packed = damaged(b"abcdefgh");
        assert_eq!(packed[..2], [0x1f, 0x8b]);
        assert_eq!(packed[10..15], [0, 4, 0, 0xfb, 0xff]);
        assert_eq!(&packed[15..19], b"abcd");
        assert_eq!(packed[19], 0b110);
    }
}
