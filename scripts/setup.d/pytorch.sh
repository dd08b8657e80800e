# PyTorch for the backend of that name: 540 MB are downloaded, 1.1 GB unpacked. PyPI's wheel is the one for CUDA, which asks
# for 2 GB more of NVIDIA's libraries. The backend links what runs on the CPU, which needs the two smallest of them; for the
# Python module, with which tests make models, libraries without contents stand in for the rest.
# inputs: requirements/pytorch.txt scripts/setup.d/stand_in.py
Make_pytorch() {
  local result=$1 build=$2 python=$1/python
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$python" \
    -r requirements/pytorch.txt
  rm -rf "$python"/bin "$python"/torch/bin/protoc* "$python"/nvidia/cu13/lib/lib{checkpoint,nvperf_host,nvperf_target,pcsamplingutil}.so
  # It asks for the driver, for which nothing may stand in: a program has one library of that name.
  rm "$python/torch/lib/libcaffe2_nvrtc.so"
  cp "$python"/torch-*.dist-info/licenses/LICENSE "$result/LICENSE"
  Quietly "$system_python" scripts/setup.d/stand_in.py "$python/torch/lib" "$python/nvidia/cu13/lib"
}
