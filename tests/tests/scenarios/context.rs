//! The state that the steps of a scenario share.

use std::any::{Any, type_name};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use cucumber::World;
use cucumber::gherkin::Feature;
use qingstor_sdk::{Error, Result};
use qingstor_tests::TestBucket;

use crate::has_status::HasStatus;

/// The bucket of the feature and the results of the scenario's steps.
#[derive(Debug, Default, World)]
pub(crate) struct Context {
    bucket: Option<Arc<TestBucket>>,
    feature_folder: PathBuf,
    /// The last result of each step, by the name that later steps use, for example `put object`.
    results: HashMap<String, StepResult>,
}

#[derive(Debug)]
enum StepResult {
    Success { status: u16, output: Box<dyn Any> },
    ServiceError(Error),
}

impl Context {
    /// Returns the bucket, which all scenarios of the feature share because they build on each other.
    pub(crate) fn bucket(&self) -> Arc<TestBucket> {
        Arc::clone(self.bucket.as_ref().expect("the bucket is set before the first step"))
    }

    /// Returns the folder that contains the feature file.
    pub(crate) fn feature_folder(&self) -> &Path {
        &self.feature_folder
    }

    /// Stores the result of a step under the name that later steps use.
    ///
    /// An error response of the server is a result that later steps can check. Any other error fails the step.
    pub(crate) fn record<T: HasStatus + Any>(&mut self, step: &str, result: Result<T>) {
        let result = match result {
            Ok(output) => StepResult::Success { status: output.status(), output: Box::new(output) },
            Err(error) if error.status().is_some() => StepResult::ServiceError(error),
            Err(error) => panic!("{error}"),
        };
        self.results.insert(step.to_owned(), result);
    }

    /// Returns the status of a step and, for the message of a failed assertion, the server's error or that the step
    /// succeeded.
    pub(crate) fn status(&self, step: &str) -> (u16, String) {
        match self.result(step) {
            StepResult::Success { status, .. } => (*status, format!("`{step}` succeeded")),
            StepResult::ServiceError(error) => (error.status().map_or(0, |status| status.as_u16()), error.to_string()),
        }
    }

    /// Returns the output of a step, which must have succeeded.
    pub(crate) fn output<T: Any>(&self, step: &str) -> &T {
        match self.result(step) {
            StepResult::Success { output, .. } => {
                let output = output.downcast_ref();
                output.unwrap_or_else(|| panic!("the output of `{step}` is not of type {}", type_name::<T>()))
            }
            StepResult::ServiceError(error) => panic!("`{step}` failed: {error}"),
        }
    }

    /// Returns the error response of a step, which the server must have refused.
    pub(crate) fn service_error(&self, step: &str) -> &Error {
        match self.result(step) {
            StepResult::Success { status, .. } => panic!("`{step}` succeeded with status {status}"),
            StepResult::ServiceError(error) => error,
        }
    }

    fn result(&self, step: &str) -> &StepResult {
        self.results.get(step).unwrap_or_else(|| {
            let known: Vec<&String> = self.results.keys().collect();
            panic!("no previous step of this scenario recorded a result called `{step}`, only {known:?}")
        })
    }
}

/// The bucket of each feature, by the path of the feature file. Each is on its own emulator.
#[derive(Clone, Default)]
pub(crate) struct FeatureBuckets(Rc<RefCell<HashMap<Option<PathBuf>, Arc<TestBucket>>>>);

impl FeatureBuckets {
    /// Sets bucket and folder of the feature in the context of a scenario. Starts an emulator for the first scenario of
    /// a feature.
    pub(crate) async fn set_up(self, feature: &Feature, context: &mut Context) {
        let known = self.0.borrow().get(&feature.path).cloned();
        let bucket = match known {
            Some(bucket) => bucket,
            None => Arc::new(TestBucket::start().await.expect("the emulator did not start")),
        };
        self.0.borrow_mut().insert(feature.path.clone(), Arc::clone(&bucket));
        context.bucket = Some(bucket);
        let folder = feature.path.as_deref().and_then(Path::parent);
        context.feature_folder = folder.map(Path::to_owned).unwrap_or_default();
    }
}
