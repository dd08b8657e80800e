# The names that Triton's build gives its parts, for scripts that come from there (docs/building.md). Every build of this server has
# nearly all of them, opened or closed when it starts; so a name does nothing where it asks for what is so, and tells where it does not.
# Works as a script, too: cmake -DTRITON_ENABLE_HTTP=OFF -P cmake/NesoTritonOptions.cmake

# neso_always_there(<part> <what to do to be without>)
function(neso_always_there part instead)
  if(DEFINED TRITON_ENABLE_${part} AND NOT TRITON_ENABLE_${part})
    message(WARNING "TRITON_ENABLE_${part}=${TRITON_ENABLE_${part}}: every build has it. Instead, ${instead}.")
  endif()
endfunction()

# neso_never_there(<variable> <why>)
function(neso_never_there variable why)
  if(${variable})
    message(FATAL_ERROR "${variable}=${${variable}}: ${why}. Leave it out.")
  endif()
endfunction()

neso_always_there(HTTP "start the server with --allow-http=false")
neso_always_there(GRPC "start the server with --allow-grpc=false")
neso_always_there(METRICS "start the server with --allow-metrics=false")
neso_always_there(METRICS_GPU "start the server with --allow-gpu-metrics=false")
neso_always_there(METRICS_CPU "start the server with --allow-cpu-metrics=false")
neso_always_there(LOGGING "start the server with --log-info=false, --log-warning=false and --log-error=false")
neso_always_there(STATS "close the endpoint with --http-restricted-api and --grpc-restricted-protocol")
neso_always_there(GPU "set CUDA_VISIBLE_DEVICES= where it runs. The driver is opened where there is one, and nothing of CUDA is linked")
neso_never_there(TRITON_ENABLE_NVTX "there are no ranges of NVTX in this server")
neso_never_there(TRITON_ENABLE_MALI_GPU "there is no support for Arm's GPUs")
neso_never_there(TRITON_IGPU_BUILD "there is no build for integrated GPUs")
if(TRITON_ENABLE_TENSORRT AND NOT EXISTS ${CMAKE_CURRENT_LIST_DIR}/../.deps/tensorrt)
  message(FATAL_ERROR "TRITON_ENABLE_TENSORRT=${TRITON_ENABLE_TENSORRT}: the headers are missing. Run scripts/setup tensorrt, or `make "
                      "build BACKENDS=tensorrt`, which does both.")
endif()
if(TRITON_ENABLE_ASAN AND NESO_SANITIZE AND NOT NESO_SANITIZE STREQUAL address)
  message(FATAL_ERROR "TRITON_ENABLE_ASAN=${TRITON_ENABLE_ASAN}: a build has one sanitizer, and NESO_SANITIZE=${NESO_SANITIZE} asks for "
                      "another. Leave one of them out.")
elseif(TRITON_ENABLE_ASAN AND NOT NESO_SANITIZE)
  set(NESO_SANITIZE address)
  message(STATUS "TRITON_ENABLE_ASAN=${TRITON_ENABLE_ASAN}: NESO_SANITIZE=${NESO_SANITIZE}")
endif()
# In every build, and closed until the server is told to open them, whatever these say: there is nothing to do but to know the names.
foreach(part ENSEMBLE TRACING SAGEMAKER VERTEX_AI GCS S3 AZURE_STORAGE)
  set(ignored ${TRITON_ENABLE_${part}})
endforeach()
