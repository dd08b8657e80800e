#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod client;
pub mod error;
pub mod generated;
pub mod infer;
mod options;
mod stream;

pub use client::TritonClient;

/// What most programs need, for `use triton_client::prelude::*`.
pub mod prelude {
    pub use crate::client::{ClientOptions, TritonClient};
    pub use crate::error::{Error, Result};
    pub use crate::infer::{DataType, InferInput, InferRequestBuilder, InferRequestedOutput, InferResponse};
}
