//! Mutations of valid files.

use rand::{Rng, RngExt};

/// Numbers and pieces of syntax at which readers of text and of headers go wrong.
const PIECES: [&[u8]; 24] = [
    b"0",
    b"-1",
    b"1",
    b"2",
    b"1e308",
    b"1e-320",
    b"nan",
    b"inf",
    b"-0.0",
    b"4294967296",
    b"18446744073709551615",
    b"9223372036854775807",
    b"0.5",
    b"[]",
    b"{}",
    b"null",
    b"\"",
    b"[[block]]",
    b"\n",
    b",",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\0\0\0\0\0",
    b"NaN",
    b"true",
];

/// One of the files with one, two, four or eight mutations: bits flipped, bytes replaced, pieces of
/// it removed, doubled, moved in from another file, numbers replaced, or the end cut off.
pub(crate) fn mutated<R: Rng + ?Sized>(examples: &[Vec<u8>], rng: &mut R) -> Vec<u8> {
    let mut file = examples[rng.random_range(0..examples.len())].clone();
    for _ in 0..1 << rng.random_range(0..4) {
        let at = rng.random_range(0..=file.len());
        let end = (at + rng.random_range(0..=32)).min(file.len());
        match rng.random_range(0..8) {
            0 if at < file.len() => file[at] ^= 1 << rng.random_range(0..8),
            1 if at < file.len() => file[at] = rng.random(),
            2 => drop(file.drain(at..end)),
            3 => {
                let piece = file[at..end].to_vec();
                file.splice(at..at, piece);
            }
            4 => {
                let other = &examples[rng.random_range(0..examples.len())];
                let from = rng.random_range(0..=other.len());
                let to = (from + rng.random_range(0..=64)).min(other.len());
                file.splice(at..end, other[from..to].iter().copied());
            }
            5 => drop(file.splice(at..end, PIECES[rng.random_range(0..PIECES.len())].iter().copied())),
            6 => {
                // The number at or after this place becomes another.
                let digit = |byte: &u8| byte.is_ascii_digit();
                if let Some(start) = file[at..].iter().position(digit).map(|k| at + k) {
                    let length = file[start..].iter().take_while(|byte| digit(byte)).count();
                    let piece = PIECES[rng.random_range(0..PIECES.len())];
                    drop(file.splice(start..start + length, piece.iter().copied()));
                }
            }
            7 if rng.random_range(0..4) == 0 => file.truncate(at),
            _ => {}
        }
    }
    file
}
