//! The steps of MD5 (RFC 1321, section 3.4).

/// Makes the 64 steps of a block with `step!`, which gets the round, the words of the state in the order of the step, the word
/// of the block, by how many bits to rotate left and, what is the same, right, and the constant.
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

pub(super) use for_each_step;
