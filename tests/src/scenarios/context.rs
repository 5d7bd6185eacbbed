//! The state that the steps of a scenario share.

use std::any::{Any, type_name};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use cucumber::World;
use cucumber::gherkin::Feature;
use qingstor_sdk::{Bucket, Config, Error, QingStor, Result};

use crate::scenarios::features::file_name;
use crate::scenarios::has_status::HasStatus;
use crate::scenarios::scenario_bucket::ScenarioBucket;

/// The bucket of the feature and the results of the scenario's steps.
#[derive(Debug, Default, World)]
pub(crate) struct Context {
    bucket: Option<Arc<ScenarioBucket>>,
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
    pub(crate) fn bucket(&self) -> Arc<ScenarioBucket> {
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

/// The server that runs the scenarios.
#[derive(Clone, Debug)]
pub enum Server {
    /// A new emulator for each feature.
    Emulators,
    /// A bucket of any server. Each feature uses a part of it, whose keys begin with `prefix` and the feature's name.
    Shared {
        /// Client for the account.
        account: QingStor,
        /// The bucket.
        bucket: Bucket,
        /// Configuration of the client.
        config: Box<Config>,
        /// Prefix of all keys that the features use.
        prefix: String,
    },
}

impl Server {
    async fn bucket_of(&self, feature: &Feature) -> io::Result<ScenarioBucket> {
        match self {
            Self::Emulators => ScenarioBucket::on_emulator().await,
            Self::Shared { account, bucket, config, prefix } => {
                let prefix = format!("{prefix}{}/", file_name(feature));
                ScenarioBucket::new(account.clone(), bucket.clone(), Config::clone(config), prefix)
            }
        }
    }
}

/// The bucket of each feature, by the path of the feature file.
#[derive(Clone)]
pub(crate) struct FeatureBuckets {
    server: Server,
    buckets: Rc<RefCell<HashMap<Option<PathBuf>, Arc<ScenarioBucket>>>>,
}

impl FeatureBuckets {
    pub(crate) fn on(server: Server) -> Self {
        Self { server, buckets: Rc::default() }
    }

    /// Sets bucket and folder of the feature in the context of a scenario.
    pub(crate) async fn set_up(self, feature: &Feature, context: &mut Context) {
        let known = self.buckets.borrow().get(&feature.path).cloned();
        let bucket = match known {
            Some(bucket) => bucket,
            None => Arc::new(self.server.bucket_of(feature).await.expect("the feature has no bucket")),
        };
        self.buckets.borrow_mut().insert(feature.path.clone(), Arc::clone(&bucket));
        context.bucket = Some(bucket);
        let folder = feature.path.as_deref().and_then(Path::parent);
        context.feature_folder = folder.map(Path::to_owned).unwrap_or_default();
    }
}
