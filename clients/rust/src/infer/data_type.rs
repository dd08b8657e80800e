//! The datatypes of tensors, by their names on the wire.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `bool`, a byte each: 0 or 1.
    Bool,
    /// `u8`.
    Uint8,
    /// `u16`.
    Uint16,
    /// `u32`.
    Uint32,
    /// `u64`.
    Uint64,
    /// `i8`.
    Int8,
    /// `i16`.
    Int16,
    /// `i32`.
    Int32,
    /// `i64`.
    Int64,
    /// A half: its bits are a `u16` here.
    Fp16,
    /// `f32`.
    Fp32,
    /// `f64`.
    Fp64,
    /// Strings of bytes, each as long as it likes.
    Bytes,
    /// The upper half of an `f32`: its bits are a `u16` here.
    Bf16,
}

impl DataType {
    const ALL: [Self; 14] = [
        Self::Bool,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Fp16,
        Self::Fp32,
        Self::Fp64,
        Self::Bytes,
        Self::Bf16,
    ];

    /// Its name on the wire and in metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Fp16 => "FP16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bytes => "BYTES",
            Self::Bf16 => "BF16",
        }
    }

    /// The datatype of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|datatype| datatype.as_str() == name)
    }

    /// How many bytes an element has; none if each has its own length.
    pub const fn byte_size(self) -> Option<usize> {
        match self {
            Self::Bool | Self::Uint8 | Self::Int8 => Some(1),
            Self::Uint16 | Self::Int16 | Self::Fp16 | Self::Bf16 => Some(2),
            Self::Uint32 | Self::Int32 | Self::Fp32 => Some(4),
            Self::Uint64 | Self::Int64 | Self::Fp64 => Some(8),
            Self::Bytes => None,
        }
    }

    /// How the methods are called that give and take such elements: `with_data_<this>`, `output_as_<this>`.
    pub(crate) const fn method(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Uint8 => "u8",
            Self::Uint16 | Self::Fp16 | Self::Bf16 => "u16",
            Self::Uint32 => "u32",
            Self::Uint64 => "u64",
            Self::Int8 => "i8",
            Self::Int16 => "i16",
            Self::Int32 => "i32",
            Self::Int64 => "i64",
            Self::Fp32 => "f32",
            Self::Fp64 => "f64",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DataType {
    type Err = ParseDataTypeError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name).ok_or_else(|| ParseDataTypeError(name.into()))
    }
}

/// A name that no datatype has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDataTypeError(String);

impl fmt::Display for ParseDataTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = DataType::ALL.map(DataType::as_str).join(", ");
        write!(f, "unknown datatype '{}': expected one of {names}", self.0)
    }
}

impl Error for ParseDataTypeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name() {
        for datatype in DataType::ALL {
            assert_eq!(datatype.to_string().parse(), Ok(datatype));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        assert_eq!(DataType::parse("fp32"), None);
        let text = "FP8".parse::<DataType>().unwrap_err().to_string();
        assert!(text.starts_with("unknown datatype 'FP8': expected one of BOOL, UINT8,"), "{text}");
    }
}
