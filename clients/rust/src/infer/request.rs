//! Requests for inference.

use std::time::Duration;

use super::parameters;
use super::{InferInput, InferRequestedOutput};
use crate::error::Result;
use crate::generated::inference::infer_parameter::ParameterChoice;
use crate::generated::inference::ModelInferRequest;

/// Joins a request for one model: inputs, outputs, and what it says about itself.
///
/// ```
/// # use triton_client::prelude::*;
/// # fn main() -> triton_client::error::Result<()> {
/// let pixels = InferInput::new("pixels", vec![1, 3], DataType::Fp32).with_data_f32(&[0.0, 0.5, 1.0]);
/// let request = InferRequestBuilder::new("colours").input(pixels).output("names").try_build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct InferRequestBuilder {
    message: ModelInferRequest,
    inputs: Vec<InferInput>,
}

impl InferRequestBuilder {
    /// A request for that model, the version that the server takes.
    pub fn new(model_name: impl Into<String>) -> Self {
        let message = ModelInferRequest { model_name: model_name.into(), ..Default::default() };
        Self { message, inputs: Vec::new() }
    }

    /// Asks this version of the model.
    #[must_use]
    pub fn model_version(mut self, version: impl Into<String>) -> Self {
        self.message.model_version = version.into();
        self
    }

    /// The answer's [`id`](super::InferResponse::id); on a stream it tells whose answer one is.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.message.id = id.into();
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, input: InferInput) -> Self {
        self.inputs.push(input);
        self
    }

    /// Asks for an output as it is. A request that asks for none gets all.
    #[must_use]
    pub fn output(self, name: impl Into<String>) -> Self {
        self.output_with(InferRequestedOutput::new(name))
    }

    /// Asks for an output, saying how.
    #[must_use]
    pub fn output_with(mut self, output: InferRequestedOutput) -> Self {
        self.message.outputs.push(output.into_message());
        self
    }

    /// The sequence that this request belongs to: a number or a text, not zero or empty.
    #[must_use]
    pub fn sequence_id(mut self, id: impl Into<SequenceId>) -> Self {
        let value = match id.into() {
            // The protocol has a signed number here; servers read its bits.
            SequenceId::Number(number) => ParameterChoice::Int64Param(number as i64),
            SequenceId::Text(text) => ParameterChoice::StringParam(text),
        };
        parameters::set(&mut self.message.parameters, "sequence_id", value);
        self
    }

    /// Whether this is the sequence's first request.
    #[must_use]
    pub fn sequence_start(self, is_first: bool) -> Self {
        self.bool_parameter("sequence_start", is_first)
    }

    /// Whether this is the sequence's last request.
    #[must_use]
    pub fn sequence_end(self, is_last: bool) -> Self {
        self.bool_parameter("sequence_end", is_last)
    }

    /// Its level of priority, where the model has some: 1 is the highest, 0 the model's default.
    #[must_use]
    pub fn priority(mut self, level: u64) -> Self {
        parameters::set(&mut self.message.parameters, "priority", ParameterChoice::Uint64Param(level));
        self
    }

    /// How long it may wait in the server's queue, where the model allows requests to say so.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        let microseconds = limit.as_micros().try_into().unwrap_or(i64::MAX);
        self.int_parameter("timeout", microseconds)
    }

    /// Whether a decoupled model's stream has one more, empty response that says there are no more: see
    /// [`is_final`](super::InferResponse::is_final).
    #[must_use]
    pub fn empty_final_response(self, is_wanted: bool) -> Self {
        self.bool_parameter("triton_enable_empty_final_response", is_wanted)
    }

    /// A parameter that the model reads.
    #[must_use]
    pub fn string_parameter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        parameters::set_text(&mut self.message.parameters, key, value);
        self
    }

    /// A parameter that the model reads.
    #[must_use]
    pub fn int_parameter(mut self, key: impl Into<String>, value: i64) -> Self {
        parameters::set_int(&mut self.message.parameters, key, value);
        self
    }

    /// A parameter that the model reads.
    #[must_use]
    pub fn bool_parameter(mut self, key: impl Into<String>, value: bool) -> Self {
        parameters::set_bool(&mut self.message.parameters, key, value);
        self
    }

    /// A parameter that the model reads.
    #[must_use]
    pub fn double_parameter(mut self, key: impl Into<String>, value: f64) -> Self {
        parameters::set(&mut self.message.parameters, key, ParameterChoice::DoubleParam(value));
        self
    }

    /// The request as it is: what does not fit is left to the server to refuse.
    pub fn build(self) -> ModelInferRequest {
        let mut message = self.message;
        for (tensor, raw) in self.inputs.into_iter().map(InferInput::into_message) {
            message.inputs.push(tensor);
            message.raw_input_contents.extend(raw);
        }
        message
    }

    /// The request, if each input's shape, datatype and elements belong together.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](crate::error::Error::InvalidInput): what was expected of which input, what it is, and
    /// what to change.
    pub fn try_build(self) -> Result<ModelInferRequest> {
        self.inputs.iter().try_for_each(InferInput::check)?;
        Ok(self.build())
    }
}

/// What a sequence is called: a number or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceId {
    /// From 1 on.
    Number(u64),
    /// Not empty.
    Text(String),
}

impl From<u64> for SequenceId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for SequenceId {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for SequenceId {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::DataType;
    use super::*;

    fn values(name: &str) -> InferInput {
        InferInput::new(name, vec![2], DataType::Int32).with_data_i32(&[1, -1])
    }

    fn choice(request: &ModelInferRequest, key: &str) -> ParameterChoice {
        request.parameters[key].parameter_choice.clone().unwrap()
    }

    #[test]
    fn all_that_is_said_is_in_the_request() {
        let request = InferRequestBuilder::new("model")
            .model_version("3")
            .request_id("first")
            .input(values("a"))
            .input(values("b"))
            .output("sum")
            .output_with(InferRequestedOutput::new("scores").with_classification(2))
            .priority(1)
            .timeout(Duration::from_millis(3))
            .double_parameter("temperature", 0.5)
            .try_build()
            .unwrap();
        assert_eq!((&*request.model_name, &*request.model_version, &*request.id), ("model", "3", "first"));
        assert_eq!((request.inputs[1].name.as_str(), request.inputs[1].datatype.as_str()), ("b", "INT32"));
        assert_eq!(request.raw_input_contents, vec![vec![1, 0, 0, 0, 255, 255, 255, 255]; 2]);
        let classes = request.outputs[1].parameters["classification"].parameter_choice.clone();
        assert_eq!(classes, Some(ParameterChoice::Int64Param(2)));
        assert_eq!(choice(&request, "priority"), ParameterChoice::Uint64Param(1));
        assert_eq!(choice(&request, "timeout"), ParameterChoice::Int64Param(3000));
        assert_eq!(choice(&request, "temperature"), ParameterChoice::DoubleParam(0.5));
    }

    #[test]
    fn a_sequence_is_a_number_or_a_text() {
        let number = InferRequestBuilder::new("m").sequence_id(7).sequence_start(true).sequence_end(false).build();
        assert_eq!(choice(&number, "sequence_id"), ParameterChoice::Int64Param(7));
        assert_eq!(choice(&number, "sequence_start"), ParameterChoice::BoolParam(true));
        assert_eq!(choice(&number, "sequence_end"), ParameterChoice::BoolParam(false));
        let text = InferRequestBuilder::new("m").sequence_id("seven").build();
        assert_eq!(choice(&text, "sequence_id"), ParameterChoice::StringParam("seven".into()));
    }

    #[test]
    fn an_input_in_shared_memory_has_no_bytes_among_those_of_the_others() {
        let shared = InferInput::new("shared", vec![2], DataType::Int32).with_shared_memory("region", 8, 16);
        let request = InferRequestBuilder::new("m").input(shared).input(values("sent")).try_build().unwrap();
        assert_eq!((request.inputs.len(), request.raw_input_contents.len()), (2, 1));
        let offset = request.inputs[0].parameters["shared_memory_offset"].parameter_choice.clone();
        assert_eq!(offset, Some(ParameterChoice::Int64Param(16)));
    }

    #[test]
    fn one_that_does_not_fit_is_refused_unless_it_is_built_as_it_is() {
        let builder =
            InferRequestBuilder::new("m").input(InferInput::new("x", vec![3], DataType::Fp32).with_data_f32(&[1.0]));
        let refused = builder.clone().try_build().unwrap_err().to_string();
        assert!(refused.contains("input 'x': expected 3 elements"), "{refused}");
        assert_eq!(builder.build().raw_input_contents[0].len(), 4);
    }
}
