//! The status, which every output has.

use qingstor_sdk::operations::*;

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
