use std::fs;
use std::path::PathBuf;

use crate::*;

/// A file that both sides see, until it goes.
struct Memory {
    key: String,
    path: PathBuf,
}

impl Memory {
    fn new(name: &str, content: &[u8]) -> Self {
        let key = format!("neso-rust-{}-{name}", std::process::id());
        let path = PathBuf::from("/dev/shm").join(&key);
        fs::write(&path, content).unwrap();
        Self { key, path }
    }

    fn floats(&self) -> Vec<f32> {
        let bytes = fs::read(&self.path).unwrap();
        bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap())).collect()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[tokio::test]
#[ignore = "needs a server"]
async fn tensors_are_read_and_written_where_they_are() {
    let content: Vec<u8> = [0.0_f32, 1.0, 2.0, 3.0, -1.0, -1.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let memory = Memory::new("tensors", &content);
    let client = client().await;
    client.system_shared_memory_register("both", &memory.key, 0, 24).await.unwrap();
    let regions = client.system_shared_memory_status("both").await.unwrap().regions;
    let region = &regions["both"];
    assert_eq!((region.key.as_str(), region.offset, region.byte_size), (memory.key.as_str(), 0, 24));

    // The second input travels in the message: the first has no bytes there.
    let shared = InferInput::new("INPUT0", vec![2], DataType::Fp32).with_shared_memory("both", 8, 8);
    let sent = InferInput::new("INPUT1", vec![2], DataType::Fp32).with_data_f32(&[8.0, 9.0]);
    let request = InferRequestBuilder::new("two")
        .input(shared)
        .input(sent)
        .output_with(InferRequestedOutput::new("OUTPUT0").with_shared_memory("both", 8, 16))
        .output("OUTPUT1")
        .try_build()
        .unwrap();
    let response = client.infer(request).await.unwrap();
    assert_eq!(memory.floats(), [0.0, 1.0, 2.0, 3.0, 2.0, 3.0]);
    assert_eq!(response.output_as_f32("OUTPUT1").unwrap(), [8.0, 9.0]);
    assert_eq!(response.output("OUTPUT0").unwrap().shape, [2]);
    let error = response.output_as_f32("OUTPUT0").unwrap_err().to_string();
    assert!(error.contains("read the shared memory"), "{error}");

    client.system_shared_memory_unregister("both").await.unwrap();
    let (code, _) = status(client.system_shared_memory_status("both").await);
    assert_eq!(code, Code::NotFound);
}

#[tokio::test]
#[ignore = "needs a server"]
async fn memory_that_is_not_there_is_refused() {
    let client = client().await;
    let (code, message) = status(client.system_shared_memory_register("none", "neso-rust-none", 0, 4).await);
    assert_eq!(code, Code::Internal);
    assert!(message.contains("neso-rust-none"), "{message}");
    let lost = InferInput::new("INPUT0", vec![1], DataType::Fp32).with_shared_memory("none", 4, 0);
    let (code, message) = refused(&client, InferRequestBuilder::new("of_fp32").input(lost).try_build().unwrap()).await;
    assert_eq!((code, message.as_str()), (Code::NotFound, "Unable to find shared memory region: 'none'"));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn memory_of_a_gpu_is_none_without_one() {
    let client = client().await;
    assert!(client.cuda_shared_memory_status("").await.unwrap().regions.is_empty());
    client.cuda_shared_memory_unregister("").await.unwrap();
    let (_, message) = status(client.cuda_shared_memory_register("gpu", &[0; 64], 0, 4).await);
    assert!(!message.is_empty());
}
