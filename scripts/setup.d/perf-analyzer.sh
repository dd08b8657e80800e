# perf_analyzer 2.48, which `neso perf` is compared with (bench/perf_analyzer.py): the program out of the stock client's
# wheel, with the two libraries that it asks for. Its CUDA is never called.
client_version=2.48.0
cudart_version=12.4.127

Make_perf-analyzer() {
  local result=$1 build=$2
  Quietly unzip -q -j "$(FetchWheel "tritonclient==$client_version" "$build")" '*/bin/perf_analyzer' -d "$result"
  Quietly unzip -q -j "$(FetchWheel "nvidia-cuda-runtime-cu12==$cudart_version" "$build")" '*/libcudart.so.12' -d "$result"
  FetchPackage libb64-0d "$codename" "$build"
  cp -L "$build"/libb64-0d/usr/lib/*/libb64.so.0d "$result"
  chmod +x "$result/perf_analyzer"
  Quietly env LD_LIBRARY_PATH="$result" "$result/perf_analyzer" --version
}
