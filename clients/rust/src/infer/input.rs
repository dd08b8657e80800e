//! An input of a request.

use super::element::{count, Element};
use super::parameters::{self, Parameters};
use super::{strings, DataType};
use crate::error::{Error, Result};
use crate::generated::inference::model_infer_request::InferInputTensor;

/// An input: its name, shape and datatype, then its elements, in row order, by one of the methods `with_data_...`, or
/// where they lie in shared memory.
///
/// ```
/// # use triton_client::prelude::*;
/// let input = InferInput::new("pixels", vec![1, 3], DataType::Fp32).with_data_f32(&[0.0, 0.5, 1.0]);
/// ```
///
/// Whether they fit is checked by [`try_build`](super::InferRequestBuilder::try_build).
#[derive(Debug, Clone)]
pub struct InferInput {
    name: String,
    shape: Vec<i64>,
    datatype: DataType,
    data: Option<Vec<u8>>,
    parameters: Parameters,
    mistake: Option<String>, // of what was given as data
}

macro_rules! setters {
    ($($method:ident: $type:ty, $what:literal;)*) => {$(
        #[doc = concat!("Its elements, of ", $what, ".")]
        #[must_use]
        pub fn $method(self, data: &[$type]) -> Self {
            self.with_elements(data)
        }
    )*};
}

impl InferInput {
    /// An input without elements yet. With batches, the shape begins with the batch's size.
    pub fn new(name: impl Into<String>, shape: Vec<i64>, datatype: DataType) -> Self {
        let name = name.into();
        Self { name, shape, datatype, data: None, parameters: Parameters::new(), mistake: None }
    }

    setters! {
        with_data_bool: bool, "BOOL";
        with_data_u8: u8, "UINT8, INT8 or BOOL";
        with_data_i8: i8, "INT8 or UINT8";
        with_data_u16: u16, "UINT16 or INT16, or the bits of FP16 or BF16";
        with_data_i16: i16, "INT16 or UINT16";
        with_data_u32: u32, "UINT32 or INT32";
        with_data_i32: i32, "INT32 or UINT32";
        with_data_u64: u64, "UINT64 or INT64";
        with_data_i64: i64, "INT64 or UINT64";
        with_data_f32: f32, "FP32";
        with_data_f64: f64, "FP64";
    }

    /// Its elements, of BYTES.
    #[must_use]
    pub fn with_data_bytes(self, data: &[&[u8]]) -> Self {
        self.with_strings(data.iter().copied())
    }

    /// Its elements, of BYTES, from texts: `&["a", "b"]` or a `Vec<String>`.
    #[must_use]
    pub fn with_data_str<S: AsRef<str>>(self, data: &[S]) -> Self {
        self.with_strings(data.iter().map(|text| text.as_ref().as_bytes()))
    }

    /// Its elements as they are sent: little-endian; each of BYTES behind four bytes of its length.
    #[must_use]
    pub fn with_data_raw(self, data: Vec<u8>) -> Self {
        Self { data: Some(data), mistake: None, ..self }
    }

    /// Its elements lie in `region`, which the server knows by
    /// [`system_shared_memory_register`](crate::TritonClient::system_shared_memory_register): `byte_size` bytes from
    /// `offset` on.
    #[must_use]
    pub fn with_shared_memory(mut self, region: impl Into<String>, byte_size: u64, offset: u64) -> Self {
        parameters::set_shared_memory(&mut self.parameters, region.into(), byte_size, offset);
        self
    }

    parameters::parameter_methods!("input");

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its shape.
    pub fn shape(&self) -> &[i64] {
        &self.shape
    }

    /// Its datatype.
    pub fn datatype(&self) -> DataType {
        self.datatype
    }

    fn with_elements<T: Element>(self, data: &[T]) -> Self {
        let datatype = self.datatype;
        let mistake = (!T::DATATYPES.contains(&datatype)).then(|| {
            let declared = T::DATATYPES[0];
            format!("expected {datatype}, got {}: call with_data_{}, or declare {declared}", T::NAME, datatype.method())
        });
        Self { data: Some(T::to_bytes(data)), mistake, ..self }
    }

    fn with_strings<'a>(self, data: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let datatype = self.datatype;
        let mistake = (datatype != DataType::Bytes).then(|| {
            format!("expected {datatype}, got strings: call with_data_{}, or declare BYTES", datatype.method())
        });
        match strings::to_bytes(data) {
            Ok(bytes) => Self { data: Some(bytes), mistake, ..self },
            Err(reason) => Self { data: None, mistake: mistake.or(Some(reason)), ..self },
        }
    }

    /// Whether shape, datatype and elements belong together.
    pub(super) fn check(&self) -> Result<()> {
        self.mistake
            .clone()
            .or_else(|| self.misfit())
            .map_or(Ok(()), |reason| Err(Error::InvalidInput(format!("input '{}': {reason}", self.name))))
    }

    fn misfit(&self) -> Option<String> {
        let Self { shape, datatype, .. } = self;
        let Some(expected) = count(shape) else {
            return Some(format!("expected a shape of sizes, got {shape:?}: give each dimension its size"));
        };
        let (data, is_shared) = (self.data.as_ref(), self.is_shared());
        if is_shared {
            return data.map(|_| "expected data or shared memory, got both: leave one out".into());
        }
        let Some(data) = data else {
            let method = datatype.method();
            return Some(format!(
                "expected {expected} elements, got none: call with_data_{method} or with_shared_memory"
            ));
        };
        let got = match datatype.byte_size() {
            Some(byte_size) if data.len() % byte_size == 0 => data.len() / byte_size,
            Some(byte_size) => {
                return Some(format!("expected {byte_size} bytes for each {datatype}, got {}", data.len()))
            }
            None => match strings::from_bytes(data) {
                Ok(strings) => strings.len(),
                Err(reason) => return Some(reason),
            },
        };
        (got != expected).then(|| {
            format!("expected {expected} elements for shape {shape:?}, got {got}: change the shape or the data")
        })
    }

    fn is_shared(&self) -> bool {
        self.parameters.contains_key(parameters::REGION)
    }

    /// The tensor, and its raw bytes. One in shared memory has none: the server counts those of the others only.
    pub(super) fn into_message(self) -> (InferInputTensor, Option<Vec<u8>>) {
        let raw = if self.is_shared() { None } else { Some(self.data.unwrap_or_default()) };
        let tensor = InferInputTensor {
            name: self.name,
            datatype: self.datatype.as_str().into(),
            shape: self.shape,
            parameters: self.parameters,
            contents: None,
        };
        (tensor, raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(shape: &[i64], datatype: DataType) -> InferInput {
        InferInput::new("x", shape.to_vec(), datatype)
    }

    fn reason(input: InferInput) -> String {
        input.check().unwrap_err().to_string()
    }

    #[test]
    fn what_fits_is_taken() {
        for fitting in [
            input(&[2, 2], DataType::Fp32).with_data_f32(&[1.0, 2.0, 3.0, 4.0]),
            input(&[2], DataType::Fp16).with_data_u16(&[0x3c00, 0x4000]),
            input(&[2], DataType::Bf16).with_data_raw(vec![0x80, 0x3f, 0, 0x40]),
            input(&[3], DataType::Bool).with_data_bool(&[true, false, true]),
            input(&[2], DataType::Bytes).with_data_bytes(&[b"one", b"three"]),
            input(&[2], DataType::Bytes).with_data_str(&["one".to_string(), "three".to_string()]),
            input(&[], DataType::Int64).with_data_i64(&[7]),
            input(&[0, 4], DataType::Int8).with_data_i8(&[]),
            input(&[4], DataType::Fp64).with_shared_memory("region", 32, 0),
        ] {
            fitting.check().unwrap();
        }
    }

    #[test]
    fn elements_that_do_not_fit_the_shape_are_counted() {
        assert_eq!(
            reason(input(&[3, 4], DataType::Fp32).with_data_f32(&[0.0; 6])),
            "invalid input: input 'x': expected 12 elements for shape [3, 4], got 6: change the shape or the data"
        );
        let text = reason(input(&[3], DataType::Bytes).with_data_str(&["a", "b"]));
        assert!(text.contains("expected 3 elements for shape [3], got 2"), "{text}");
        let text = reason(input(&[2], DataType::Fp32).with_data_raw(vec![0; 7]));
        assert!(text.contains("expected 4 bytes for each FP32, got 7"), "{text}");
    }

    #[test]
    fn elements_of_another_type_are_named_with_the_method_for_them() {
        let text = reason(input(&[1], DataType::Fp32).with_data_i32(&[1]));
        assert!(text.ends_with("expected FP32, got i32: call with_data_f32, or declare INT32"), "{text}");
        let text = reason(input(&[1], DataType::Int64).with_data_str(&["1"]));
        assert!(text.ends_with("expected INT64, got strings: call with_data_i64, or declare BYTES"), "{text}");
        let text = reason(input(&[1], DataType::Bytes).with_data_u8(&[1]));
        assert!(text.contains("call with_data_bytes"), "{text}");
    }

    #[test]
    fn the_last_data_given_counts() {
        input(&[1], DataType::Fp32).with_data_i32(&[1]).with_data_f32(&[1.0]).check().unwrap();
    }

    #[test]
    fn a_shape_has_the_size_of_each_dimension() {
        let text = reason(input(&[-1, 2], DataType::Fp32).with_data_f32(&[1.0, 2.0]));
        assert!(text.contains("got [-1, 2]: give each dimension its size"), "{text}");
    }

    #[test]
    fn data_is_given_once() {
        let text = reason(input(&[1], DataType::Fp32));
        assert!(text.ends_with("expected 1 elements, got none: call with_data_f32 or with_shared_memory"), "{text}");
        let text = reason(input(&[1], DataType::Fp32).with_data_f32(&[1.0]).with_shared_memory("region", 4, 0));
        assert!(text.ends_with("expected data or shared memory, got both: leave one out"), "{text}");
    }
}
