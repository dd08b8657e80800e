# Neso::headers   the C interface and the backend SDK
# Neso::stub      a libtritonserver.so of empty functions: plug-ins link it, so that they ask for the library by name and
#                 build without the server; at run time the name is already taken by the real one
add_library(neso_headers INTERFACE)
target_include_directories(neso_headers INTERFACE ${PROJECT_SOURCE_DIR}/include)
add_library(Neso::headers ALIAS neso_headers)

set(exports ${CMAKE_CURRENT_LIST_DIR}/exported_symbols.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${exports})
file(STRINGS ${exports} names REGEX "^TRITON")
list(TRANSFORM names REPLACE "(.+)" "EMPTY(\\1)" OUTPUT_VARIABLE functions)
list(JOIN functions "\n" functions)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/stub.c @ONLY CONTENT
"// Names only; see cmake/NesoStub.cmake.
#define EMPTY(name) \\
  __attribute__((visibility(\"default\"))) void name(void); \\
  void name(void) {}
${functions}
")
add_library(neso_stub SHARED ${CMAKE_CURRENT_BINARY_DIR}/stub.c)
set_target_properties(neso_stub PROPERTIES
  OUTPUT_NAME tritonserver LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/stubs)
add_library(Neso::stub ALIAS neso_stub)
install(TARGETS neso_stub LIBRARY DESTINATION lib/stubs)
