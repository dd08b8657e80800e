//! What servers and models say of themselves.

/// A server's name, version and extensions of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMetadata {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it knows beyond the protocol, `sequence` and `schedule_policy` for example.
    pub extensions: Vec<String>,
}

/// A model's tensors and versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelMetadata {
    /// Its name.
    pub name: String,
    /// The versions that are ready.
    pub versions: Vec<String>,
    /// What it is made with, `onnxruntime_onnx` for example.
    pub platform: String,
    /// What it takes.
    pub inputs: Vec<TensorMetadata>,
    /// What it gives.
    pub outputs: Vec<TensorMetadata>,
}

/// One input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorMetadata {
    /// Its name.
    pub name: String,
    /// The name of its datatype: `metadata.datatype.parse::<DataType>()`.
    pub datatype: String,
    /// Its shape, with -1 for dimensions of any size; the first is the batch if the model has one.
    pub shape: Vec<i64>,
}

/// A version of a model in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelIndex {
    /// The model's name.
    pub name: String,
    /// The version; empty if none is known yet.
    pub version: String,
    /// `READY`, `LOADING`, `UNLOADING`, `UNAVAILABLE`, or empty if it was never loaded.
    pub state: String,
    /// Why it is in that state.
    pub reason: String,
}
