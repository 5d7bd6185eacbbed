//! Moving an object: a version here, and a deletion there, of which a killed process may have done only the first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::commit::Committed;
use super::layout::read_record;
use super::objects::{announced, new_object, no_object};
use super::record::ObjectRecord;
use super::version::Content;
use super::versioning::Versioning;
use super::{Bucket, NewObject, Object, Store};
use crate::clock::Moment;
use crate::error::Error;

/// A move whose source was still there when its process was killed.
#[derive(Debug)]
pub(super) struct UnfinishedMove {
    pub(super) bucket: String,
    pub(super) key: String,
    /// The object that was moved.
    pub(super) object: String,
    pub(super) moved: Moment,
    /// The record of what the object has become.
    pub(super) target: PathBuf,
}

impl Store {
    /// Puts `source` under another name, if it is still what it was, and deletes it where it was. The answer is the
    /// name of the new version, if the target's bucket keeps versions. If the source cannot be deleted, the target is
    /// what it was before.
    pub(crate) fn move_object(
        &self,
        from: (&str, &Object),
        to: &str,
        content: NewObject,
    ) -> Result<Option<String>, Error> {
        let (from, source) = from;
        let key = source.content.key.as_str();
        let moved = content.modified;
        let object = Object { is_appendable: source.is_appendable, ..new_object(content) };
        let new_key = object.content.key.clone();
        let staged = self.stage(Content::Object(Arc::new(object)), Some(source.id.clone()))?;
        let (id, _dropped_unlocked) = {
            let mut index = self.lock();
            if index.bucket(from)?.objects.get(key).map(|found| found.id.as_str()) != Some(source.id.as_str()) {
                return Err(no_object(key));
            }
            let target = index.bucket_mut(to)?;
            let committed = self.commit(target, staged)?;
            let record = self.layout.version(&target.id, &new_key, committed.id);
            let origin = index.bucket_mut(from)?;
            let removed = match self.delete_latest(origin, key, moved) {
                Ok((_, removed)) => removed,
                Err(error) => {
                    // Should it fail too, the next start finishes the move.
                    let _ = self.take_back(index.bucket_mut(to)?, &new_key, committed);
                    return Err(error.into());
                }
            };
            if origin.versioning != Versioning::Disabled {
                // Should it fail, the next start does it.
                let _ = self.forget_source(&record);
            }
            (committed.id, (committed.replaced, removed))
        };
        Ok(announced(id))
    }

    /// Brings back what was there before a version was committed.
    fn take_back(&self, bucket: &mut Bucket, key: &str, committed: Committed) -> io::Result<()> {
        match committed.replaced {
            Some(replaced) => self.rewrite(bucket, replaced).map(drop),
            None => self.remove(bucket, key, committed.id).map(drop),
        }
    }

    /// Deletes what has been moved already.
    pub(super) fn finish_move(&self, unfinished: &UnfinishedMove) -> io::Result<()> {
        let mut index = self.lock();
        let Some(bucket) = index.buckets.get_mut(&unfinished.bucket) else {
            return Ok(());
        };
        if bucket.objects.get(&unfinished.key).is_some_and(|object| object.id == unfinished.object) {
            drop(self.delete_latest(bucket, &unfinished.key, unfinished.moved)?);
        }
        self.forget_source(&unfinished.target)
    }

    /// Takes the source of a move out of the record of its target. A source that stays as an earlier version can come
    /// to be served again, and must not be deleted a second time then.
    fn forget_source(&self, path: &Path) -> io::Result<()> {
        let mut record: ObjectRecord = read_record(path)?;
        record.consumed = None;
        self.layout.stage(&record)?.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}
