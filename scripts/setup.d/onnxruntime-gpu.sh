# ONNX Runtime with the providers for NVIDIA's GPUs (CUDA 13, TensorRT), instead of the one for the CPU: the libraries of its
# PyPI wheel, 255 MB to download, 0.3 GB unpacked. CUDA and cuDNN are the machine's. The headers are those of the other.
onnxruntime_gpu_version=1.31.1

Make_onnxruntime-gpu() {
  local result=$1 build=$2 wheel
  wheel=$(FetchWheel "onnxruntime-gpu==$onnxruntime_gpu_version" "$build")
  Quietly unzip -q "$wheel" 'onnxruntime/capi/libonnxruntime*' onnxruntime/LICENSE \
    onnxruntime/ThirdPartyNotices.txt -d "$build/wheel"
  mkdir -p "$result/lib"
  mv "$build"/wheel/onnxruntime/capi/libonnxruntime* "$result/lib/"
  mv "$build"/wheel/onnxruntime/{LICENSE,ThirdPartyNotices.txt} "$result/"
  ln -s "libonnxruntime.so.$onnxruntime_gpu_version" "$result/lib/libonnxruntime.so.1"
}
