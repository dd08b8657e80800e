//! An output that a request asks for.

use super::parameters::{self, Parameters};
use crate::generated::inference::model_infer_request::InferRequestedOutputTensor;

/// An output that is asked for: as it is, as its highest classes, or into shared memory.
///
/// ```
/// # use triton_client::prelude::*;
/// let best = InferRequestedOutput::new("scores").with_classification(3);
/// ```
#[derive(Debug, Clone)]
pub struct InferRequestedOutput {
    name: String,
    parameters: Parameters,
}

impl InferRequestedOutput {
    /// The output of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), parameters: Parameters::new() }
    }

    /// The `count` highest values of each row instead of all, as BYTES: `value:index`, with `:label` behind it if the
    /// model has labels.
    #[must_use]
    pub fn with_classification(self, count: u32) -> Self {
        self.with_int_parameter("classification", count.into())
    }

    /// Written by the server into `region`: at most `byte_size` bytes from `offset` on. The answer then has its shape,
    /// but not its elements.
    #[must_use]
    pub fn with_shared_memory(mut self, region: impl Into<String>, byte_size: u64, offset: u64) -> Self {
        parameters::set_shared_memory(&mut self.parameters, region.into(), byte_size, offset);
        self
    }

    parameters::parameter_methods!("output");

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn into_message(self) -> InferRequestedOutputTensor {
        InferRequestedOutputTensor { name: self.name, parameters: self.parameters }
    }
}
