//! Answers.

use std::collections::HashMap;

use super::element::{count, Element};
use super::{strings, DataType};
use crate::error::{Error, Result};
use crate::generated::inference::infer_parameter::ParameterChoice;
use crate::generated::inference::model_infer_response::InferOutputTensor;
use crate::generated::inference::{InferParameter, ModelInferResponse};

/// A model's answer. Its outputs are read by their index or by their name: `response.output_as_f32("scores")`.
#[derive(Debug, Clone)]
pub struct InferResponse {
    inner: ModelInferResponse,
}

macro_rules! getters {
    ($($method:ident: $type:ty, $what:literal;)*) => {$(
        #[doc = concat!("The elements of an output, of ", $what, ".")]
        ///
        /// # Errors
        /// [`Error::InvalidInput`]: there is no such output, it is of another datatype, or its elements are in shared
        /// memory.
        pub fn $method(&self, output: impl OutputIndex) -> Result<Vec<$type>> {
            self.elements(output)
        }
    )*};
}

impl InferResponse {
    /// Reads a message that came by other ways.
    pub fn new(inner: ModelInferResponse) -> Self {
        Self { inner }
    }

    /// Who answered.
    pub fn model_name(&self) -> &str {
        &self.inner.model_name
    }

    /// Which version of it answered.
    pub fn model_version(&self) -> &str {
        &self.inner.model_version
    }

    /// What the request was called; empty if it was not.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// What the model says beside its outputs.
    pub fn parameters(&self) -> &HashMap<String, InferParameter> {
        &self.inner.parameters
    }

    /// Whether no other answer to the same request follows; false only on a stream, of a decoupled model.
    pub fn is_final(&self) -> bool {
        let parameter = self.inner.parameters.get("triton_final_response");
        !matches!(parameter.and_then(|p| p.parameter_choice.as_ref()), Some(ParameterChoice::BoolParam(false)))
    }

    /// Names, datatypes and shapes of the outputs, in the order of their indices.
    pub fn outputs(&self) -> &[InferOutputTensor] {
        &self.inner.outputs
    }

    /// Name, datatype and shape of the output of that name, if there is one.
    pub fn output(&self, name: &str) -> Option<&InferOutputTensor> {
        self.inner.outputs.iter().find(|output| output.name == name)
    }

    /// The bytes of the outputs, in the order of their indices.
    pub fn raw_output_contents(&self) -> &[Vec<u8>] {
        &self.inner.raw_output_contents
    }

    getters! {
        output_as_bool: bool, "BOOL";
        output_as_u8: u8, "UINT8, INT8 or BOOL";
        output_as_i8: i8, "INT8 or UINT8";
        output_as_u16: u16, "UINT16 or INT16, or the bits of FP16 or BF16";
        output_as_i16: i16, "INT16 or UINT16";
        output_as_u32: u32, "UINT32 or INT32";
        output_as_i32: i32, "INT32 or UINT32";
        output_as_u64: u64, "UINT64 or INT64";
        output_as_i64: i64, "INT64 or UINT64";
        output_as_f32: f32, "FP32";
        output_as_f64: f64, "FP64";
    }

    /// The elements of an output of BYTES: strings, and classes.
    ///
    /// # Errors
    /// As of the others; or the bytes are no strings.
    pub fn output_as_bytes(&self, output: impl OutputIndex) -> Result<Vec<&[u8]>> {
        let index = output.index_in(self)?;
        let raw = self.checked(index, &[DataType::Bytes])?;
        let strings = strings::from_bytes(raw).map_err(|reason| self.error(index, &reason))?;
        match self.element_count(index) {
            Some(expected) if expected != strings.len() => Err(self.wrong_count(index, expected, strings.len())),
            _ => Ok(strings),
        }
    }

    /// The elements of an output of BYTES as texts.
    ///
    /// # Errors
    /// As of [`output_as_bytes`](Self::output_as_bytes); or one is not UTF-8.
    pub fn output_as_str(&self, output: impl OutputIndex) -> Result<Vec<&str>> {
        let index = output.index_in(self)?;
        let text = |(i, string)| {
            std::str::from_utf8(string)
                .map_err(|_| self.error(index, &format!("string {i} is not UTF-8: read its bytes")))
        };
        self.output_as_bytes(index)?.into_iter().enumerate().map(text).collect()
    }

    /// The bytes of an output as they came.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: there is no such output.
    pub fn output_as_raw(&self, output: impl OutputIndex) -> Result<&[u8]> {
        let index = output.index_in(self)?;
        let raw = &self.inner.raw_output_contents;
        raw.get(index).map(Vec::as_slice).ok_or_else(|| {
            Error::InvalidInput(format!("output {index}: expected an index below {}, the outputs that came", raw.len()))
        })
    }

    /// The message itself.
    pub fn into_inner(self) -> ModelInferResponse {
        self.inner
    }

    fn elements<T: Element>(&self, output: impl OutputIndex) -> Result<Vec<T>> {
        let index = output.index_in(self)?;
        let raw = self.checked(index, T::DATATYPES)?;
        if raw.len() % T::BYTE_SIZE != 0 {
            let reason = format!("expected {} bytes for each {}, got {}", T::BYTE_SIZE, T::NAME, raw.len());
            return Err(self.error(index, &reason));
        }
        let got = raw.len() / T::BYTE_SIZE;
        match self.element_count(index) {
            Some(expected) if expected != got => Err(self.wrong_count(index, expected, got)),
            _ => Ok(T::from_bytes(raw)),
        }
    }

    /// Its bytes, if its datatype is one of those.
    fn checked(&self, index: usize, datatypes: &[DataType]) -> Result<&[u8]> {
        let raw = self.output_as_raw(index)?;
        let Some(tensor) = self.inner.outputs.get(index) else {
            return Ok(raw); // bytes alone, from elsewhere: the caller knows what they are
        };
        let datatype = DataType::parse(&tensor.datatype);
        if datatype.is_some_and(|datatype| datatypes.contains(&datatype)) {
            return Ok(raw);
        }
        let method = datatype.map_or("raw", DataType::method);
        let reason = format!("expected {}, got {}: call output_as_{method}", datatypes[0], tensor.datatype);
        Err(self.error(index, &reason))
    }

    fn element_count(&self, index: usize) -> Option<usize> {
        self.inner.outputs.get(index).and_then(|tensor| count(&tensor.shape))
    }

    fn wrong_count(&self, index: usize, expected: usize, got: usize) -> Error {
        let shape = &self.inner.outputs[index].shape;
        let hint = if got == 0 { ": read the shared memory that the request named for it, if it did" } else { "" };
        self.error(index, &format!("expected {expected} elements for shape {shape:?}, got {got}{hint}"))
    }

    fn error(&self, index: usize, reason: &str) -> Error {
        let name = self.inner.outputs.get(index).map_or(index.to_string(), |tensor| format!("'{}'", tensor.name));
        Error::InvalidInput(format!("output {name}: {reason}"))
    }
}

/// What names an output: its index (`usize`) or its name (`&str`).
pub trait OutputIndex {
    /// The index in this response.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: it has no such output.
    fn index_in(&self, response: &InferResponse) -> Result<usize>;
}

impl OutputIndex for usize {
    fn index_in(&self, _: &InferResponse) -> Result<usize> {
        Ok(*self)
    }
}

impl OutputIndex for &str {
    fn index_in(&self, response: &InferResponse) -> Result<usize> {
        response.outputs().iter().position(|output| output.name == *self).ok_or_else(|| {
            let names: Vec<&str> = response.outputs().iter().map(|output| output.name.as_str()).collect();
            Error::InvalidInput(format!("output '{self}': expected one that came ({}); ask for it", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(tensors: &[(&str, &str, &[i64], &[u8])]) -> InferResponse {
        let tensor = |&(name, datatype, shape, _): &(&str, &str, &[i64], &[u8])| InferOutputTensor {
            name: name.into(),
            datatype: datatype.into(),
            shape: shape.to_vec(),
            ..Default::default()
        };
        InferResponse::new(ModelInferResponse {
            outputs: tensors.iter().map(tensor).collect(),
            raw_output_contents: tensors.iter().map(|tensor| tensor.3.to_vec()).collect(),
            ..Default::default()
        })
    }

    #[test]
    fn outputs_are_read_by_index_and_by_name() {
        let response = response(&[
            ("ids", "INT64", &[2], &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
            ("halves", "FP16", &[1], &[0, 0x3c]),
            ("texts", "BYTES", &[1, 2], b"\x01\0\0\0a\x02\0\0\0bc"),
        ]);
        assert_eq!(response.output_as_i64(0).unwrap(), [1, 2]);
        assert_eq!(response.output_as_u64("ids").unwrap(), [1, 2]);
        assert_eq!(response.output_as_u16("halves").unwrap(), [0x3c00]);
        assert_eq!(response.output_as_str("texts").unwrap(), ["a", "bc"]);
        assert_eq!(response.output_as_raw(1).unwrap(), [0, 0x3c]);
        assert_eq!(response.output("ids").unwrap().shape, [2]);
        assert!(response.output("none").is_none());
    }

    #[test]
    fn another_datatype_is_named_with_the_method_for_it() {
        let response = response(&[("scores", "FP32", &[1], &[0; 4]), ("new", "FP8", &[1], &[0])]);
        let text = response.output_as_i32("scores").unwrap_err().to_string();
        assert_eq!(text, "invalid input: output 'scores': expected INT32, got FP32: call output_as_f32");
        assert!(response.output_as_u8("new").unwrap_err().to_string().ends_with("got FP8: call output_as_raw"));
    }

    #[test]
    fn an_output_that_did_not_come_is_answered_with_those_that_did() {
        let response = response(&[("a", "BOOL", &[1], &[1]), ("b", "BOOL", &[1], &[0])]);
        let text = response.output_as_bool("c").unwrap_err().to_string();
        assert_eq!(text, "invalid input: output 'c': expected one that came (a, b); ask for it");
        let text = response.output_as_bool(2).unwrap_err().to_string();
        assert_eq!(text, "invalid input: output 2: expected an index below 2, the outputs that came");
    }

    #[test]
    fn elements_that_are_not_there_are_missed() {
        let response =
            response(&[("a", "FP32", &[2], &[]), ("b", "FP32", &[2], &[0; 4]), ("c", "FP64", &[1], &[0; 7])]);
        let text = response.output_as_f32("a").unwrap_err().to_string();
        assert!(text.contains("expected 2 elements for shape [2], got 0: read the shared memory"), "{text}");
        let text = response.output_as_f32("b").unwrap_err().to_string();
        assert!(text.ends_with("expected 2 elements for shape [2], got 1"), "{text}");
        let text = response.output_as_f64("c").unwrap_err().to_string();
        assert!(text.ends_with("expected 8 bytes for each f64, got 7"), "{text}");
    }

    #[test]
    fn strings_are_counted_and_texts_are_utf8() {
        let response = response(&[("a", "BYTES", &[2], b"\x01\0\0\0a"), ("b", "BYTES", &[1], b"\x01\0\0\0\xff")]);
        let text = response.output_as_bytes("a").unwrap_err().to_string();
        assert!(text.contains("expected 2 elements for shape [2], got 1"), "{text}");
        let text = response.output_as_str("b").unwrap_err().to_string();
        assert!(text.ends_with("output 'b': string 0 is not UTF-8: read its bytes"), "{text}");
        assert_eq!(response.output_as_bytes("b").unwrap(), [[255]]);
    }

    #[test]
    fn bytes_without_a_tensor_are_what_the_caller_says() {
        let raw_output_contents = vec![vec![1, 0, 0, 0]];
        let response = InferResponse::new(ModelInferResponse { raw_output_contents, ..Default::default() });
        assert_eq!(response.output_as_u32(0).unwrap(), [1]);
    }

    #[test]
    fn only_a_stream_says_that_more_follows() {
        let mut message = ModelInferResponse::default();
        assert!(InferResponse::new(message.clone()).is_final());
        let parameter = InferParameter { parameter_choice: Some(ParameterChoice::BoolParam(false)) };
        message.parameters.insert("triton_final_response".into(), parameter);
        assert!(!InferResponse::new(message).is_final());
    }
}
