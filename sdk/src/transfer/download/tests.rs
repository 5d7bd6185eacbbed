use super::*;
use crate::transfer::part_size::MIB;
use crate::{Config, QingStor};

#[test]
fn what_nobody_chooses_is_as_documented() {
    let bucket =
        QingStor::new(Config::new("ID", "secret").endpoint("http://localhost:9000")).unwrap().bucket("b", None);
    let Options { part_size, concurrency, checksum, bandwidth, .. } = Download::new(&bucket, "k".to_owned()).options;
    assert_eq!((part_size, concurrency, checksum), (8 * MIB, 8, Some(Checksum::Md5)));
    assert_eq!(bandwidth, None);
}
