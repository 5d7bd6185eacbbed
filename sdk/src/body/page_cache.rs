//! What of files the system has in memory.

#[cfg(target_os = "linux")]
pub(super) use linux::{fetch, read};
#[cfg(not(target_os = "linux"))]
pub(super) use unknown::{fetch, read};

/// Elsewhere nobody can say that he does not want to wait for a disk.
pub(super) const IS_KNOWN: bool = cfg!(target_os = "linux");

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::IoSliceMut;
    use std::num::NonZeroU64;
    use std::ops::Range;

    use rustix::fs::{Advice, fadvise};
    use rustix::io::{ReadWriteFlags, preadv2};

    /// Fills the buffer, if that needs no disk.
    pub(in crate::body) fn read(file: &File, buffer: &mut [u8], offset: u64) -> bool {
        let length = buffer.len();
        // Whatever keeps it from that, who may wait finds out.
        preadv2(file, &mut [IoSliceMut::new(buffer)], offset, ReadWriteFlags::NOWAIT).is_ok_and(|read| read == length)
    }

    /// Has bytes brought into memory that will be read soon.
    pub(in crate::body) fn fetch(file: &File, bytes: Range<u64>) {
        // No length at all would be all there is.
        let Some(length) = NonZeroU64::new(bytes.end.saturating_sub(bytes.start)) else { return };
        if let Err(error) = fadvise(file, bytes.start, Some(length), Advice::WillNeed) {
            tracing::trace!(%error, "a file is read without being fetched ahead");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod unknown {
    use std::fs::File;
    use std::ops::Range;

    pub(in crate::body) fn read(_: &File, _: &mut [u8], _: u64) -> bool {
        false
    }

    pub(in crate::body) fn fetch(_: &File, _: Range<u64>) {}
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::time::{Duration, Instant};

    use rustix::fs::{Advice, fadvise};

    use super::*;

    #[test]
    fn what_is_not_in_memory_is_left_to_who_may_wait_until_it_was_fetched() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let content: Vec<u8> = (0..1_u32 << 20).map(|i| (i % 251) as u8).collect();
        std::fs::write(file.path(), &content).unwrap();
        file.as_file().sync_all().unwrap();
        let mut buffer = vec![0; 1000];
        let mut read_at = |offset: u64| {
            let is_read = read(file.as_file(), &mut buffer, offset);
            assert!(!is_read || buffer == content[offset as usize..][..1000]);
            is_read
        };
        let was_in_memory = read_at(500_000);
        fadvise(file.as_file(), 0, None, Advice::DontNeed).unwrap();
        if !was_in_memory || read_at(500_000) {
            println!("not tried: this file system does not say what is in memory, or keeps everything there");
            return;
        }
        fetch(file.as_file(), 400_000..600_000);
        let limit = Instant::now() + Duration::from_secs(60);
        while !read_at(500_000) {
            assert!(Instant::now() < limit, "it does not come");
            std::thread::yield_now();
        }
        assert!(!read_at((content.len() - 999) as u64), "there are not so many bytes");
    }
}
