//! MD5 (RFC 1321) of eight or sixteen messages, one in each lane of one or two AVX2 vectors.
//!
//! A single message cannot use a vector, because each of its 64 steps needs the result of the previous one.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_extract_epi32, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setr_epi64x, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use multiversion::multiversion;
use multiversion::target::match_target;

use super::{Block, State, VECTOR};

/// Continues each message by the number of blocks that the shortest one has. Returns false without a change if the processor
/// has no AVX2.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn compress(states: &mut [State], messages: &[&[Block]]) -> bool {
    match_target! {
        "x86_64+avx2" => {
            compress_vectors(states, messages);
            true
        }
        _ => {
            let _without = (states, messages);
            false
        }
    }
}

/// Calls `step!` for each of the 64 steps of a block (RFC 1321, section 3.4) with the round, the words of the state in the order
/// of the step, the index of the word of the block, the number of bits to rotate left and right, and the constant.
macro_rules! for_each_step {
    ($step:ident, $a:ident $b:ident $c:ident $d:ident) => {
        $step!(0, $a $b $c $d, 0, 7, 25, 0xd76aa478);
        $step!(0, $d $a $b $c, 1, 12, 20, 0xe8c7b756);
        $step!(0, $c $d $a $b, 2, 17, 15, 0x242070db);
        $step!(0, $b $c $d $a, 3, 22, 10, 0xc1bdceee);
        $step!(0, $a $b $c $d, 4, 7, 25, 0xf57c0faf);
        $step!(0, $d $a $b $c, 5, 12, 20, 0x4787c62a);
        $step!(0, $c $d $a $b, 6, 17, 15, 0xa8304613);
        $step!(0, $b $c $d $a, 7, 22, 10, 0xfd469501);
        $step!(0, $a $b $c $d, 8, 7, 25, 0x698098d8);
        $step!(0, $d $a $b $c, 9, 12, 20, 0x8b44f7af);
        $step!(0, $c $d $a $b, 10, 17, 15, 0xffff5bb1);
        $step!(0, $b $c $d $a, 11, 22, 10, 0x895cd7be);
        $step!(0, $a $b $c $d, 12, 7, 25, 0x6b901122);
        $step!(0, $d $a $b $c, 13, 12, 20, 0xfd987193);
        $step!(0, $c $d $a $b, 14, 17, 15, 0xa679438e);
        $step!(0, $b $c $d $a, 15, 22, 10, 0x49b40821);
        $step!(1, $a $b $c $d, 1, 5, 27, 0xf61e2562);
        $step!(1, $d $a $b $c, 6, 9, 23, 0xc040b340);
        $step!(1, $c $d $a $b, 11, 14, 18, 0x265e5a51);
        $step!(1, $b $c $d $a, 0, 20, 12, 0xe9b6c7aa);
        $step!(1, $a $b $c $d, 5, 5, 27, 0xd62f105d);
        $step!(1, $d $a $b $c, 10, 9, 23, 0x02441453);
        $step!(1, $c $d $a $b, 15, 14, 18, 0xd8a1e681);
        $step!(1, $b $c $d $a, 4, 20, 12, 0xe7d3fbc8);
        $step!(1, $a $b $c $d, 9, 5, 27, 0x21e1cde6);
        $step!(1, $d $a $b $c, 14, 9, 23, 0xc33707d6);
        $step!(1, $c $d $a $b, 3, 14, 18, 0xf4d50d87);
        $step!(1, $b $c $d $a, 8, 20, 12, 0x455a14ed);
        $step!(1, $a $b $c $d, 13, 5, 27, 0xa9e3e905);
        $step!(1, $d $a $b $c, 2, 9, 23, 0xfcefa3f8);
        $step!(1, $c $d $a $b, 7, 14, 18, 0x676f02d9);
        $step!(1, $b $c $d $a, 12, 20, 12, 0x8d2a4c8a);
        $step!(2, $a $b $c $d, 5, 4, 28, 0xfffa3942);
        $step!(2, $d $a $b $c, 8, 11, 21, 0x8771f681);
        $step!(2, $c $d $a $b, 11, 16, 16, 0x6d9d6122);
        $step!(2, $b $c $d $a, 14, 23, 9, 0xfde5380c);
        $step!(2, $a $b $c $d, 1, 4, 28, 0xa4beea44);
        $step!(2, $d $a $b $c, 4, 11, 21, 0x4bdecfa9);
        $step!(2, $c $d $a $b, 7, 16, 16, 0xf6bb4b60);
        $step!(2, $b $c $d $a, 10, 23, 9, 0xbebfbc70);
        $step!(2, $a $b $c $d, 13, 4, 28, 0x289b7ec6);
        $step!(2, $d $a $b $c, 0, 11, 21, 0xeaa127fa);
        $step!(2, $c $d $a $b, 3, 16, 16, 0xd4ef3085);
        $step!(2, $b $c $d $a, 6, 23, 9, 0x04881d05);
        $step!(2, $a $b $c $d, 9, 4, 28, 0xd9d4d039);
        $step!(2, $d $a $b $c, 12, 11, 21, 0xe6db99e5);
        $step!(2, $c $d $a $b, 15, 16, 16, 0x1fa27cf8);
        $step!(2, $b $c $d $a, 2, 23, 9, 0xc4ac5665);
        $step!(3, $a $b $c $d, 0, 6, 26, 0xf4292244);
        $step!(3, $d $a $b $c, 7, 10, 22, 0x432aff97);
        $step!(3, $c $d $a $b, 14, 15, 17, 0xab9423a7);
        $step!(3, $b $c $d $a, 5, 21, 11, 0xfc93a039);
        $step!(3, $a $b $c $d, 12, 6, 26, 0x655b59c3);
        $step!(3, $d $a $b $c, 3, 10, 22, 0x8f0ccc92);
        $step!(3, $c $d $a $b, 10, 15, 17, 0xffeff47d);
        $step!(3, $b $c $d $a, 1, 21, 11, 0x85845dd1);
        $step!(3, $a $b $c $d, 8, 6, 26, 0x6fa87e4f);
        $step!(3, $d $a $b $c, 15, 10, 22, 0xfe2ce6e0);
        $step!(3, $c $d $a $b, 6, 15, 17, 0xa3014314);
        $step!(3, $b $c $d $a, 13, 21, 11, 0x4e0811a1);
        $step!(3, $a $b $c $d, 4, 6, 26, 0xf7537e82);
        $step!(3, $d $a $b $c, 11, 10, 22, 0xbd3af235);
        $step!(3, $c $d $a $b, 2, 15, 17, 0x2ad7d2bb);
        $step!(3, $b $c $d $a, 9, 21, 11, 0xeb86d391);
    };
}

/// Processes two vectors at a time, since a step of one can run while a step of the other waits for its operands.
#[target_feature(enable = "avx2")]
fn compress_vectors(states: &mut [State], messages: &[&[Block]]) {
    let (states, messages) = (states.as_chunks_mut::<VECTOR>().0, messages.as_chunks::<VECTOR>().0);
    let mut pairs = states.chunks_exact_mut(2);
    let mut pairs_of_messages = messages.chunks_exact(2);
    for (states, messages) in pairs.by_ref().zip(pairs_of_messages.by_ref()) {
        if let ([one, two], [messages_of_one, messages_of_two]) = (states, messages) {
            compress_two(one, two, messages_of_one, messages_of_two);
        }
    }
    for (states, messages) in pairs.into_remainder().iter_mut().zip(pairs_of_messages.remainder()) {
        compress_one(states, messages);
    }
}

#[target_feature(enable = "avx2")]
fn compress_one(states: &mut [State; VECTOR], messages: &[&[Block]; VECTOR]) {
    let [mut a, mut b, mut c, mut d] = gather(states);
    for number in 0..blocks_of(messages) {
        let words = words(messages, number);
        let (a0, b0, c0, d0) = (a, b, c, d);
        macro_rules! step {
            ($round:literal, $a:ident $b:ident $c:ident $d:ident, $word:literal, $left:literal, $right:literal, $k:literal) => {
                $a = step::<$round, $left, $right>($a, $b, $c, $d, words[$word], $k);
            };
        }
        for_each_step!(step, a b c d);
        a = _mm256_add_epi32(a, a0);
        b = _mm256_add_epi32(b, b0);
        c = _mm256_add_epi32(c, c0);
        d = _mm256_add_epi32(d, d0);
    }
    scatter([a, b, c, d], states);
}

#[target_feature(enable = "avx2")]
fn compress_two(
    one: &mut [State; VECTOR],
    two: &mut [State; VECTOR],
    messages_of_one: &[&[Block]; VECTOR],
    messages_of_two: &[&[Block]; VECTOR],
) {
    /// The same word of the states in both vectors.
    #[derive(Clone, Copy)]
    struct Both(__m256i, __m256i);

    let (first, second) = (gather(one), gather(two));
    let mut a = Both(first[0], second[0]);
    let mut b = Both(first[1], second[1]);
    let mut c = Both(first[2], second[2]);
    let mut d = Both(first[3], second[3]);
    for number in 0..blocks_of(messages_of_one).min(blocks_of(messages_of_two)) {
        let (first, second) = (words(messages_of_one, number), words(messages_of_two, number));
        let (a0, b0, c0, d0) = (a, b, c, d);
        macro_rules! step {
            ($round:literal, $a:ident $b:ident $c:ident $d:ident, $word:literal, $left:literal, $right:literal, $k:literal) => {
                $a.0 = step::<$round, $left, $right>($a.0, $b.0, $c.0, $d.0, first[$word], $k);
                $a.1 = step::<$round, $left, $right>($a.1, $b.1, $c.1, $d.1, second[$word], $k);
            };
        }
        for_each_step!(step, a b c d);
        a = Both(_mm256_add_epi32(a.0, a0.0), _mm256_add_epi32(a.1, a0.1));
        b = Both(_mm256_add_epi32(b.0, b0.0), _mm256_add_epi32(b.1, b0.1));
        c = Both(_mm256_add_epi32(c.0, c0.0), _mm256_add_epi32(c.1, c0.1));
        d = Both(_mm256_add_epi32(d.0, d0.0), _mm256_add_epi32(d.1, d0.1));
    }
    scatter([a.0, b.0, c.0, d.0], one);
    scatter([a.1, b.1, c.1, d.1], two);
}

/// One step of MD5 on eight messages.
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

/// Returns the number of blocks of the shortest message.
fn blocks_of(messages: &[&[Block]; VECTOR]) -> usize {
    messages.iter().map(|message| message.len()).min().unwrap_or(0)
}

/// Returns a vector for each of the 16 words of the block with this number.
// Lanes are written out, since code for AVX2 cannot be inlined into iterator adaptors, which are compiled without it.
#[inline]
#[target_feature(enable = "avx2")]
fn words(messages: &[&[Block]; VECTOR], number: usize) -> [__m256i; 16] {
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

/// Loads half of a block, beginning at byte `FROM`.
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

/// Turns vectors of the eight words of one message into vectors of one word of the eight messages.
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

/// Returns a vector for each word of the states.
#[inline]
#[target_feature(enable = "avx2")]
fn gather(states: &[State; VECTOR]) -> [__m256i; 4] {
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

/// Writes the vectors back to the states.
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
