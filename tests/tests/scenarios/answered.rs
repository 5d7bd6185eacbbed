//! The status, which every output has.

use qingstor_sdk::*;

/// The output of any operation.
pub(crate) trait Answered {
    /// HTTP status.
    fn status(&self) -> u16;
}

macro_rules! answered {
    ($($output:ty),+ $(,)?) => {
        $(impl Answered for $output {
            fn status(&self) -> u16 {
                self.response.status.as_u16()
            }
        })+
    };
}

answered!(
    AbortMultipartUploadOutput,
    CompleteMultipartUploadOutput,
    DeleteBucketOutput,
    DeleteMultipleObjectsOutput,
    DeleteObjectOutput,
    HeadBucketOutput,
    HeadObjectOutput,
    InitiateMultipartUploadOutput,
    ListBucketsOutput,
    ListMultipartOutput,
    ListMultipartUploadsOutput,
    ListObjectsOutput,
    PutBucketOutput,
    PutObjectOutput,
    UploadMultipartOutput,
);
