//! The operations of the API that are served, in one table: routing reads it, and so may anyone who wants to know.

/// An operation of the API that the emulator serves.
#[derive(Clone, Copy, Debug)]
pub struct ServedOperation {
    id: &'static str,
    method: &'static str,
    paths: &'static [&'static str],
    operation: Operation,
}

impl ServedOperation {
    /// The operation's `operationId` in the official specification.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The HTTP method, in capitals.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The path as the official documentation has it, such as `/{bucketName}?acl`: with the sub-resource, and without
    /// other query parameters.
    pub fn path(&self) -> &'static str {
        self.paths.first().copied().unwrap_or_default()
    }

    /// All paths that lead to it, [`path`](Self::path) first.
    pub fn paths(&self) -> &'static [&'static str] {
        self.paths
    }

    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }
}

/// The operations that the emulator serves, by the ids of the official specification. What is missing here is answered
/// with 501 and the code `not_implemented`.
///
/// ```
/// let served = qingstor_emulator::operations();
/// let acl = served.iter().find(|operation| operation.id() == "GetBucketACL").unwrap();
/// assert_eq!((acl.method(), acl.path()), ("GET", "/{bucketName}?acl"));
/// ```
pub fn operations() -> &'static [ServedOperation] {
    OPERATIONS
}

macro_rules! operations {
    ($($id:ident $method:literal $($path:literal)+,)*) => {
        /// What a request asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation { $($id,)* }

        const OPERATIONS: &[ServedOperation] = &[$(
            ServedOperation { id: stringify!($id), method: $method, paths: &[$($path),+], operation: Operation::$id },
        )*];
    };
}

operations! {
    ListBuckets "GET" "/",

    PutBucket "PUT" "/{bucketName}",
    ListObjects "GET" "/{bucketName}",
    HeadBucket "HEAD" "/{bucketName}",
    DeleteBucket "DELETE" "/{bucketName}",
    DeleteMultipleObjects "POST" "/{bucketName}?delete",
    ListMultipartUploads "GET" "/{bucketName}?uploads",
    GetBucketStatistics "GET" "/{bucketName}?stats",
    PutBucketVersioning "PUT" "/{bucketName}?versioning",
    GetBucketVersioning "GET" "/{bucketName}?versioning",
    ListObjectVersions "GET" "/{bucketName}?versions",

    PutBucketACL "PUT" "/{bucketName}?acl",
    GetBucketACL "GET" "/{bucketName}?acl",
    PutBucketCORS "PUT" "/{bucketName}?cors",
    GetBucketCORS "GET" "/{bucketName}?cors",
    DeleteBucketCORS "DELETE" "/{bucketName}?cors",
    PutBucketPolicy "PUT" "/{bucketName}?policy",
    GetBucketPolicy "GET" "/{bucketName}?policy",
    DeleteBucketPolicy "DELETE" "/{bucketName}?policy",
    PutBucketExternalMirror "PUT" "/{bucketName}?mirror",
    GetBucketExternalMirror "GET" "/{bucketName}?mirror",
    DeleteBucketExternalMirror "DELETE" "/{bucketName}?mirror",
    PutBucketLogging "PUT" "/{bucketName}?logging",
    GetBucketLogging "GET" "/{bucketName}?logging",
    DeleteBucketLogging "DELETE" "/{bucketName}?logging",
    PutBucketCNAME "PUT" "/{bucketName}?cname",
    GetBucketCNAME "GET" "/{bucketName}?cname",
    DeleteBucketCNAME "DELETE" "/{bucketName}?cname",
    PutBucketLifecycle "PUT" "/{bucketName}?lifecycle",
    GetBucketLifecycle "GET" "/{bucketName}?lifecycle",
    DeleteBucketLifecycle "DELETE" "/{bucketName}?lifecycle",
    PutBucketNotification "PUT" "/{bucketName}?notification",
    GetBucketNotification "GET" "/{bucketName}?notification",
    DeleteBucketNotification "DELETE" "/{bucketName}?notification",
    PutBucketReplication "PUT" "/{bucketName}?replication",
    GetBucketReplication "GET" "/{bucketName}?replication",
    DeleteBucketReplication "DELETE" "/{bucketName}?replication",

    PutObject "PUT" "/{bucketName}/{objectKey}",
    GetObject "GET" "/{bucketName}/{objectKey}",
    HeadObject "HEAD" "/{bucketName}/{objectKey}",
    DeleteObject "DELETE" "/{bucketName}/{objectKey}",
    OptionsObject "OPTIONS" "/{bucketName}/{objectKey}",
    // Documented for the bucket; QingStor's own specification has it at the object.
    PostObject "POST" "/{bucketName}" "/{bucketName}/{objectKey}",
    AppendObject "POST" "/{bucketName}/{objectKey}?append",
    InitiateMultipartUpload "POST" "/{bucketName}/{objectKey}?uploads",
    UploadMultipart "PUT" "/{bucketName}/{objectKey}?upload_id",
    ListMultipart "GET" "/{bucketName}/{objectKey}?upload_id",
    CompleteMultipartUpload "POST" "/{bucketName}/{objectKey}?upload_id",
    AbortMultipartUpload "DELETE" "/{bucketName}/{objectKey}?upload_id",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_and_each_route_is_there_once() {
        for (index, one) in operations().iter().enumerate() {
            for other in &operations()[index + 1..] {
                assert_ne!(one.id, other.id);
                let is_shared = one.paths.iter().any(|path| other.paths.contains(path));
                assert!(one.method != other.method || !is_shared, "{} and {}", one.id, other.id);
            }
        }
    }
}
