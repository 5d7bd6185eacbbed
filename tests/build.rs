//! Generates the code that sends sample inputs of every operation, and the wire snapshot test of every operation.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use qingstor_codegen::model::api::Scope;
use qingstor_codegen::rust::samples;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("..");
    let folder = root.join("specs/qingstor/2016-01-06");
    println!("cargo::rerun-if-changed={}", folder.display());
    let loaded = qingstor_codegen::load(&folder.join("api.yaml"), &root).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let generated = root.join("sdk/src/generated");
    let expected = qingstor_codegen::render::generate(&loaded.api)?;
    // If generated files are missing, the samples use undefined types. rustc would not report the missing files.
    let missing: Vec<&str> =
        expected.keys().map(String::as_str).filter(|file| !generated.join(file).exists()).collect();
    if !missing.is_empty() {
        return Err(format!("sdk/src/generated lacks {}: run `cargo codegen`", missing.join(", ")).into());
    }

    let mut arms = String::new();
    let mut tests = String::new();
    for (sample, operation) in samples(&loaded.api).iter().zip(&loaded.api.operations) {
        let (receiver, key) = match sample.scope {
            Scope::Service => ("account", ""),
            Scope::Bucket => ("bucket", ""),
            Scope::Object => ("bucket", "KEY, "),
        };
        for (full, input) in [(false, &sample.minimal), (true, &sample.full)] {
            writeln!(
                arms,
                "        ({:?}, {full}) => {receiver}.{}({key}qingstor_sdk::operations::{input}).await.map(drop),",
                sample.id, sample.method
            )?;
        }
        writeln!(
            tests,
            "#[tokio::test]\nasync fn {}_requests_match_snapshots() {{\n    \
             assert_requests_match_snapshots({:?}, &{:?}).await;\n}}\n",
            sample.method, sample.id, operation.sub_resources
        )?;
    }
    let code = format!(
        "#[allow(unused_imports)]\nuse qingstor_sdk::types;\n\n\
         async fn send_sample(account: &QingStor, bucket: &Bucket, operation: &str, full: bool) \
         -> qingstor_sdk::Result<()> {{\n    match (operation, full) {{\n{arms}        \
         _ => unreachable!(\"no sample of operation {{operation}}\"),\n    }}\n}}\n\n{tests}"
    );
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("samples.rs"), code)?;
    Ok(())
}
