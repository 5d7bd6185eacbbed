//! Reading, writing, moving and deleting objects.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::Arc;

use super::record::ObjectRecord;
use super::{NewObject, Object, Store};
use crate::error::{Code, Error};
use crate::ids;

impl Store {
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Arc<Object>, Error> {
        self.lock().bucket(bucket)?.objects.get(key).cloned().ok_or_else(|| no_object(key))
    }

    /// Reads the objects of a bucket, in the order of their keys' bytes.
    pub(crate) fn with_objects<T>(
        &self,
        bucket: &str,
        read: impl FnOnce(&BTreeMap<String, Arc<Object>>) -> T,
    ) -> Result<T, Error> {
        Ok(read(&self.lock().bucket(bucket)?.objects))
    }

    pub(crate) fn put_object(&self, bucket: &str, content: NewObject) -> Result<(), Error> {
        let object = new_object(content);
        let record = self.layout.stage(&ObjectRecord::new(&object, None))?;
        let replaced = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            let path = self.layout.object(&bucket.id, &object.content.key);
            record.persist(path).map_err(|error| error.error)?;
            bucket.objects.insert(object.content.key.clone(), Arc::new(object))
        };
        // Deletes files: not while everyone waits. The same below.
        drop(replaced);
        Ok(())
    }

    /// Puts `source` under another name, if it is still what it was.
    pub(crate) fn move_object(&self, from: (&str, &Object), to: &str, content: NewObject) -> Result<(), Error> {
        let (from, source) = from;
        let object = new_object(content);
        let record = ObjectRecord::new(&object, Some(source.id.clone()));
        let record = self.layout.stage(&record)?;
        let dropped = {
            let mut index = self.lock();
            let origin = index.bucket(from)?;
            let key = source.content.key.as_str();
            if origin.objects.get(key).map(|found| found.id.as_str()) != Some(source.id.as_str()) {
                return Err(no_object(key));
            }
            let old_path = self.layout.object(&origin.id, key);
            let target = index.bucket_mut(to)?;
            let new_path = self.layout.object(&target.id, &object.content.key);
            record.persist(new_path).map_err(|error| error.error)?;
            let replaced = target.objects.insert(object.content.key.clone(), Arc::new(object));
            // From here on the move has happened; should the file stay, the next start takes it away.
            let _ = fs::remove_file(old_path);
            let moved = index.bucket_mut(from)?.objects.remove(key);
            (replaced, moved)
        };
        drop(dropped);
        Ok(())
    }

    /// Deletes an object, if there is one.
    pub(crate) fn delete_object(&self, bucket: &str, key: &str) -> Result<(), Error> {
        let removed = {
            let mut index = self.lock();
            let bucket = index.bucket_mut(bucket)?;
            if bucket.objects.contains_key(key) {
                match fs::remove_file(self.layout.object(&bucket.id, key)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error.into());
                    }
                    _ => {}
                }
            }
            bucket.objects.remove(key)
        };
        drop(removed);
        Ok(())
    }
}

pub(crate) fn new_object(content: NewObject) -> Object {
    Object { id: ids::sequential(content.modified), size: super::total(&content.extents), content }
}

fn no_object(key: &str) -> Error {
    Error::new(Code::ObjectNotExists, format!("there is no object \"{key}\""))
}
