//! The HTTP status of the outputs of operations.

use qingstor_sdk::operations::*;

/// The output of an operation.
pub(crate) trait HasStatus {
    /// Returns the HTTP status of the response.
    fn status(&self) -> u16;
}

macro_rules! impl_has_status {
    ($($output:ty),+ $(,)?) => {
        $(impl HasStatus for $output {
            fn status(&self) -> u16 {
                self.response.status.as_u16()
            }
        })+
    };
}

impl_has_status!(
    AbortMultipartUploadOutput,
    AppendObjectOutput,
    CompleteMultipartUploadOutput,
    DeleteBucketOutput,
    DeleteBucketCNAMEOutput,
    DeleteBucketCORSOutput,
    DeleteBucketExternalMirrorOutput,
    DeleteBucketLifecycleOutput,
    DeleteBucketLoggingOutput,
    DeleteBucketNotificationOutput,
    DeleteBucketPolicyOutput,
    DeleteBucketReplicationOutput,
    DeleteMultipleObjectsOutput,
    DeleteObjectOutput,
    GetBucketACLOutput,
    GetBucketCNAMEOutput,
    GetBucketCORSOutput,
    GetBucketExternalMirrorOutput,
    GetBucketLifecycleOutput,
    GetBucketLoggingOutput,
    GetBucketNotificationOutput,
    GetBucketPolicyOutput,
    GetBucketReplicationOutput,
    GetBucketStatisticsOutput,
    GetBucketVersioningOutput,
    HeadBucketOutput,
    HeadObjectOutput,
    InitiateMultipartUploadOutput,
    ListBucketsOutput,
    ListMultipartOutput,
    ListMultipartUploadsOutput,
    ListObjectVersionsOutput,
    ListObjectsOutput,
    OptionsObjectOutput,
    PostObjectOutput,
    PutBucketOutput,
    PutBucketACLOutput,
    PutBucketCNAMEOutput,
    PutBucketCORSOutput,
    PutBucketExternalMirrorOutput,
    PutBucketLifecycleOutput,
    PutBucketLoggingOutput,
    PutBucketNotificationOutput,
    PutBucketPolicyOutput,
    PutBucketReplicationOutput,
    PutBucketVersioningOutput,
    PutObjectOutput,
    UploadMultipartOutput,
);
