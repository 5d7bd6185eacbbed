//! HTML forms that upload a file: fields first, then the file, of which no more than a piece is in memory at a time.

mod fields;
mod policy;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream::try_unfold;
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::task::yield_now;

pub(crate) use fields::Fields;
pub(crate) use policy::check_policy;

use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::limits;
use crate::payload::{Payload, too_large};
use crate::receive::{Batch, Receiver};
use crate::store::{Received, Store};

const FILE: &str = "file";

/// A form as it comes in.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    parts: Multipart<'a>,
    allowance: Arc<Allowance>,
}

/// The one field that is no text.
#[derive(Debug)]
pub(crate) struct File<'a> {
    field: Field<'a>,
    allowance: Arc<Allowance>,
}

/// How far the body may be read at this point. The library that takes the form apart keeps headers whole in memory,
/// however long they are.
#[derive(Debug)]
struct Allowance {
    end: AtomicU64,
    read: AtomicU64,
}

impl Allowance {
    fn extend(&self, bytes: u64) {
        self.end.store(self.read.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
    }

    fn check(&self, read: u64) -> Result<(), Error> {
        self.read.store(read, Ordering::Relaxed);
        if read < self.end.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = format!("the form has more than {} bytes beside its file", limits::FORM);
        Err(Error::new(Code::EntityTooLarge, message))
    }
}

impl<'a> Form<'a> {
    pub(crate) fn open(payload: &'a mut Payload, content_type: &str) -> Result<Self, Error> {
        let boundary = multer::parse_boundary(content_type)
            .map_err(|error| Error::invalid_argument(format!("the form's Content-Type is no good: {error}")))?;
        let allowance = Arc::new(Allowance { end: AtomicU64::new(limits::FORM), read: AtomicU64::new(0) });
        let size = SizeLimit::new().per_field(limits::FORM_FIELD).for_field(FILE, limits::BODY);
        let frames = try_unfold((payload, Arc::clone(&allowance)), |(payload, allowance)| async move {
            allowance.check(payload.bytes_read())?;
            // Otherwise the library would collect all that has arrived before it gives anything away.
            yield_now().await;
            Ok::<_, Error>(payload.next().await?.map(|frame: Bytes| (frame, (payload, allowance))))
        });
        let constraints = Constraints::new().size_limit(size);
        Ok(Self { parts: Multipart::with_constraints(frames, boundary, constraints), allowance })
    }

    /// Reads up to the file.
    pub(crate) async fn fields(&mut self) -> Result<(Fields, File<'a>), Error> {
        let mut fields = Fields::default();
        while let Some(field) = self.parts.next_field().await.map_err(broken)? {
            let Some(name) = field.name().map(str::to_ascii_lowercase).filter(|name| !name.is_empty()) else {
                return Err(Error::invalid_argument("a field of the form has no name"));
            };
            if name == FILE {
                // The size of the file is limited by itself.
                self.allowance.extend(u64::MAX / 2);
                return Ok((fields, File { field, allowance: Arc::clone(&self.allowance) }));
            }
            let value = field.bytes().await.map_err(broken)?;
            fields.add(name, value.into())?;
        }
        Err(Error::invalid_argument("the form has no field \"file\""))
    }

    /// Reads what comes after the file, and throws it away.
    pub(crate) async fn finish(mut self) -> Result<(), Error> {
        while let Some(mut field) = self.parts.next_field().await.map_err(broken)? {
            while field.chunk().await.map_err(broken)?.is_some() {}
        }
        Ok(())
    }
}

impl File<'_> {
    /// What the file is called where it comes from, without the folders it is in there.
    pub(crate) fn name(&self) -> &str {
        self.field.file_name().and_then(|name| name.rsplit(['/', '\\']).next()).unwrap_or_default()
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.field.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    }

    pub(crate) async fn store(mut self, store: &Arc<Store>, now: Moment) -> Result<Received, Error> {
        let mut receiver = Receiver::new(store);
        let mut batch = Batch::default();
        while let Some(piece) = self.field.chunk().await.map_err(broken)? {
            batch.push(piece);
            if batch.is_full() {
                receiver = receiver.write(std::mem::take(&mut batch)).await?;
            }
        }
        if !batch.is_empty() {
            receiver = receiver.write(batch).await?;
        }
        self.allowance.extend(limits::FORM);
        receiver.finish(now).await
    }
}

fn broken(error: multer::Error) -> Error {
    use multer::Error as Broken;
    match error {
        Broken::StreamReadFailed(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(cause) => Error::new(Code::InvalidRequest, format!("the form cannot be read: {cause}")),
        },
        Broken::FieldSizeExceeded { field_name, limit } => match field_name.as_deref() {
            Some(FILE) => too_large(limit),
            name => Error::new(
                Code::EntityTooLarge,
                format!("the field \"{}\" has more than {limit} bytes", name.unwrap_or_default()),
            ),
        },
        Broken::IncompleteStream | Broken::IncompleteHeaders | Broken::IncompleteFieldData { .. } => {
            Error::new(Code::IncompleteBody, "the form ended before its closing boundary")
        }
        other => Error::new(Code::InvalidRequest, format!("the form cannot be read: {other}")),
    }
}
