//! Deleting many objects at once, each as it is deleted alone. The service knows no version of an object here.

use serde::{Deserialize, Serialize};

use super::complete::parse;
use super::{Call, ok};
use crate::error::{Code, Error};
use crate::limits::DELETES;
use crate::payload::Payload;
use crate::response::Answer;

#[derive(Deserialize)]
struct Wanted {
    objects: Vec<Key>,
    #[serde(default)]
    quiet: bool,
}

#[derive(Serialize, Deserialize)]
struct Key {
    key: String,
}

#[derive(Serialize)]
struct Done {
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Vec<Key>>,
    errors: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    key: String,
    code: &'static str,
    message: String,
}

pub(super) async fn delete_multiple(call: Call<'_>, bucket: &str, payload: &mut Payload) -> Result<Answer, Error> {
    if !payload.has_md5() {
        return Err(Error::invalid_argument("Content-MD5 is required"));
    }
    let wanted: Wanted = parse(&payload.json().await?)?;
    if wanted.objects.len() > DELETES {
        let message = format!("at most {DELETES} objects can be deleted at once");
        return Err(Error::new(Code::TooManyObjects, message));
    }
    call.store().bucket(bucket)?;
    let bucket = bucket.to_owned();
    let now = call.now;
    let done = call
        .change(move |store| {
            let (mut deleted, mut errors) = (Vec::new(), Vec::new());
            for Key { key } in wanted.objects {
                match store.delete_object(&bucket, &key, now) {
                    Ok(_) => deleted.push(Key { key }),
                    Err(error) => {
                        errors.push(Failed { key, code: error.code().as_str(), message: error.message().to_owned() })
                    }
                }
            }
            let deleted = Some(deleted).filter(|_| !wanted.quiet);
            Ok(Done { deleted, errors })
        })
        .await?;
    Ok(ok(&done))
}
