# neso_check_headers(<library>...): compiles every header of src/ and include/ alone, so that each includes what it needs.
# `libraries` bring what any of them may include. With NESO_CHECK_HEADERS only: precompiled headers would hide what is missing.
option(NESO_CHECK_HEADERS "compile each header alone" OFF)

function(neso_check_headers)
  if(NOT NESO_CHECK_HEADERS)
    return()
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
       ${PROJECT_SOURCE_DIR}/src/*.h ${PROJECT_SOURCE_DIR}/include/*.h)
  set(sources)
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "^(src|include)/" "" included ${header})
    set(source ${PROJECT_BINARY_DIR}/headers/${header}.cc)
    # Twice, so that it has a guard.
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${included}\"\n#include \"${included}\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(neso_headers OBJECT ${sources})
  target_include_directories(neso_headers PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(neso_headers PRIVATE ${ARGN})
endfunction()
