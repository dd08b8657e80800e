//! Named values of requests, inputs and outputs.

use std::collections::HashMap;

use crate::generated::inference::infer_parameter::ParameterChoice;
use crate::generated::inference::InferParameter;

pub(crate) type Parameters = HashMap<String, InferParameter>;

pub(crate) const REGION: &str = "shared_memory_region";

pub(crate) fn set(parameters: &mut Parameters, key: impl Into<String>, value: ParameterChoice) {
    parameters.insert(key.into(), InferParameter { parameter_choice: Some(value) });
}

pub(crate) fn set_text(parameters: &mut Parameters, key: impl Into<String>, value: impl Into<String>) {
    set(parameters, key, ParameterChoice::StringParam(value.into()));
}

pub(crate) fn set_int(parameters: &mut Parameters, key: impl Into<String>, value: i64) {
    set(parameters, key, ParameterChoice::Int64Param(value));
}

pub(crate) fn set_bool(parameters: &mut Parameters, key: impl Into<String>, value: bool) {
    set(parameters, key, ParameterChoice::BoolParam(value));
}

/// That a tensor lies in a region which the server knows by name.
pub(crate) fn set_shared_memory(parameters: &mut Parameters, region: String, byte_size: u64, offset: u64) {
    // No memory is so large that it does not fit.
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    set_text(parameters, REGION, region);
    set_int(parameters, "shared_memory_byte_size", number(byte_size));
    if offset != 0 {
        set_int(parameters, "shared_memory_offset", number(offset));
    }
}

/// The methods with which a tensor of a request gets parameters of its own; `$what` is "input" or "output".
macro_rules! parameter_methods {
    ($what:literal) => {
        #[doc = concat!("A parameter of this ", $what, ".")]
        #[must_use]
        pub fn with_string_parameter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
            parameters::set_text(&mut self.parameters, key, value);
            self
        }

        #[doc = concat!("A parameter of this ", $what, ".")]
        #[must_use]
        pub fn with_int_parameter(mut self, key: impl Into<String>, value: i64) -> Self {
            parameters::set_int(&mut self.parameters, key, value);
            self
        }

        #[doc = concat!("A parameter of this ", $what, ".")]
        #[must_use]
        pub fn with_bool_parameter(mut self, key: impl Into<String>, value: bool) -> Self {
            parameters::set_bool(&mut self.parameters, key, value);
            self
        }
    };
}
pub(super) use parameter_methods;
