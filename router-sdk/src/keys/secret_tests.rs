//! Secrets: every generated one reads back, every typing error is caught, nothing that is no key passes.

use secrecy::ExposeSecret;

use super::*;

/// A small generator, so that a failure can be played again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn bits(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        out.chunks_mut(8).for_each(|c| c.copy_from_slice(&self.roll().to_be_bytes()));
        out
    }
}

fn text(bits: [u8; 32]) -> String {
    Secret::of(bits).text().expose_secret().to_owned()
}

#[test]
fn the_form_is_fixed() {
    assert_eq!(LENGTH, 52);
    let zero = text([0; 32]);
    assert_eq!(&zero[..46], format!("cr_{}", "0".repeat(43)));
    let all = text([255; 32]);
    assert_eq!(all.len(), LENGTH);
    for edge in [&zero, &all] {
        assert!(Secret::parse(edge).is_ok());
    }
}

#[test]
fn what_is_generated_reads_back() {
    let mut dice = Dice(7);
    let hasher = Hasher::default();
    for _ in 0..5_000 {
        let bits = dice.bits();
        let secret = Secret::of(bits);
        let text = secret.text();
        assert_eq!(text.expose_secret().len(), LENGTH);
        let back = Secret::parse(text.expose_secret()).unwrap();
        assert_eq!(hasher.digest(&back), hasher.digest(&secret));
        assert!(Secret::parse(&format!(" {}\n", text.expose_secret())).is_ok(), "spaces around");
    }
}

#[test]
fn two_are_never_alike() {
    let all: std::collections::HashSet<String> =
        (0..1_000).map(|_| Secret::generate().unwrap().text().expose_secret().to_owned()).collect();
    assert_eq!(all.len(), 1_000);
}

#[test]
fn every_typing_error_is_told_from_an_unknown_key() {
    let mut dice = Dice(11);
    for _ in 0..20_000 {
        let right = text(dice.bits());
        let mut wrong: Vec<u8> = right.clone().into_bytes();
        let at = PREFIX.len() + dice.below(LENGTH - PREFIX.len());
        match dice.below(3) {
            0 => wrong[at] = DIGITS[dice.below(62)],
            1 if at + 1 < LENGTH => wrong.swap(at, at + 1),
            1 => wrong.swap(at, at - 1),
            _ => wrong[at] ^= 0x20,
        }
        let wrong = String::from_utf8(wrong).unwrap();
        if wrong != right {
            assert!(Secret::parse(&wrong).is_err(), "{at}");
        }
    }
}

#[test]
fn whatever_is_thrown_at_it_is_refused_and_never_panics() {
    let mut dice = Dice(13);
    let right = text([42; 32]);
    for _ in 0..20_000 {
        let mut bytes = right.clone().into_bytes();
        for _ in 0..1 + dice.below(4) {
            match dice.below(4) {
                0 if !bytes.is_empty() => {
                    bytes.remove(dice.below(bytes.len()));
                }
                1 => bytes.insert(dice.below(bytes.len() + 1), dice.roll() as u8),
                2 if !bytes.is_empty() => {
                    let at = dice.below(bytes.len());
                    bytes[at] = dice.roll() as u8;
                }
                _ => bytes.truncate(dice.below(bytes.len() + 1)),
            }
        }
        let thrown = String::from_utf8_lossy(&bytes);
        if thrown.trim() != right {
            assert!(Secret::parse(&thrown).is_err(), "{thrown:?}");
        }
    }
    for odd in ["", "cr_", "Bearer", "sk-proj-123", "cr_é", &"cr_".repeat(40), &"9".repeat(LENGTH)] {
        assert_eq!(Secret::parse(odd).unwrap_err(), Misshapen::Form, "{odd}");
    }
}

#[test]
fn a_number_above_256_bits_is_no_key_even_with_a_right_checksum() {
    let mut large = format!("{PREFIX}{}", "z".repeat(BODY));
    large.push_str(&checksum(&large));
    assert_eq!(Secret::parse(&large).unwrap_err(), Misshapen::Form);
}

#[test]
fn a_pepper_changes_what_is_stored_and_its_mark() {
    let secret = Secret::of([1; 32]);
    let (plain, salt, pepper) = (Hasher::default(), Hasher::peppered("salt"), Hasher::peppered("pepper"));
    assert_ne!(plain.digest(&secret), salt.digest(&secret));
    assert_ne!(pepper.digest(&secret), salt.digest(&secret));
    assert_eq!(salt.digest(&secret), Hasher::peppered("salt").digest(&secret));
    assert_eq!(plain.mark(), "none");
    assert_ne!(pepper.mark(), salt.mark());
    // SHA-256 of 32 bytes of value 1, as any other tool computes it.
    let hex: String = plain.digest(&secret).0.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793");
}

#[test]
fn nothing_shows_a_secret() {
    let secret = Secret::of([9; 32]);
    let shown = text([9; 32]);
    let hasher = Hasher::peppered("the pepper");
    let debug = format!("{secret:?} {:?} {:?} {hasher:?}", secret.text(), hasher.digest(&secret));
    assert!(!debug.contains(&shown[7..20]) && !debug.contains("the pepper"), "{debug}");
    assert_eq!(secret.hint(), format!("{}...", &shown[..7]));
}
