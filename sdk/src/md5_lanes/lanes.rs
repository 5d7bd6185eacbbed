//! MD5 (RFC 1321) of eight or sixteen messages, one in each lane of one or two AVX2 vectors.
//!
//! A single message cannot use a vector, because each of its 64 steps needs the result of the previous one.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_extract_epi32, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setr_epi64x, _mm256_setzero_si256, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};
use std::hint::black_box;

use multiversion::multiversion;
use multiversion::target::match_target;

use super::{Block, State, VECTOR};

/// The constants that the 64 steps add (RFC 1321, section 3.4).
static CONSTANTS: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
    0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
    0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
    0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
    0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
    0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
    0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
    0xeb86d391,
];

/// Adds the first *n* blocks of 8 or 16 messages to their states. *n* is the number of blocks of the shortest message.
///
/// Returns false and changes nothing if the processor has no AVX2.
pub(super) fn compress(states: &mut [State], messages: &[&[Block]]) -> bool {
    match (states.as_chunks_mut().0, messages.as_chunks().0) {
        ([states], [messages]) => compress_vectors([states], [messages]),
        ([states_1, states_2], [messages_1, messages_2]) => {
            compress_vectors([states_1, states_2], [messages_1, messages_2])
        }
        // `has_lanes` passes no messages.
        _ => compress_vectors([], []),
    }
}

/// Adds blocks to the states of `N` vectors. Returns false if the processor has no AVX2.
///
/// Two vectors take less than twice the time of one, because a step of one runs while a step of the other waits for its
/// operands. With AVX-512VL, the compiler replaces the instructions for a rotation or a Boolean function by one, so the
/// same code takes a quarter less time.
#[multiversion(targets("x86_64+avx2+avx512f+avx512vl", "x86_64+avx2"))]
fn compress_vectors<const N: usize>(states: [&mut [State; VECTOR]; N], messages: [&[&[Block]; VECTOR]; N]) -> bool {
    match_target! {
        // Both targets have AVX2.
        "x86_64+avx2" => {
            // This function uses loops, because iterator adaptors are compiled without AVX2 and the compiler does not
            // inline code with AVX2 into them.
            let mut a = [_mm256_setzero_si256(); N];
            let (mut b, mut c, mut d) = (a, a, a);
            for i in 0..N {
                [a[i], b[i], c[i], d[i]] = gather(states[i]);
            }
            // The compiler moves constants to the end of a sum, so it would add them after the result of the previous step,
            // which lengthens the chain of steps. `black_box` hides their values. Without it, eight messages took a fifth
            // more time with AVX-512VL (2026-11-29).
            let constants = black_box(&CONSTANTS);
            let shortest = messages.into_iter().flatten().map(|message| message.len()).min().unwrap_or(0);
            for number in 0..shortest {
                let mut words = [[_mm256_setzero_si256(); 16]; N];
                for i in 0..N {
                    words[i] = load_words(messages[i], number);
                }
                let (a0, b0, c0, d0) = (a, b, c, d);
                // Performs four steps of a round (RFC 1321, section 3.4). The lists are the numbers of bits to rotate by and
                // the indexes of the words of the block. The last number is the index of the first constant.
                macro_rules! four_steps {
                    ($round:literal, [$r0:literal $r1:literal $r2:literal $r3:literal],
                     [$w0:literal $w1:literal $w2:literal $w3:literal], $k:literal) => {
                        for i in 0..N {
                            a[i] = step::<$round, $r0, { 32 - $r0 }>(a[i], b[i], c[i], d[i], words[i][$w0], constants[$k]);
                        }
                        for i in 0..N {
                            d[i] = step::<$round, $r1, { 32 - $r1 }>(d[i], a[i], b[i], c[i], words[i][$w1], constants[$k + 1]);
                        }
                        for i in 0..N {
                            c[i] = step::<$round, $r2, { 32 - $r2 }>(c[i], d[i], a[i], b[i], words[i][$w2], constants[$k + 2]);
                        }
                        for i in 0..N {
                            b[i] = step::<$round, $r3, { 32 - $r3 }>(b[i], c[i], d[i], a[i], words[i][$w3], constants[$k + 3]);
                        }
                    };
                }
                four_steps!(0, [7 12 17 22], [0 1 2 3], 0);
                four_steps!(0, [7 12 17 22], [4 5 6 7], 4);
                four_steps!(0, [7 12 17 22], [8 9 10 11], 8);
                four_steps!(0, [7 12 17 22], [12 13 14 15], 12);
                four_steps!(1, [5 9 14 20], [1 6 11 0], 16);
                four_steps!(1, [5 9 14 20], [5 10 15 4], 20);
                four_steps!(1, [5 9 14 20], [9 14 3 8], 24);
                four_steps!(1, [5 9 14 20], [13 2 7 12], 28);
                four_steps!(2, [4 11 16 23], [5 8 11 14], 32);
                four_steps!(2, [4 11 16 23], [1 4 7 10], 36);
                four_steps!(2, [4 11 16 23], [13 0 3 6], 40);
                four_steps!(2, [4 11 16 23], [9 12 15 2], 44);
                four_steps!(3, [6 10 15 21], [0 7 14 5], 48);
                four_steps!(3, [6 10 15 21], [12 3 10 1], 52);
                four_steps!(3, [6 10 15 21], [8 15 6 13], 56);
                four_steps!(3, [6 10 15 21], [4 11 2 9], 60);
                for i in 0..N {
                    a[i] = _mm256_add_epi32(a[i], a0[i]);
                    b[i] = _mm256_add_epi32(b[i], b0[i]);
                    c[i] = _mm256_add_epi32(c[i], c0[i]);
                    d[i] = _mm256_add_epi32(d[i], d0[i]);
                }
            }
            for (i, states) in states.into_iter().enumerate() {
                scatter([a[i], b[i], c[i], d[i]], states);
            }
            true
        }
        _ => {
            let _unused = (states, messages);
            false
        }
    }
}

/// Performs a step of MD5 on eight messages and returns the new value of `a`.
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
    // `b` is the result of the previous step, so it is used last.
    let sum = match ROUND {
        0 => _mm256_add_epi32(sum, _mm256_xor_si256(d, _mm256_and_si256(b, _mm256_xor_si256(c, d)))),
        // The two terms have no common bits, so adding them is the same as OR.
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

/// Returns 16 vectors. Vector *i* contains word *i* of the block at index `number` of each message.
#[inline]
#[target_feature(enable = "avx2")]
fn load_words(messages: &[&[Block]; VECTOR], number: usize) -> [__m256i; 16] {
    let [m0, m1, m2, m3, m4, m5, m6, m7] = messages;
    let mut words = [[_mm256_setzero_si256(); 4]; 4];
    for (quarter, words) in words.iter_mut().enumerate() {
        let pair =
            |message: &[Block], index: usize| i64::from_le_bytes(message[number].as_chunks().0[2 * quarter + index]);
        // Four words of one message in the low half, and of another in the high half. The instructions below transpose the
        // halves of four rows separately.
        let row = |low: &[Block], high: &[Block]| {
            _mm256_setr_epi64x(pair(low, 0), pair(low, 1), pair(high, 0), pair(high, 1))
        };
        let (r0, r1, r2, r3) = (row(m0, m4), row(m1, m5), row(m2, m6), row(m3, m7));
        let (p0, p1) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
        let (p2, p3) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
        *words = [
            _mm256_unpacklo_epi64(p0, p2),
            _mm256_unpackhi_epi64(p0, p2),
            _mm256_unpacklo_epi64(p1, p3),
            _mm256_unpackhi_epi64(p1, p3),
        ];
    }
    let [[w0, w1, w2, w3], [w4, w5, w6, w7], [w8, w9, w10, w11], [w12, w13, w14, w15]] = words;
    [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15]
}

/// Returns four vectors. Vector *i* contains word *i* of each state.
#[inline]
#[target_feature(enable = "avx2")]
fn gather(states: &[State; VECTOR]) -> [__m256i; 4] {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = states.map(|state| state.map(u32::cast_signed));
    let word = |i: usize| _mm256_setr_epi32(s0[i], s1[i], s2[i], s3[i], s4[i], s5[i], s6[i], s7[i]);
    [word(0), word(1), word(2), word(3)]
}

/// Writes the vectors that [`gather`] returned back to the states.
#[inline]
#[target_feature(enable = "avx2")]
fn scatter(words: [__m256i; 4], states: &mut [State; VECTOR]) {
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
