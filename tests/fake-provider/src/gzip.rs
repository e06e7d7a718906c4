//! A damaged gzip body: bytes in, a gzip stream that breaks half-way out.

/// Packs the first half of `plain` soundly and follows it by a block of a kind that does not exist.
pub(crate) fn damaged(plain: &[u8]) -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const FIXED_CODES: u16 = 0b01;
    const NO_SUCH_KIND: u16 = 0b11;
    let mut bits = Bits::default();
    bits.low_first(0, 1);
    bits.low_first(FIXED_CODES, 2);
    for byte in &plain[..plain.len() / 2] {
        // The fixed code of deflate: 8 bits up to 143, 9 bits from there.
        match u16::from(*byte) {
            low @ 0..=143 => bits.high_first(0b0011_0000 + low, 8),
            high => bits.high_first(0b1_1001_0000 + high - 144, 9),
        }
    }
    bits.high_first(0, 7);
    bits.low_first(0, 1);
    bits.low_first(NO_SUCH_KIND, 2);
    [HEADER.as_slice(), &bits.bytes, &[0xde, 0xad, 0xbe, 0xef]].concat()
}

/// Bits packed into bytes from the lowest up, as deflate wants them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.used % 8);
        }
        self.used += 1;
    }

    fn low_first(&mut self, value: u16, count: u32) {
        (0..count).for_each(|at| self.push(value >> at & 1 == 1));
    }

    fn high_first(&mut self, code: u16, count: u32) {
        (0..count).rev().for_each(|at| self.push(code >> at & 1 == 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_bytes_stand_packed_before_the_damage() {
        // Header, then the block "ab" in fixed codes (4b 4c 02 00 ends a final one), then a block of no kind.
        let packed = damaged(b"abcd");
        assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
        assert_eq!(packed[10..13], [0x4a, 0x4c, 0x02]);
        assert_eq!(packed[13], 0b0001_1000);
        assert!(!packed.windows(2).any(|window| window == b"ab"));
    }
}
