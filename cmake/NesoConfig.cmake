# find_package(Neso) for programs that embed the server, against an installed tree wherever it stands: Neso::server.
# Plug-ins use find_package(NesoBackend) instead.
get_filename_component(NESO_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

if(NOT TARGET Neso::server)
  add_library(Neso::server SHARED IMPORTED)
  set_target_properties(Neso::server PROPERTIES
    IMPORTED_LOCATION ${NESO_PREFIX}/lib/libtritonserver.so IMPORTED_SONAME libtritonserver.so)
  target_include_directories(Neso::server INTERFACE ${NESO_PREFIX}/include)
endif()
