//! MD5's steps of eight messages at once, with AVX2.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_or_si256, _mm256_set1_epi32,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};

use super::side_by_side::side_by_side;

side_by_side!("x86_64+avx2", "avx2", step);

#[inline]
#[target_feature(enable = "avx2")]
fn step<const ROUND: u8, const LEFT: i32, const RIGHT: i32>(
    a: __m256i,
    b: __m256i,
    c: __m256i,
    d: __m256i,
    word: __m256i,
    constant: u32,
) -> __m256i {
    let addend = _mm256_add_epi32(word, _mm256_set1_epi32(constant.cast_signed()));
    let sum = _mm256_add_epi32(a, addend);
    // `b` is the word that the step before has made: what does not need it is done first, so that nothing waits for it.
    let sum = match ROUND {
        0 => _mm256_add_epi32(sum, _mm256_xor_si256(d, _mm256_and_si256(b, _mm256_xor_si256(c, d)))),
        // The two have no bits in common, so they can be added as well as joined.
        1 => _mm256_add_epi32(_mm256_add_epi32(sum, _mm256_andnot_si256(d, c)), _mm256_and_si256(b, d)),
        2 => _mm256_add_epi32(sum, _mm256_xor_si256(b, _mm256_xor_si256(c, d))),
        _ => {
            let not_d = _mm256_xor_si256(d, _mm256_set1_epi32(-1));
            _mm256_add_epi32(sum, _mm256_xor_si256(c, _mm256_or_si256(b, not_d)))
        }
    };
    let rotated = _mm256_or_si256(_mm256_slli_epi32::<LEFT>(sum), _mm256_srli_epi32::<RIGHT>(sum));
    _mm256_add_epi32(b, rotated)
}
