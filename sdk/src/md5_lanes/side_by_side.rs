//! MD5 (RFC 1321) of sixteen messages, one in each lane of two vectors.
//!
//! One message cannot make use of a vector, because each of its 64 steps waits for the one before.

/// Defines `compress` for what one kind of processor has: its name as a target, its features, and how it makes a step.
macro_rules! side_by_side {
    ($target:literal, $features:literal, $one_step:ident) => {
        use multiversion::multiversion;
        use multiversion::target::match_target;

        use crate::md5_lanes::steps::for_each_step;
        use crate::md5_lanes::vectors::{blocks_of, gather, scatter, words};
        use crate::md5_lanes::{Block, State, VECTOR};

        /// Goes on with each message by as many blocks as the shortest has; `false`, and nothing done, on another processor.
        #[multiversion(targets($target))]
        pub(super) fn compress(states: &mut [State], messages: &[&[Block]]) -> bool {
            match_target! {
                $target => {
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
        #[target_feature(enable = $features)]
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

        #[target_feature(enable = $features)]
        fn compress_one(states: &mut [State; VECTOR], messages: &[&[Block]; VECTOR]) {
            let [mut a, mut b, mut c, mut d] = gather(states);
            for number in 0..blocks_of(messages) {
                let words = words(messages, number);
                let (a0, b0, c0, d0) = (a, b, c, d);
                macro_rules! step {
                    ($round:literal, $a:ident $b:ident $c:ident $d:ident, $word:literal, $left:literal, $right:literal, $k:literal) => {
                        $a = $one_step::<$round, $left, $right>($a, $b, $c, $d, words[$word], $k);
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

        #[target_feature(enable = $features)]
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
                        $a.0 = $one_step::<$round, $left, $right>($a.0, $b.0, $c.0, $d.0, first[$word], $k);
                        $a.1 = $one_step::<$round, $left, $right>($a.1, $b.1, $c.1, $d.1, second[$word], $k);
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
    };
}

pub(super) use side_by_side;
