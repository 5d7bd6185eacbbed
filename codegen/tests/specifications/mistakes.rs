//! Tests that insert one mistake into the specification of QingStor and check the reported place and advice.
//!
//! In each mistake, `«…»` encloses the text that the diagnostic has to underline. The tests compute the expected line
//! and column from these marks, independently of the generator.

use std::fs;
use std::path::{Path, PathBuf};

use qingstor_codegen::{Diagnosis, diagnose};
use tempfile::TempDir;

/// A mistake in one file.
struct Mistake {
    file: &'static str,
    /// Correct text. Its first occurrence is replaced.
    right: &'static str,
    wrong: &'static str,
    code: &'static str,
    /// Part of the expected help.
    help: &'static str,
}

const fn mistake(
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    code: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake { file, right, wrong, code, help }
}

const MISTAKES: &[Mistake] = &[
    // Spelling.
    mistake(
        "service.yaml",
        "      minimum: 0\n      default: 0\n",
        "      minimum: 0\n      «deafult»: 0\n",
        "unknown-key",
        "did you mean `default`?",
    ),
    mistake("service.yaml", "      in: header\n", "      in: «heder»\n", "unknown-value", "did you mean `header`?"),
    mistake(
        "bucket.yaml",
        "      type: integer\n",
        "      type: «Integer»\n",
        "unknown-type",
        "did you mean `integer`?",
    ),
    mistake(
        "definitions.yaml",
        "format: date-time\n",
        "format: «date_time»\n",
        "unknown-format",
        "did you mean `date-time`?",
    ),
    mistake("definitions.yaml", "required: [key]", "required: [«kye»]", "required-not-property", "did you mean `key`?"),
    mistake("bucket.yaml", "\nput:\n", "\n«Put»:\n", "unknown-method", "did you mean `put`?"),
    // References.
    mistake(
        "bucket.yaml",
        "$ref: \"#/parameters/prefix\"",
        "$ref: «\"#/parameters/prefx\"»",
        "ref-not-found",
        "did you mean `prefix`?",
    ),
    mistake(
        "api.yaml",
        "\"./object_multipart.yaml#/uploads\"",
        "«\"./object_multipart.yaml#/upload\"»",
        "ref-not-found",
        "did you mean `uploads`?",
    ),
    mistake(
        "api.yaml",
        "$ref: \"./service.yaml\"",
        "$ref: «\"./services.yaml\"»",
        "ref-not-found",
        "did you mean `service.yaml`?",
    ),
    mistake(
        "service.yaml",
        "$ref: \"#/definitions/bucket_summary\"",
        "$ref: «\"../2016-01-06/../../../README.md\"»",
        "ref-outside",
        "all files must be in the folder of the root file",
    ),
    mistake(
        "service.yaml",
        "$ref: \"#/definitions/bucket_summary\"",
        "$ref: «\"#definitions/bucket_summary\"»",
        "bad-ref",
        "write `#/definitions/bucket_summary`",
    ),
    // Types.
    mistake("service.yaml", "tags: [Account]", "tags: «Account»", "wrong-type", "one item per line"),
    mistake("bucket.yaml", "maximum: 1000", "maximum: «\"1000\"»", "wrong-type", "without quotes"),
    mistake(
        "bucket.yaml",
        "    201:\n",
        "    «2O1»:\n      description: Never.\n    201:\n",
        "bad-status",
        "a number from 100 to 599",
    ),
    mistake(
        "bucket_delete.yaml",
        "            default: false",
        "            default: «\"no\"»",
        "bad-default",
        "write a value of `type: boolean`",
    ),
    mistake("bucket.yaml", "default: 100", "default: «0»", "bad-default", "correct the default or the limit"),
    mistake(
        "bucket_delete.yaml",
        "minItems: 1\n",
        "minItems: «1001»\n",
        "impossible-limit",
        "exchange or correct the limits",
    ),
    mistake(
        "service.yaml",
        "description: Number of buckets.\n            type: integer\n",
        "description: Number of buckets.\n            type: integer\n            «maxLength»: 9\n",
        "misplaced-key",
        "it is allowed for `type: string`",
    ),
    mistake(
        "definitions.yaml",
        "enum: [STANDARD, STANDARD_IA]",
        "enum: [STANDARD, STANDARD_IA, «STANDARD»]",
        "duplicate-enum-value",
        "keep one",
    ),
    // Contradictions.
    mistake(
        "bucket_delete.yaml",
        "operationId: DeleteMultipleObjects",
        "operationId: «ListBuckets»",
        "duplicate-operation-id",
        "choose another operationId",
    ),
    mistake(
        "bucket_delete.yaml",
        "operationId: DeleteMultipleObjects",
        "operationId: «Delete Objects»",
        "bad-operation-id",
        "begin with a capital letter",
    ),
    mistake(
        "bucket.yaml",
        "  - $ref: \"#/parameters/bucketName\"\n  - $ref: \"#/parameters/zone\"\n",
        "  - $ref: \"#/parameters/bucketName\"\n  - $ref: \"#/parameters/zone\"\n  - «$ref: \"#/parameters/bucketName\"»\n",
        "duplicate-parameter",
        "keep one",
    ),
    mistake(
        "api.yaml",
        "  /{bucketName}/{objectKey}?upload_id:\n",
        "  «/{bucketName}/{object}?upload_id»:\n",
        "unknown-path",
        "did you mean `objectKey`?",
    ),
    mistake(
        "service.yaml",
        "  summary: Lists the buckets of the account.\n",
        "  summary: Lists the buckets of the account.\n  «tags»: [Bucket]\n",
        "duplicate-key",
        "keep one",
    ),
    mistake(
        "bucket_delete.yaml",
        "operationId: DeleteMultipleObjects",
        "operationId: «delete_multiple_objects»",
        "bad-operation-id",
        "begin with a capital letter",
    ),
    mistake("bucket.yaml", "operationId: HeadBucket", "operationId: «Clone»", "reserved-name", "choose another name"),
    mistake("bucket.yaml", "operationId: HeadBucket", "operationId: «ToOwned»", "reserved-name", "choose another name"),
    // Keys of other dialects.
    mistake(
        "service.yaml",
        "description: Number of buckets.\n            type: integer\n",
        "description: Number of buckets.\n            type: integer\n            «required»: true\n",
        "misplaced-key",
        "`required` of the object around the property is a list of names",
    ),
    mistake("service.yaml", "      in: header\n", "      in: «headers»\n", "unknown-value", "did you mean `header`?"),
    mistake("bucket_delete.yaml", "      in: body\n", "      in: «boddy»\n", "unknown-value", "did you mean `body`?"),
    mistake(
        "service.yaml",
        "  operationId: ListBuckets\n",
        "  operationId: ListBuckets\n  «requestBody»: { content: {} }\n",
        "unknown-key",
        "write a parameter with `in: body` and `schema`",
    ),
    mistake("api.yaml", "swagger: \"2.0\"", "«openapi»: 3.0.0", "unknown-key", "write `swagger: \"2.0\"`"),
    mistake(
        "service.yaml",
        "      minimum: 0\n      default: 0\n",
        "      minimum: 0\n      default: 0\n      «schema»: { type: integer }\n",
        "misplaced-key",
        "write `type` and the other keys beside `name`",
    ),
    // Definitions and files that the root file does not name.
    mistake(
        "service.yaml",
        "$ref: \"#/definitions/bucket_summary\"",
        "$ref: «\"#/definitions/bucket_summaries\"»",
        "ref-not-found",
        "did you mean `bucket_summary`?",
    ),
    // Invisible characters.
    mistake(
        "service.yaml",
        "  summary: Lists the buckets of the account.\n",
        "  summary: Lists the «\u{202e}»buckets of the account.\n",
        "control-character",
        "rustc rejects it",
    ),
    mistake(
        "bucket_stats.yaml",
        "The numbers may lag behind recent changes.",
        "The numbers may lag «\u{2066}»behind recent changes.",
        "control-character",
        "rustc rejects it",
    ),
    // YAML syntax.
    mistake(
        "service.yaml",
        "  operationId: ListBuckets\n",
        "«\t»operationId: ListBuckets\n",
        "yaml-syntax",
        "replace the tabs",
    ),
    mistake(
        "service.yaml",
        "summary: Lists the buckets of the account.",
        "summary: Lists the buckets«:» all of them: here.",
        "yaml-syntax",
        "quotes",
    ),
    mistake(
        "bucket_stats.yaml",
        "description: Name of the bucket.",
        "description: «\"»Name of the bucket.",
        "yaml-syntax",
        "add the closing quote",
    ),
    mistake("service.yaml", "    - name: limit\n", "   «-» name: limit\n", "yaml-syntax", "indent"),
    mistake(
        "service.yaml",
        "tags: [Account]\n  operationId:",
        "tags: [Account\n  operationId«:»",
        "yaml-syntax",
        "add it",
    ),
    mistake(
        "service.yaml",
        "description: A page of the list.",
        "description: «@page» of the list.",
        "yaml-syntax",
        "put the string in quotes",
    ),
];

fn specification() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/qingstor/2016-01-06")
}

/// Diagnoses a copy of the specification in which one file is replaced.
fn diagnose_with(file: &str, content: &str) -> Diagnosis {
    let folder: TempDir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(specification()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    fs::write(folder.path().join(file), content).unwrap();
    diagnose(&folder.path().join("api.yaml"), folder.path())
}

/// Returns line and column of a byte, counted from 1.
fn at(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte];
    (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap().chars().count() + 1)
}

#[test]
fn reports_each_mistake_at_its_place() {
    for Mistake { file, right, wrong, code, help } in MISTAKES {
        let text = fs::read_to_string(specification().join(file)).unwrap();
        assert!(text.contains(right), "{file} no longer contains {right:?}");
        let marked = text.replacen(right, wrong, 1);
        let (start, end) = (marked.find('«').unwrap(), marked.find('»').unwrap() - '«'.len_utf8());
        let edited = marked.replace(['«', '»'], "");
        let diagnosis = diagnose_with(file, &edited);
        let drawn = diagnosis.drawn();
        let mut codes: Vec<&str> = diagnosis.problems.iter().map(|problem| problem.code).collect();
        let index = codes.iter().position(|found| found == code);
        let problem = &diagnosis.problems[index.unwrap_or_else(|| panic!("no {code} for {wrong}:\n{drawn}"))];
        let place = &problem.place;
        let found = (place.file.as_str(), (place.line, place.column), (place.end_line, place.end_column));
        assert_eq!(found, (*file, at(&edited, start), at(&edited, end)), "{wrong}:\n{drawn}");
        assert!(problem.help.contains(help), "{wrong}:\n{drawn}");
        codes.remove(index.unwrap());
        assert!(codes.is_empty(), "{wrong}:\n{drawn}");
        let header = format!("--> {file}:{}:{}\n", place.line, place.column);
        assert!(drawn.contains(&header), "the text and the JSON have the same place: {drawn}");
    }
}

#[test]
fn applying_a_suggestion_fixes_the_mistake() {
    let mut fixed = 0;
    for Mistake { file, right, wrong, .. } in MISTAKES {
        let text = fs::read_to_string(specification().join(file)).unwrap();
        let edited = text.replacen(right, wrong, 1).replace(['«', '»'], "");
        let diagnosis = diagnose_with(file, &edited);
        let Some(suggestion) = diagnosis.problems.iter().find_map(|problem| problem.suggestion.as_ref()) else {
            continue;
        };
        let lines: Vec<&str> = edited.split_inclusive('\n').collect();
        let before: usize = lines[..suggestion.place.line - 1].iter().map(|line| line.len()).sum();
        let byte = |column: usize| {
            let line = lines[suggestion.place.line - 1];
            before + line.char_indices().nth(column - 1).unwrap().0
        };
        let mut corrected = edited.clone();
        corrected
            .replace_range(byte(suggestion.place.column)..byte(suggestion.place.end_column), &suggestion.replacement);
        let remaining = diagnose_with(file, &corrected);
        assert!(remaining.problems.is_empty(), "{wrong}:\n{}", remaining.drawn());
        fixed += 1;
    }
    assert!(fixed >= 9, "{fixed}");
}

#[test]
fn a_definition_that_the_root_file_does_not_name_is_found_in_its_file() {
    let api = fs::read_to_string(specification().join("api.yaml")).unwrap();
    let line = "  object_part: { $ref: \"./definitions.yaml#/object_part\" }\n";
    assert!(api.contains(line));
    let diagnosis = diagnose_with("api.yaml", &api.replacen(line, "", 1));
    let help = "definitions.yaml has it: add `object_part: { $ref: \"./definitions.yaml#/object_part\" }` to `definitions` \
                of api.yaml";
    assert!(!diagnosis.problems.is_empty());
    for problem in &diagnosis.problems {
        assert_eq!((problem.code, problem.help.as_str()), ("ref-not-found", help), "{}", diagnosis.drawn());
    }
}

#[test]
fn the_specification_of_qingstor_has_no_problems() {
    let diagnosis = diagnose(&specification().join("api.yaml"), &specification());
    assert!(diagnosis.problems.is_empty(), "{}", diagnosis.drawn());
}
