# find_package(Neso) for those who build plug-ins against an installed tree, wherever it stands.
#
#   Neso::headers   the C interface and the backend SDK, header-only
#   Neso::stub      the library that plug-ins link
#   Neso::server    the real library, for programs that embed the server
#   neso_add_backend(), told in NesoBackend.cmake beside this file
get_filename_component(NESO_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)

if(NOT TARGET Neso::headers)
  add_library(Neso::headers INTERFACE IMPORTED)
  target_include_directories(Neso::headers INTERFACE ${NESO_PREFIX}/include)
  foreach(library "stub;lib/stubs" "server;lib")
    list(GET library 0 name)
    list(GET library 1 folder)
    add_library(Neso::${name} SHARED IMPORTED)
    set_target_properties(Neso::${name} PROPERTIES
      IMPORTED_LOCATION ${NESO_PREFIX}/${folder}/libtritonserver.so IMPORTED_SONAME libtritonserver.so
      INTERFACE_LINK_LIBRARIES Neso::headers)
  endforeach()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/NesoBackend.cmake)
