# neso_server_library(ROOMS <room>... MAIN <file>)
#
# Makes the server of the given rooms and all they need:
#   tritonserver   libtritonserver.so: everything of ours, exporting exactly what exported_symbols.txt lists
#   neso           bin/neso: MAIN, linked to it; bin/tritonserver is the same program by its older name
#
# There is one core in the process, because plug-ins that name libtritonserver.so find the one that bin/neso loaded.
# Whatever else is inside stays local, weak and unique C++ symbols too: a framework that a plug-in brings along may carry
# another version of the same library, and must find its own.
set(NESO_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/exported_symbols.txt)

function(neso_server_library)
  cmake_parse_arguments(ARG "" "MAIN" "ROOMS" ${ARGN})
  set(closure)
  set(usage)
  foreach(room IN LISTS ARG_ROOMS)
    get_target_property(theirs neso_${room} NESO_CLOSURE)
    list(APPEND closure ${theirs})
    list(APPEND usage neso_${room}_usage)
  endforeach()
  list(REMOVE_DUPLICATES closure)
  list(TRANSFORM closure REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)

  # Without a version name: plug-ins made for the original ask for plain names.
  set(map ${CMAKE_CURRENT_BINARY_DIR}/libtritonserver.map)
  file(STRINGS ${NESO_EXPORTS} names)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${NESO_EXPORTS})
  list(JOIN names ";\n    " names)
  file(CONFIGURE OUTPUT ${map} CONTENT "{\n  global:\n    ${names};\n  local:\n    *;\n};\n" @ONLY)

  add_library(tritonserver SHARED ${objects})
  target_link_libraries(tritonserver PRIVATE ${usage})
  target_link_options(tritonserver PRIVATE
    -Wl,--version-script=${map} -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-Bsymbolic-functions -Wl,-z,relro,-z,now)
  set_target_properties(tritonserver PROPERTIES
    LINK_DEPENDS ${map} LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib
    INSTALL_RPATH $ORIGIN)

  add_executable(neso ${ARG_MAIN})
  target_include_directories(neso PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(neso PRIVATE tritonserver)
  # RPATH, not RUNPATH: an LD_LIBRARY_PATH that was set for another server must not bring its library of the same name.
  target_link_options(neso PRIVATE -Wl,-z,relro,-z,now -Wl,--disable-new-dtags)
  set_target_properties(neso PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH $ORIGIN/../lib)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  file(CREATE_LINK neso ${PROJECT_BINARY_DIR}/bin/tritonserver SYMBOLIC)

  add_dependencies(neso_tree neso)
  install(TARGETS tritonserver LIBRARY DESTINATION lib)
  install(TARGETS neso RUNTIME DESTINATION bin)
  install(FILES ${PROJECT_BINARY_DIR}/bin/tritonserver DESTINATION bin)

  add_test(NAME exported_symbols
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/check_exports $<TARGET_FILE:tritonserver> ${NESO_EXPORTS})
endfunction()
