//! What an upload cannot change while it is under way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::object_properties::CustomerKey;
use super::object_properties::ObjectProperties;
use crate::Bucket;
use crate::types::StorageClass;

/// Where an upload goes, and what its object is given: the server took note of it when the upload began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    endpoint: String,
    zone: Option<String>,
    bucket: String,
    key: String,
    headers: NotedHeaders,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotedHeaders {
    content_type: Option<String>,
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    expires: Option<String>,
    storage_class: Option<StorageClass>,
    metadata: BTreeMap<String, String>,
    /// Which key it is, and not the key.
    encryption_key_md5: Option<String>,
}

impl Destination {
    pub(crate) fn new(bucket: &Bucket, key: &str, headers: &ObjectProperties) -> Self {
        let ObjectProperties {
            content_type,
            cache_control,
            content_disposition,
            content_encoding,
            expires,
            storage_class,
            metadata,
            encryption,
        } = headers.clone();
        Self {
            endpoint: bucket.endpoint().to_string(),
            zone: bucket.zone_in_use().map(str::to_ascii_lowercase),
            bucket: bucket.name().to_owned(),
            key: key.to_owned(),
            headers: NotedHeaders {
                content_type,
                cache_control,
                content_disposition,
                content_encoding,
                expires,
                storage_class,
                metadata,
                encryption_key_md5: encryption.as_ref().map(CustomerKey::md5),
            },
        }
    }

    /// Why what was begun with this cannot go on with another, in words; `None` if it can.
    pub(crate) fn difference(&self, now: &Self) -> Option<String> {
        if (&self.endpoint, &self.zone, &self.bucket, &self.key) != (&now.endpoint, &now.zone, &now.bucket, &now.key) {
            let zone = self.zone.as_ref().map(|zone| format!(", zone {zone:?}")).unwrap_or_default();
            return Some(format!(
                "is that of an upload to key {:?} in bucket {:?} at {}{zone}: name another file",
                self.key, self.bucket, self.endpoint
            ));
        }
        let (old, new) = (&self.headers, &now.headers);
        let settings = [
            ("content_type", old.content_type != new.content_type),
            ("cache_control", old.cache_control != new.cache_control),
            ("content_disposition", old.content_disposition != new.content_disposition),
            ("content_encoding", old.content_encoding != new.content_encoding),
            ("expires", old.expires != new.expires),
            ("storage_class", old.storage_class != new.storage_class),
            ("metadata", old.metadata != new.metadata),
            ("encryption", old.encryption_key_md5 != new.encryption_key_md5),
        ];
        let different: Vec<_> = settings.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
        (!different.is_empty()).then(|| {
            format!(
                "is that of an upload that was begun with another value of {}, which the object would keep: say the same \
                 as then, or, to begin anew, remove that file and abort the upload",
                different.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, QingStor};

    fn headers() -> ObjectProperties {
        ObjectProperties { encryption: Some(CustomerKey::aes256([7; 32])), ..ObjectProperties::default() }
    }

    fn to(config: Config, zone: Option<&str>, key: &str, headers: &ObjectProperties) -> Destination {
        Destination::new(&QingStor::new(config).unwrap().bucket("b", zone), key, headers)
    }

    fn config() -> Config {
        Config::anonymous().endpoint("https://qingstor.com")
    }

    #[test]
    fn every_setting_that_differs_is_named() {
        let before = to(config(), Some("pek3b"), "k", &headers());
        assert_eq!(before.difference(&to(config().zone("pek3b"), None, "k", &headers())), None, "the same zone");
        for (now, what) in [
            (to(config(), Some("pek3b"), "other", &headers()), "an upload to key \"k\" in bucket \"b\""),
            (to(config(), Some("sh1a"), "k", &headers()), "at https://qingstor.com, zone \"pek3b\""),
            (to(config().endpoint("https://qsstor.com"), Some("pek3b"), "k", &headers()), "at https://qingstor.com"),
            (to(config(), Some("pek3b"), "k", &ObjectProperties::default()), "another value of encryption,"),
        ] {
            let difference = before.difference(&now).unwrap();
            assert!(difference.contains(what), "{difference}");
        }
        let text = || Some("x".to_owned());
        let all = ObjectProperties {
            content_type: text(),
            cache_control: text(),
            content_disposition: text(),
            content_encoding: text(),
            expires: text(),
            storage_class: Some(StorageClass::StandardIa),
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            encryption: None,
        };
        let names = "content_type, cache_control, content_disposition, content_encoding, expires, storage_class, \
                     metadata, encryption,";
        let difference = before.difference(&to(config(), Some("pek3b"), "k", &all)).unwrap();
        assert!(difference.contains(names), "{difference}");
    }

    #[test]
    fn the_customers_key_is_not_noted() {
        let noted = serde_json::to_string(&to(config(), Some("pek3b"), "k", &headers())).unwrap();
        let key = CustomerKey::aes256([7; 32]).key();
        assert!(!noted.contains(key.expose()), "{noted}");
    }
}
