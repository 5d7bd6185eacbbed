//! MD5's steps of eight messages at once, with what AVX-512 has for vectors of AVX2's width: any function of three bits, and
//! rotation.
//!
//! Vectors of twice the width would not be faster: a step waits for the one before, and two vectors fill that time.

use std::arch::x86_64::{__m256i, _mm256_add_epi32, _mm256_rol_epi32, _mm256_set1_epi32, _mm256_ternarylogic_epi32};

use super::side_by_side::side_by_side;

side_by_side!("x86_64+avx2+avx512f+avx512vl", "avx2,avx512f,avx512vl", step);

#[inline]
#[target_feature(enable = "avx2,avx512f,avx512vl")]
fn step<const ROUND: u8, const LEFT: i32, const RIGHT: i32>(
    a: __m256i,
    b: __m256i,
    c: __m256i,
    d: __m256i,
    word: __m256i,
    constant: u32,
) -> __m256i {
    /// The one of the last two that the first one's bit selects.
    const SELECT: i32 = 0b1100_1010;
    const XOR: i32 = 0b1001_0110;
    /// The second, with the bits changed that the first has or the last has not.
    const XOR_OR_NOT: i32 = 0b0011_1001;

    let addend = _mm256_add_epi32(word, _mm256_set1_epi32(constant.cast_signed()));
    let mixed = match ROUND {
        0 => _mm256_ternarylogic_epi32::<SELECT>(b, c, d),
        1 => _mm256_ternarylogic_epi32::<SELECT>(d, b, c),
        2 => _mm256_ternarylogic_epi32::<XOR>(b, c, d),
        _ => _mm256_ternarylogic_epi32::<XOR_OR_NOT>(b, c, d),
    };
    let sum = _mm256_add_epi32(_mm256_add_epi32(a, addend), mixed);
    _mm256_add_epi32(b, _mm256_rol_epi32::<LEFT>(sum))
}
