//! Messages and states of MD5, from memory into the lanes of vectors and back.

use std::arch::x86_64::{
    __m256i, _mm256_extract_epi32, _mm256_permute2x128_si256, _mm256_setr_epi32, _mm256_setr_epi64x,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};

use super::{Block, State, VECTOR};

pub(super) fn blocks_of(messages: &[&[Block]; VECTOR]) -> usize {
    messages.iter().map(|message| message.len()).min().unwrap_or(0)
}

/// A vector for each word of the block with this number.
// Adaptors of iterators and arrays are not compiled for AVX2, and nothing that is can be inlined into them: what is done
// for each lane is written out.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn words(messages: &[&[Block]; VECTOR], number: usize) -> [__m256i; 16] {
    let [m0, m1, m2, m3, m4, m5, m6, m7] = messages;
    let (m0, m1, m2, m3) = (&m0[number], &m1[number], &m2[number], &m3[number]);
    let (m4, m5, m6, m7) = (&m4[number], &m5[number], &m6[number], &m7[number]);
    macro_rules! half {
        ($from:literal) => {
            transpose([
                load::<$from>(m0),
                load::<$from>(m1),
                load::<$from>(m2),
                load::<$from>(m3),
                load::<$from>(m4),
                load::<$from>(m5),
                load::<$from>(m6),
                load::<$from>(m7),
            ])
        };
    }
    let [w0, w1, w2, w3, w4, w5, w6, w7] = half!(0);
    let [w8, w9, w10, w11, w12, w13, w14, w15] = half!(32);
    [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15]
}

/// Half of a block, from byte `FROM` on.
#[inline]
#[target_feature(enable = "avx2")]
fn load<const FROM: usize>(block: &Block) -> __m256i {
    macro_rules! quarter {
        ($i:expr) => {
            i64::from_le_bytes([
                block[FROM + $i],
                block[FROM + $i + 1],
                block[FROM + $i + 2],
                block[FROM + $i + 3],
                block[FROM + $i + 4],
                block[FROM + $i + 5],
                block[FROM + $i + 6],
                block[FROM + $i + 7],
            ])
        };
    }
    _mm256_setr_epi64x(quarter!(0), quarter!(8), quarter!(16), quarter!(24))
}

/// From a vector a message, of eight words each, to a vector a word, of eight messages each.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let (p0, p1) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
    let (p2, p3) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
    let (p4, p5) = (_mm256_unpacklo_epi32(r4, r5), _mm256_unpackhi_epi32(r4, r5));
    let (p6, p7) = (_mm256_unpacklo_epi32(r6, r7), _mm256_unpackhi_epi32(r6, r7));
    let (q0, q1) = (_mm256_unpacklo_epi64(p0, p2), _mm256_unpackhi_epi64(p0, p2));
    let (q2, q3) = (_mm256_unpacklo_epi64(p1, p3), _mm256_unpackhi_epi64(p1, p3));
    let (q4, q5) = (_mm256_unpacklo_epi64(p4, p6), _mm256_unpackhi_epi64(p4, p6));
    let (q6, q7) = (_mm256_unpacklo_epi64(p5, p7), _mm256_unpackhi_epi64(p5, p7));
    [
        _mm256_permute2x128_si256::<0x20>(q0, q4),
        _mm256_permute2x128_si256::<0x20>(q1, q5),
        _mm256_permute2x128_si256::<0x20>(q2, q6),
        _mm256_permute2x128_si256::<0x20>(q3, q7),
        _mm256_permute2x128_si256::<0x31>(q0, q4),
        _mm256_permute2x128_si256::<0x31>(q1, q5),
        _mm256_permute2x128_si256::<0x31>(q2, q6),
        _mm256_permute2x128_si256::<0x31>(q3, q7),
    ]
}

/// A vector for each word of the states.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn gather(states: &[State; VECTOR]) -> [__m256i; 4] {
    macro_rules! word {
        ($word:literal) => {
            _mm256_setr_epi32(
                states[0][$word].cast_signed(),
                states[1][$word].cast_signed(),
                states[2][$word].cast_signed(),
                states[3][$word].cast_signed(),
                states[4][$word].cast_signed(),
                states[5][$word].cast_signed(),
                states[6][$word].cast_signed(),
                states[7][$word].cast_signed(),
            )
        };
    }
    [word!(0), word!(1), word!(2), word!(3)]
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn scatter(words: [__m256i; 4], states: &mut [State; VECTOR]) {
    macro_rules! lane {
        ($lane:literal) => {
            [
                _mm256_extract_epi32::<$lane>(words[0]).cast_unsigned(),
                _mm256_extract_epi32::<$lane>(words[1]).cast_unsigned(),
                _mm256_extract_epi32::<$lane>(words[2]).cast_unsigned(),
                _mm256_extract_epi32::<$lane>(words[3]).cast_unsigned(),
            ]
        };
    }
    *states = [lane!(0), lane!(1), lane!(2), lane!(3), lane!(4), lane!(5), lane!(6), lane!(7)];
}
