# The package name and targets that backends written for Triton look for.
include(${CMAKE_CURRENT_LIST_DIR}/../Neso/NesoConfig.cmake)

if(NOT TARGET TritonCore::triton-core-serverapi)
  foreach(api server backend repoagent cache)
    add_library(TritonCore::triton-core-${api}api INTERFACE IMPORTED)
    target_link_libraries(TritonCore::triton-core-${api}api INTERFACE Neso::headers)
  endforeach()
  add_library(TritonCore::triton-core-serverstub INTERFACE IMPORTED)
  target_link_libraries(TritonCore::triton-core-serverstub INTERFACE Neso::stub)
endif()
