//! Requests and answers: inputs, requested outputs, the builder that joins them, and what comes back.

mod data_type;
mod element;
mod input;
mod metadata;
mod output;
mod parameters;
mod request;
mod response;
mod strings;

pub use data_type::{DataType, ParseDataTypeError};
pub use input::InferInput;
pub use metadata::{ModelIndex, ModelMetadata, ServerMetadata, TensorMetadata};
pub use output::InferRequestedOutput;
pub use request::{InferRequestBuilder, SequenceId};
pub use response::{InferResponse, OutputIndex};
