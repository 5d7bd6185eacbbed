//! Steps about bucket settings that name another site, bucket or domain: external mirror, logging and CNAME.

use cucumber::gherkin::Step;
use cucumber::{then, when};
use qingstor_sdk::operations::{
    DeleteBucketCNAMEInput, DeleteBucketExternalMirrorInput, DeleteBucketLoggingInput, GetBucketCNAMEInput,
    GetBucketCNAMEOutput, GetBucketExternalMirrorInput, GetBucketExternalMirrorOutput, GetBucketLoggingInput,
    GetBucketLoggingOutput, PutBucketCNAMEInput, PutBucketExternalMirrorInput, PutBucketLoggingInput,
};
use qingstor_sdk::types::CnameType;

use super::document;
use crate::scenarios::context::Context;

#[when("put bucket external mirror:")]
async fn put_mirror(context: &mut Context, step: &Step) {
    let site: String = document(step, "source_site");
    let result = context.bucket().put_bucket_external_mirror(PutBucketExternalMirrorInput::new(site)).await;
    context.record("put bucket external mirror", result);
}

#[when("get bucket external mirror")]
async fn get_mirror(context: &mut Context) {
    let result = context.bucket().get_bucket_external_mirror(GetBucketExternalMirrorInput::new()).await;
    context.record("get bucket external mirror", result);
}

#[then(regex = r#"^get bucket external mirror should have source_site "(.+)"$"#)]
fn source_site_is(context: &mut Context, site: String) {
    let output: &GetBucketExternalMirrorOutput = context.output("get bucket external mirror");
    assert_eq!(output.source_site, Some(site));
}

#[when("delete bucket external mirror")]
async fn delete_mirror(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_external_mirror(DeleteBucketExternalMirrorInput::new()).await;
    context.record("delete bucket external mirror", result);
    let mirror = bucket.get_bucket_external_mirror(GetBucketExternalMirrorInput::new()).await.unwrap();
    assert_eq!(mirror.source_site, None);
}

#[when("put bucket logging:")]
async fn put_logging(context: &mut Context, step: &Step) {
    let (bucket, prefix): (String, String) = (document(step, "target_bucket"), document(step, "target_prefix"));
    let result = context.bucket().put_bucket_logging(PutBucketLoggingInput::new(bucket, prefix)).await;
    context.record("put bucket logging", result);
}

#[when("get bucket logging")]
async fn get_logging(context: &mut Context) {
    let result = context.bucket().get_bucket_logging(GetBucketLoggingInput::new()).await;
    context.record("get bucket logging", result);
}

#[then(regex = r#"^get bucket logging target is prefix "(.+)" in bucket "(.+)"$"#)]
fn logging_target_is(context: &mut Context, prefix: String, bucket: String) {
    let output: &GetBucketLoggingOutput = context.output("get bucket logging");
    assert_eq!((&output.target_bucket, &output.target_prefix), (&Some(bucket), &Some(prefix)));
}

#[when("delete bucket logging")]
async fn delete_logging(context: &mut Context) {
    let bucket = context.bucket();
    let result = bucket.delete_bucket_logging(DeleteBucketLoggingInput::new()).await;
    context.record("delete bucket logging", result);
    let logging = bucket.get_bucket_logging(GetBucketLoggingInput::new()).await.unwrap();
    assert_eq!((logging.target_bucket, logging.target_prefix), (None, None));
}

#[when(regex = r#"^put bucket CNAME "([^"]+)"$"#)]
async fn put_cname(context: &mut Context, domain: String) {
    let result = context.bucket().put_bucket_cname(PutBucketCNAMEInput::new(domain)).await;
    context.record("put bucket CNAME", result);
}

#[when(regex = r#"^put bucket CNAME "([^"]+)" of type "([^"]+)"$"#)]
async fn put_cname_of_type(context: &mut Context, domain: String, kind: String) {
    let input = PutBucketCNAMEInput::new(domain).r#type(CnameType::from(kind.as_str()));
    let result = context.bucket().put_bucket_cname(input).await;
    context.record("put bucket CNAME", result);
}

#[when("get bucket CNAME")]
async fn get_cname(context: &mut Context) {
    let result = context.bucket().get_bucket_cname(GetBucketCNAMEInput::new()).await;
    context.record("get bucket CNAME", result);
}

#[when(regex = r#"^get bucket CNAME of type "([^"]+)"$"#)]
async fn get_cname_of_type(context: &mut Context, kind: String) {
    let input = GetBucketCNAMEInput::new().r#type(CnameType::from(kind.as_str()));
    let result = context.bucket().get_bucket_cname(input).await;
    context.record("get bucket CNAME", result);
}

#[then(regex = r#"^get bucket CNAME domains are "(.*)"$"#)]
fn domains_are(context: &mut Context, expected: String) {
    let output: &GetBucketCNAMEOutput = context.output("get bucket CNAME");
    let mut domains: Vec<&str> = output.cname_records.iter().filter_map(|record| record.domain.as_deref()).collect();
    domains.sort_unstable();
    assert_eq!(domains.join(", "), expected);
    assert_eq!(output.count, Some(domains.len() as u64));
}

#[when(regex = r#"^delete bucket CNAME "([^"]+)"$"#)]
async fn delete_cname(context: &mut Context, domain: String) {
    let result = context.bucket().delete_bucket_cname(DeleteBucketCNAMEInput::new(domain)).await;
    context.record("delete bucket CNAME", result);
}
