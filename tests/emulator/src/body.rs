//! Bodies of answers. Objects are read from their files in bounded pieces, the next one while the last one is sent.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::store::{Extent, total};

const PIECE: u64 = 256 * 1024;

#[derive(Debug)]
pub(crate) enum ResponseBody {
    Bytes(Option<Bytes>),
    Object(ObjectBody),
}

impl ResponseBody {
    pub(crate) fn empty() -> Self {
        Self::Bytes(None)
    }

    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(Some(bytes.into()).filter(|bytes| !bytes.is_empty()))
    }

    pub(crate) fn extents(extents: Vec<Extent>) -> Self {
        Self::Object(ObjectBody { left: total(&extents), reading: None, reader: Some(ExtentReader::new(extents)) })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Object(object) => object.poll_piece(context).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_none(),
            Self::Object(object) => object.left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Bytes(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Object(object) => object.left,
        })
    }
}

type Reading = JoinHandle<(ExtentReader, io::Result<Bytes>)>;

#[derive(Debug)]
pub(crate) struct ObjectBody {
    left: u64,
    /// The reader is here or in the task that reads.
    reader: Option<ExtentReader>,
    reading: Option<Reading>,
}

impl ObjectBody {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if let Some(reader) = self.reader.take() {
            self.reading = Some(read_on(reader));
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(Some(Err(io::Error::other("the read ended before its time"))));
        };
        let joined = match Pin::new(reading).poll(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(joined) => joined,
        };
        self.reading = None;
        let (reader, result) = joined.map_err(io::Error::other)?;
        if let Ok(bytes) = &result {
            self.left = self.left.saturating_sub(bytes.len() as u64);
            if self.left > 0 {
                self.reading = Some(read_on(reader));
            }
        }
        Poll::Ready(Some(result))
    }
}

fn read_on(mut reader: ExtentReader) -> Reading {
    spawn_blocking(move || {
        let piece = reader.read();
        (reader, piece)
    })
}

/// Reads extents one after another. One file is open at a time; all of them are kept from being deleted.
#[derive(Debug)]
pub(crate) struct ExtentReader {
    extents: std::vec::IntoIter<Extent>,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    file: File,
    left: u64,
    extent: Extent,
}

impl ExtentReader {
    pub(crate) fn new(extents: Vec<Extent>) -> Self {
        Self { extents: extents.into_iter(), current: None }
    }

    /// The next piece, empty at the end. Blocks.
    pub(crate) fn read(&mut self) -> io::Result<Bytes> {
        if self.current.is_none() {
            let Some(extent) = self.extents.next() else {
                return Ok(Bytes::new());
            };
            let mut file = extent.segment.open()?;
            file.seek(SeekFrom::Start(extent.offset))?;
            self.current = Some(Current { file, left: extent.length, extent });
        }
        let Some(current) = &mut self.current else {
            return Ok(Bytes::new());
        };
        let wanted = current.left.min(PIECE);
        let mut piece = Vec::with_capacity(wanted as usize);
        (&mut current.file).take(wanted).read_to_end(&mut piece)?;
        if piece.len() as u64 != wanted {
            let message = format!("segment {} is shorter than it should be", current.extent.segment.id());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        current.left -= wanted;
        if current.left == 0 {
            self.current = None;
        }
        Ok(piece.into())
    }
}
