# Where each library comes from; why is told in docs/dependencies.md.
set(NESO_DEPS ${PROJECT_SOURCE_DIR}/.deps CACHE PATH "what scripts/setup installed for this project")

find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)

# {fmt}: Debian ships only the shared library, which would stand in the global scope before the frameworks' copies; its own
# implementation header is compiled into one object of ours instead.
add_library(neso_fmt STATIC ${PROJECT_SOURCE_DIR}/cmake/fmt_implementation.cc)
target_compile_options(neso_fmt PRIVATE -w)

add_library(neso_rapidjson INTERFACE)
target_compile_definitions(neso_rapidjson INTERFACE RAPIDJSON_HAS_STDSTRING=1)

# stb's decoders and its scaling of pictures, which are headers to be compiled in once.
add_library(neso_stb STATIC ${PROJECT_SOURCE_DIR}/cmake/stb_implementation.cc)
target_compile_options(neso_stb PRIVATE -w)

# Protobuf, static, position-independent and hidden, built by scripts/setup.
add_library(neso_protobuf STATIC IMPORTED)
set_target_properties(neso_protobuf PROPERTIES
  IMPORTED_LOCATION ${NESO_DEPS}/protobuf/lib/libprotobuf.a
  INTERFACE_INCLUDE_DIRECTORIES ${NESO_DEPS}/protobuf/include
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${NESO_DEPS}/protobuf/include
  INTERFACE_LINK_LIBRARIES "Threads::Threads;ZLIB::ZLIB")
# Under the thread sanitizer this header gives map fields two more members, which the runtime, built without it, does not
# know: messages with maps crash.
if(NESO_SANITIZE STREQUAL "thread")
  file(READ ${NESO_DEPS}/protobuf/include/google/protobuf/map_field.h map_field)
  string(REPLACE "#if defined(__SANITIZE_THREAD__) || defined(THREAD_SANITIZER)" "#if 0" map_field "${map_field}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/protobuf_thread/google/protobuf/map_field.h CONTENT "${map_field}" @ONLY)
  set_property(TARGET neso_protobuf PROPERTY INTERFACE_INCLUDE_DIRECTORIES
    ${PROJECT_BINARY_DIR}/protobuf_thread ${NESO_DEPS}/protobuf/include)
endif()
set(NESO_PROTOC ${NESO_DEPS}/protobuf/bin/protoc)

# RE2, likewise.
add_library(neso_re2 STATIC IMPORTED)
set_target_properties(neso_re2 PROPERTIES
  IMPORTED_LOCATION ${NESO_DEPS}/re2/lib/libre2.a
  INTERFACE_INCLUDE_DIRECTORIES ${NESO_DEPS}/re2/include
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${NESO_DEPS}/re2/include
  INTERFACE_LINK_LIBRARIES Threads::Threads)

# ONNX Runtime, for its backend only, which carries the library beside it and opens it there itself.
add_library(neso_onnxruntime_headers INTERFACE IMPORTED)
target_include_directories(neso_onnxruntime_headers SYSTEM INTERFACE ${NESO_DEPS}/onnxruntime/include)
add_library(neso_onnxruntime SHARED IMPORTED)
set_target_properties(neso_onnxruntime PROPERTIES
  IMPORTED_LOCATION ${NESO_DEPS}/onnxruntime/lib/libonnxruntime.so.1
  IMPORTED_SONAME libonnxruntime.so.1
  INTERFACE_LINK_LIBRARIES neso_onnxruntime_headers)

# PyTorch, for its backend only, if it was asked for. The thread sanitizer would have to know its locks.
if(EXISTS ${NESO_DEPS}/pytorch/python/torch AND NOT NESO_SANITIZE STREQUAL "thread")
  set(torch ${NESO_DEPS}/pytorch/python/torch)
  set(NESO_PYTORCH_LIBRARIES ${torch}/lib/libtorch_cpu.so ${torch}/lib/libc10.so ${torch}/lib/libgomp.so.1)
  add_library(neso_pytorch INTERFACE IMPORTED)
  target_include_directories(neso_pytorch SYSTEM INTERFACE ${torch}/include ${torch}/include/torch/csrc/api/include)
  find_library(mimalloc mimalloc REQUIRED NO_CACHE)
  get_filename_component(mimalloc ${mimalloc} DIRECTORY)
  list(APPEND NESO_PYTORCH_LIBRARIES ${mimalloc}/libmimalloc.so.2)
  target_link_libraries(neso_pytorch INTERFACE ${NESO_PYTORCH_LIBRARIES})
  # Loading needs these two as well; nothing of ours calls them.
  foreach(library cudart cupti)
    list(APPEND NESO_PYTORCH_LIBRARIES ${NESO_DEPS}/pytorch/python/nvidia/cu13/lib/lib${library}.so.13)
  endforeach()
endif()

# treelite, for the process in which the FIL backend has files read, if it was asked for.
if(EXISTS ${NESO_DEPS}/fil/python/treelite)
  set(NESO_TREELITE_LIBRARIES ${NESO_DEPS}/fil/python/treelite/lib/libtreelite.so)
  file(GLOB libgomp ${NESO_DEPS}/fil/python/treelite.libs/libgomp-*)
  list(APPEND NESO_TREELITE_LIBRARIES ${libgomp})
  add_library(neso_treelite INTERFACE IMPORTED)
  target_link_libraries(neso_treelite INTERFACE ${NESO_TREELITE_LIBRARIES})
endif()

# TensorFlow, for its backend only, if it was asked for, which carries the libraries beside it and opens them there itself.
set(tensorflow ${NESO_DEPS}/tensorflow/python/tensorflow)
if(EXISTS ${tensorflow}/libtensorflow_cc.so.2 AND NOT NESO_SANITIZE STREQUAL "thread")
  set(NESO_TENSORFLOW_LIBRARIES ${tensorflow}/libtensorflow_cc.so.2 ${tensorflow}/libtensorflow_framework.so.2)
  add_library(neso_tensorflow_headers INTERFACE IMPORTED)
  target_include_directories(neso_tensorflow_headers SYSTEM INTERFACE ${NESO_DEPS}/tensorflow/include)
endif()

# DALI, for its backend only, if it was asked for. Likewise.
if(EXISTS ${NESO_DEPS}/dali/include/dali/dali.h AND NOT NESO_SANITIZE STREQUAL "thread")
  set(dali ${NESO_DEPS}/dali/python/nvidia/dali)
  file(GLOB NESO_DALI_LIBRARIES ${dali}/lib*.so ${dali}/.libs/*.so* ${dali}/../nvimgcodec/libnvimgcodec.so.*)
  set(NESO_DALI_EXTENSIONS ${NESO_DEPS}/dali/python/nvidia/nvimgcodec/extensions)
  set(NESO_DALI_LICENSES ${dali}/LICENSE ${dali}/COPYRIGHT ${dali}/Acknowledgements.txt)
  add_library(neso_dali INTERFACE IMPORTED)
  target_include_directories(neso_dali SYSTEM INTERFACE ${NESO_DEPS}/dali/include)
  target_link_libraries(neso_dali INTERFACE 
    ${dali}/libdali.so ${dali}/libdali_operators.so ${dali}/../nvimgcodec/libnvimgcodec.so.0)
  target_link_options(neso_dali INTERFACE LINKER:-rpath-link,${dali} LINKER:-rpath-link,${dali}/.libs)
endif()

# OpenVINO, for its backend only, if it was asked for. The library opens its front ends and its plug-ins for devices itself, and
# looks for them beside it.
if(EXISTS ${NESO_DEPS}/openvino/python/openvino AND NOT NESO_SANITIZE STREQUAL "thread")
  set(openvino ${NESO_DEPS}/openvino/python/openvino)
  file(GLOB NESO_OPENVINO_LIBRARY ${openvino}/libs/libopenvino.so.*)
  add_library(neso_openvino INTERFACE IMPORTED)
  target_include_directories(neso_openvino SYSTEM INTERFACE ${openvino}/include)
  target_link_libraries(neso_openvino INTERFACE ${NESO_OPENVINO_LIBRARY})
  set(NESO_OPENVINO_LIBRARIES ${NESO_OPENVINO_LIBRARY})
  foreach(part openvino_ir_frontend openvino_onnx_frontend openvino_paddle_frontend openvino_tensorflow_frontend
               openvino_tensorflow_lite_frontend openvino_intel_cpu_plugin openvino_auto_plugin openvino_auto_batch_plugin
               openvino_hetero_plugin tbb tbbbind_2_5 hwloc)
    file(GLOB library ${openvino}/libs/lib${part}.so*)
    list(APPEND NESO_OPENVINO_LIBRARIES ${library})
  endforeach()
endif()

# TensorRT's headers, for its backend only, if it was asked for. The library is the user's, opened at run time.
if(EXISTS ${NESO_DEPS}/tensorrt/include/NvInferRuntime.h)
  add_library(neso_tensorrt_headers INTERFACE IMPORTED)
  target_include_directories(neso_tensorrt_headers SYSTEM INTERFACE ${NESO_DEPS}/tensorrt/include)
endif()
