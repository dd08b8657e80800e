# The package name and targets that backends written for Triton look for.
get_filename_component(NESO_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

if(NOT TARGET TritonCore::triton-core-serverapi)
  foreach(api server backend repoagent cache)
    add_library(TritonCore::triton-core-${api}api INTERFACE IMPORTED)
    target_include_directories(TritonCore::triton-core-${api}api INTERFACE ${NESO_PREFIX}/include)
  endforeach()
  add_library(TritonCore::triton-core-serverstub SHARED IMPORTED)
  set_target_properties(TritonCore::triton-core-serverstub PROPERTIES
    IMPORTED_LOCATION ${NESO_PREFIX}/lib/stubs/libtritonserver.so IMPORTED_SONAME libtritonserver.so)
endif()
