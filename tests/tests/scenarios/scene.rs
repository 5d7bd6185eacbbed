//! What the steps of a scenario share.

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

use crate::answered::Answered;

/// A scenario: the bucket that it shares with the others of its feature, and what its steps had for an answer.
#[derive(Debug, Default, World)]
pub(crate) struct Scene {
    bucket: Option<Arc<TestBucket>>,
    folder: PathBuf,
    outcomes: HashMap<String, Outcome>,
}

#[derive(Debug)]
enum Outcome {
    RawResponse { status: u16, output: Box<dyn Any> },
    Refusal(Error),
}

impl Scene {
    /// The bucket that all scenarios of the feature share, for they build on each other.
    pub(crate) fn bucket(&self) -> Arc<TestBucket> {
        Arc::clone(self.bucket.as_ref().expect("the scene is set before the first step"))
    }

    /// The folder of the feature.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps what a step had for an answer, under the name by which the steps that judge it call it.
    ///
    /// A refusal by the server is an answer. Everything else that fails, fails the step.
    pub(crate) fn record<T: Answered + Any>(&mut self, step: &str, result: Result<T>) {
        let outcome = match result {
            Ok(output) => Outcome::RawResponse { status: output.status(), output: Box::new(output) },
            Err(error) if error.status().is_some() => Outcome::Refusal(error),
            Err(error) => panic!("{error}"),
        };
        self.outcomes.insert(step.to_owned(), outcome);
    }

    /// The status and, where it was refused, why.
    pub(crate) fn status(&self, step: &str) -> (u16, String) {
        match self.outcome(step) {
            Outcome::RawResponse { status, .. } => (*status, "it was accepted".to_owned()),
            Outcome::Refusal(error) => (error.status().map_or(0, |status| status.as_u16()), error.to_string()),
        }
    }

    /// The output of a step that succeeded.
    pub(crate) fn answer<T: Any>(&self, step: &str) -> &T {
        match self.outcome(step) {
            Outcome::RawResponse { output, .. } => {
                let output = output.downcast_ref();
                output.unwrap_or_else(|| panic!("`{step}` has another output than {}", type_name::<T>()))
            }
            Outcome::Refusal(error) => panic!("`{step}` failed: {error}"),
        }
    }

    /// Why a step was refused.
    pub(crate) fn refusal(&self, step: &str) -> &Error {
        match self.outcome(step) {
            Outcome::RawResponse { status, .. } => panic!("`{step}` was accepted, with status {status}"),
            Outcome::Refusal(error) => error,
        }
    }

    fn outcome(&self, step: &str) -> &Outcome {
        self.outcomes.get(step).unwrap_or_else(|| {
            let known: Vec<&String> = self.outcomes.keys().collect();
            panic!("no step of this scenario left an answer called `{step}`, but {known:?}")
        })
    }
}

/// The bucket of each feature, on an emulator of its own.
#[derive(Clone, Default)]
pub(crate) struct Stages(Rc<RefCell<HashMap<Option<PathBuf>, Arc<TestBucket>>>>);

impl Stages {
    /// Gives a scenario what it shares with the others of its feature.
    pub(crate) async fn set(self, feature: &Feature, scene: &mut Scene) {
        let known = self.0.borrow().get(&feature.path).cloned();
        let bucket = match known {
            Some(bucket) => bucket,
            None => Arc::new(TestBucket::start().await.expect("an emulator")),
        };
        self.0.borrow_mut().insert(feature.path.clone(), Arc::clone(&bucket));
        scene.bucket = Some(bucket);
        let folder = feature.path.as_deref().and_then(Path::parent);
        scene.folder = folder.map(Path::to_owned).unwrap_or_default();
    }
}
