# find_package(NesoBackend): what is needed to build a backend outside of Neso's tree.
find_path(NesoBackend_RAPIDJSON_INCLUDE rapidjson/document.h)
if(NOT NesoBackend_RAPIDJSON_INCLUDE)
  set(NesoBackend_FOUND FALSE)
  set(NesoBackend_NOT_FOUND_MESSAGE "NesoBackend needs the headers of RapidJSON")
  return()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/NesoBackendTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/NesoBackend.cmake)
