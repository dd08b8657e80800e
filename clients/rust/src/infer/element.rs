//! Numbers as a tensor has them: one behind the other, little-endian.

use super::DataType;

/// A Rust type of which slices become tensors, and tensors vectors.
pub(crate) trait Element: Sized {
    /// As in `with_data_f32`.
    const NAME: &'static str;
    /// What may be read and written as this type: numbers of the same width that are no others by their meaning. A half
    /// has no type in Rust, so its bits are a `u16`.
    const DATATYPES: &'static [DataType];
    const BYTE_SIZE: usize;

    fn to_bytes(values: &[Self]) -> Vec<u8>;
    /// Of a multiple of BYTE_SIZE.
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! numbers {
    ($($type:ident: $($datatype:ident)*;)*) => {$(
        impl Element for $type {
            const NAME: &'static str = stringify!($type);
            const DATATYPES: &'static [DataType] = &[$(DataType::$datatype),*];
            const BYTE_SIZE: usize = std::mem::size_of::<$type>();

            // Written into place, the compiler makes one copy of it; appended, a check for each number.
            fn to_bytes(values: &[Self]) -> Vec<u8> {
                let mut bytes = vec![0; values.len() * Self::BYTE_SIZE];
                for (place, value) in bytes.chunks_exact_mut(Self::BYTE_SIZE).zip(values) {
                    place.copy_from_slice(&value.to_le_bytes());
                }
                bytes
            }

            fn from_bytes(bytes: &[u8]) -> Vec<Self> {
                let number = |chunk: &[u8]| Self::from_le_bytes(chunk.try_into().expect("chunks have this size"));
                bytes.chunks_exact(Self::BYTE_SIZE).map(number).collect()
            }
        }
    )*};
}

numbers! {
    u8: Uint8 Int8 Bool;
    i8: Int8 Uint8;
    u16: Uint16 Int16 Fp16 Bf16;
    i16: Int16 Uint16;
    u32: Uint32 Int32;
    i32: Int32 Uint32;
    u64: Uint64 Int64;
    i64: Int64 Uint64;
    f32: Fp32;
    f64: Fp64;
}

impl Element for bool {
    const NAME: &'static str = "bool";
    const DATATYPES: &'static [DataType] = &[DataType::Bool];
    const BYTE_SIZE: usize = 1;

    fn to_bytes(values: &[Self]) -> Vec<u8> {
        values.iter().map(|&value| value.into()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        bytes.iter().map(|&byte| byte != 0).collect()
    }
}

/// How many elements a tensor of this shape has; none if no tensor has it.
pub(crate) fn count(shape: &[i64]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, &dimension| count.checked_mul(dimension.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian() {
        assert_eq!(u16::to_bytes(&[1, 0x1234]), [1, 0, 0x34, 0x12]);
        assert_eq!(i64::from_bytes(&i64::to_bytes(&[i64::MIN, -1, i64::MAX])), [i64::MIN, -1, i64::MAX]);
        assert_eq!(f32::from_bytes(&[0, 0, 0x80, 0x3f]), [1.0]);
        assert_eq!(bool::from_bytes(&bool::to_bytes(&[true, false])), [true, false]);
    }

    #[test]
    fn elements_are_counted_with_care() {
        assert_eq!(count(&[]), Some(1));
        assert_eq!(count(&[2, 3, 0]), Some(0));
        assert_eq!(count(&[2, -1]), None);
        assert_eq!(count(&[i64::MAX, 3]), None);
    }
}
