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

    /// The system reads no more at once than it reads ahead from that disk, and forgets the rest: this is the least there is.
    const AT_ONCE: u32 = 128 << 10;

    /// Has bytes brought into memory that will be read soon.
    pub(in crate::body) fn fetch(file: &File, bytes: Range<u64>) {
        let length = NonZeroU64::new(u64::from(AT_ONCE));
        let mut steps = (bytes.start..bytes.end).step_by(AT_ONCE as usize);
        let asked = steps.try_for_each(|start| fadvise(file, start, length, Advice::WillNeed));
        if let Err(error) = asked {
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
    use rustix::fs::fstatfs;

    use super::*;

    /// Of file systems that can say what they have in memory: ext4, xfs.
    const DISKS: [i64; 2] = [0xef53, 0x5846_5342];

    #[test]
    fn what_is_in_memory_is_read_and_what_is_not_there_is_left_to_who_may_wait() {
        let file = tempfile::NamedTempFile::new().unwrap();
        if !DISKS.contains(&(fstatfs(file.as_file()).unwrap().f_type as i64)) {
            println!("not tried: nobody knows what this file system has in memory");
            return;
        }
        let content: Vec<u8> = (0..1_u32 << 20).map(|i| (i % 251) as u8).collect();
        std::fs::write(file.path(), &content).unwrap();
        let mut buffer = vec![0; 1000];
        assert!(read(file.as_file(), &mut buffer, 500_000), "it was just written");
        assert!(buffer == content[500_000..501_000]);
        assert!(!read(file.as_file(), &mut buffer, content.len() as u64 - 999), "there are not so many bytes");
    }
}
