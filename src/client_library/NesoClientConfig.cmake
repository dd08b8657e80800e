# find_package(NesoClient) for programs that call servers, against an installed tree wherever it stands: Neso::client.
get_filename_component(NESO_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

if(NOT TARGET Neso::client)
  add_library(Neso::client SHARED IMPORTED)
  set_target_properties(Neso::client PROPERTIES
    IMPORTED_LOCATION ${NESO_PREFIX}/lib/libneso_client.so IMPORTED_SONAME libneso_client.so)
  target_include_directories(Neso::client INTERFACE ${NESO_PREFIX}/include)
  target_compile_features(Neso::client INTERFACE cxx_std_20)
endif()
