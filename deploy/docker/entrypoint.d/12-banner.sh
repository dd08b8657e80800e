echo "Neso ${NESO_VERSION:-} (build ${NVIDIA_BUILD_ID:-}), in place of Triton Inference Server ${TRITON_SERVER_VERSION:-}"
