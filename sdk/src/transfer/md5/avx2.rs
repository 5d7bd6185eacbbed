//! MD5 (RFC 1321) of sixteen messages, one in each lane of two of AVX2's vectors.
//!
//! One message cannot make use of a vector, because each of its 64 steps waits for the one before.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_extract_epi32, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setr_epi64x, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use multiversion::multiversion;
use multiversion::target::match_target;

use super::steps::for_each_step;
use super::{Block, State, VECTOR};

/// Goes on with each message by as many blocks as the shortest has; `false`, and nothing done, where there is no AVX2.
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

/// Two vectors at a time: while a step of one waits for its result, the other's goes on.
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
    /// The same words of both.
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

fn blocks_of(messages: &[&[Block]; VECTOR]) -> usize {
    messages.iter().map(|message| message.len()).min().unwrap_or(0)
}

/// A vector for each word of the block with this number.
// Adaptors of iterators and arrays are not compiled for AVX2, and nothing that is can be inlined into them: what is done
// for each lane is written out.
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
