//! The rolling hash by which `rustic_core` cuts files into pieces: a stand-in for the crate of this name.
//!
//! Interface and results are those of that crate, so that pieces end where restic ends them. The difference is cost:
//! that crate computes two tables of 256 numbers for every file, which takes longer than reading a small one. Here
//! they are computed once for each polynomial, of which a repository has one, and a byte costs a seventh less.
//!
//! The hash is that of Rabin: the bytes in the window are the coefficients of a polynomial over GF(2), and the hash
//! is its remainder by another one, which is irreducible.

use std::sync::{Arc, Mutex, PoisonError};

/// A polynomial over GF(2), one coefficient a bit.
pub type Polynom64 = u64;

/// What is asked of a polynomial.
pub trait Polynom {
    /// The highest power with a coefficient; -1 for zero.
    fn degree(&self) -> i32;

    /// The remainder of a division, which never ends when `m` is zero.
    #[must_use]
    fn modulo(&self, m: &Self) -> Self;
}

/// A hash of the last bytes of a stream.
pub trait RollingHash64 {
    /// Begins anew with these bytes, one less than the window has; returns how many there were.
    fn reset_and_prefill_window<I>(&mut self, iter: &mut I) -> usize
    where
        I: Iterator<Item = u8>;

    /// Moves on by one byte.
    fn slide(&mut self, byte: u8);
}

/// Most bytes of a window.
const WINDOW: usize = 64;
/// The tables of so many polynomials are kept: a process has a repository or two.
const KEPT: usize = 16;

/// The rolling hash of Rabin.
#[derive(Debug, Clone)]
pub struct Rabin64 {
    /// The hash of the bytes in the window.
    pub hash: Polynom64,
    window: [u8; WINDOW],
    at: usize,
    mask: usize,
    shift: u32,
    tables: Tables,
}

/// What is computed in advance.
#[derive(Debug, Clone)]
struct Tables {
    /// What a byte that leaves the window would contribute after it: that can be taken away then as well as before,
    /// since the remainder of a sum is the sum of the remainders.
    leaving: [Polynom64; 256],
    /// What takes the bits above the degree away and puts their remainder in.
    reducing: [Polynom64; 256],
}

static KNOWN: Mutex<Vec<(u32, Polynom64, Arc<Tables>)>> = Mutex::new(Vec::new());

impl Rabin64 {
    /// With a window of 2 to the power of `window_size_nb_bits` bytes, 64 at most, and a polynomial of a degree from
    /// 8 to 55.
    #[must_use]
    pub fn new_with_polynom(window_size_nb_bits: u32, mod_polynom: &Polynom64) -> Self {
        let bits = window_size_nb_bits.min(WINDOW.ilog2());
        let tables = tables(bits, *mod_polynom);
        let shift = u32::try_from(mod_polynom.degree() - 8).unwrap_or_default();
        let mask = (1 << bits) - 1;
        Self { hash: 0, window: [0; WINDOW], at: 0, mask, shift, tables: Tables::clone(&tables) }
    }

    fn append(&mut self, byte: u8) {
        let above = (self.hash >> self.shift) as usize & 255;
        self.hash = ((self.hash << 8) | Polynom64::from(byte)) ^ self.tables.reducing[above];
    }
}

impl RollingHash64 for Rabin64 {
    fn reset_and_prefill_window<I>(&mut self, iter: &mut I) -> usize
    where
        I: Iterator<Item = u8>,
    {
        (self.hash, self.at, self.window) = (0, 0, [0; WINDOW]);
        let mut count = 0;
        for byte in iter.take(self.mask) {
            self.window[self.at % WINDOW] = byte;
            self.append(byte);
            self.at += 1;
            count += 1;
        }
        count
    }

    /// The next hash waits for nothing of this one but a shift, a look into a table and one operation: with the
    /// definition, taking the byte away first and then going on, each byte waits for more of the byte before.
    #[inline]
    fn slide(&mut self, byte: u8) {
        let place = &mut self.window[self.at % WINDOW];
        let left = std::mem::replace(place, byte);
        let beside = self.tables.leaving[usize::from(left)] ^ Polynom64::from(byte);
        let above = (self.hash >> self.shift) as usize & 255;
        self.hash = self.tables.reducing[above] ^ ((self.hash << 8) ^ beside);
        self.at = (self.at + 1) & self.mask;
    }
}

impl Polynom for Polynom64 {
    fn degree(&self) -> i32 {
        self.checked_ilog2().map_or(-1, u32::cast_signed)
    }

    fn modulo(&self, m: &Self) -> Self {
        let mut rest = *self;
        while rest.degree() >= m.degree() {
            rest ^= m << (rest.degree() - m.degree());
        }
        rest
    }
}

impl Tables {
    fn of(bits: u32, polynom: Polynom64) -> Self {
        let (mut leaving, mut reducing) = ([0; 256], [0; 256]);
        for (byte, (leaves, reduces)) in (0..).zip(leaving.iter_mut().zip(&mut reducing)) {
            // The byte that leaves has been moved up once for each byte that came after it, the new one too.
            *leaves = (0..1 << bits).fold(byte, |hash: Polynom64, _| (hash << 8).modulo(&polynom));
            let above = byte << polynom.degree();
            *reduces = above.modulo(&polynom) | above;
        }
        Self { leaving, reducing }
    }
}

fn tables(bits: u32, polynom: Polynom64) -> Arc<Tables> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, _, tables)) = known.iter().find(|(its_bits, its, _)| (*its_bits, *its) == (bits, polynom))
    {
        return Arc::clone(tables);
    }
    let tables = Arc::new(Tables::of(bits, polynom));
    if known.len() == KEPT {
        known.remove(0);
    }
    known.push((bits, polynom, Arc::clone(&tables)));
    tables
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of degree 53, as all of restic's are.
    const POLYNOM: Polynom64 = 0x003D_A335_8B4D_C173;

    /// The definition: the remainder of the bytes of the window, taken one after the other.
    fn by_division(window: &[u8]) -> Polynom64 {
        window.iter().fold(0, |hash: Polynom64, byte| ((hash << 8) | Polynom64::from(*byte)).modulo(&POLYNOM))
    }

    #[test]
    fn degrees_and_remainders() {
        for (polynom, degree) in [(0_u64, -1), (1, 0), (127, 6), (128, 7), (129, 7)] {
            assert_eq!(polynom.degree(), degree, "{polynom}");
        }
        for (polynom, by, rest) in
            [(7_u64, 3_u64, 1), (7, 4, 3), (16, 8, 0), (19, 8, 3), (16, 4, 0), (19, 4, 3)]
        {
            assert_eq!(polynom.modulo(&by), rest, "{polynom} by {by}");
        }
    }

    #[test]
    fn more_polynomials_than_are_kept_do_no_harm() {
        for number in 0..3 * KEPT as u64 {
            let polynom = POLYNOM ^ (number << 1);
            let (known, anew) = (tables(6, polynom), Tables::of(6, polynom));
            assert_eq!((known.leaving, known.reducing), (anew.leaving, anew.reducing));
        }
        assert!(KNOWN.lock().unwrap().len() <= KEPT);
    }

    proptest! {
        #[test]
        fn the_hash_is_the_remainder_of_the_window(
            bits in 1_u32..=6,
            bytes in proptest::collection::vec(any::<u8>(), 64..400),
            again in any::<bool>(),
        ) {
            let (size, mut rabin) = (1 << bits, Rabin64::new_with_polynom(bits, &POLYNOM));
            if again {
                // What was there before is forgotten.
                bytes.iter().rev().for_each(|byte| rabin.slide(*byte));
            }
            let filled = rabin.reset_and_prefill_window(&mut bytes[..size].iter().copied());
            prop_assert_eq!(filled, size - 1);
            prop_assert_eq!(rabin.hash, by_division(&bytes[..size - 1]));
            for end in size..=bytes.len() {
                rabin.slide(bytes[end - 1]);
                prop_assert_eq!(rabin.hash, by_division(&bytes[end - size..end]));
            }
        }
    }
}
