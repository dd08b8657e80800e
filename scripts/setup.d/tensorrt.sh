# The public headers of TensorRT for the backend of that name: 1.2 MB. They come inside a crate, with a header that stands for
# those of CUDA; cargo downloads the crate, which is pinned, and checks its sum. The library is the user's.
Make_tensorrt() {
  local result=$1 build=$2 settings crate
  command -v cargo >/dev/null || fail "tensorrt: expected cargo, which downloads the headers of TensorRT: install Rust (1.82 or later)"
  mkdir "$build/home"
  for settings in config.toml config; do  # a user's mirror of the registry
    cp "${CARGO_HOME:-$HOME/.cargo}/$settings" "$build/home/" 2>/dev/null || true
  done
  # "info" downloads this crate alone; "fetch" would bring all that it depends on, too.
  Quietly In "$build" env CARGO_HOME="$build/home" cargo info trtx-sys@0.9.1
  crate=$(echo "$build"/home/registry/src/*/trtx-sys-0.9.1*/TensorRT-Headers)
  cp -r "$crate/TRT-Enterprise-11.4" "$result/include"
  cp "$crate/cuda_runtime_api.h" "$result/include/"
}
