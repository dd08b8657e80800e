# neso_part(<room> [ROOMS <room>...] LIBRARIES <target>...)
#
# The room as the library libneso_<room>.so beside libtritonserver.so, which opens it when it is asked for what it does
# (base/own_library.h), so that what the libraries bring along costs nobody else anything. It carries the objects of
# ours that it uses, those of base/ and of ROOMS, and shows nothing but its entry, neso_<room>_entry.
function(neso_part room)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES" ${ARGN})
  set(map ${CMAKE_CURRENT_BINARY_DIR}/libneso_${room}.map)
  file(CONFIGURE OUTPUT ${map} CONTENT "{\n  global:\n    neso_${room}_entry;\n  local:\n    *;\n};\n" @ONLY)
  add_library(neso_${room}_library MODULE $<TARGET_OBJECTS:neso_${room}> $<TARGET_OBJECTS:neso_base>)
  foreach(carried IN LISTS ARG_ROOMS)
    target_sources(neso_${room}_library PRIVATE $<TARGET_OBJECTS:neso_${carried}>)
  endforeach()
  target_link_libraries(neso_${room}_library PRIVATE neso_base_usage ${ARG_LIBRARIES})
  target_link_options(neso_${room}_library PRIVATE
    -Wl,--version-script=${map} -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-Bsymbolic-functions -Wl,-z,relro,-z,now)
  set_target_properties(neso_${room}_library PROPERTIES
    OUTPUT_NAME neso_${room} LINK_DEPENDS ${map} LINKER_LANGUAGE CXX
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  add_dependencies(neso_tree neso_${room}_library)
  install(TARGETS neso_${room}_library LIBRARY DESTINATION lib)
endfunction()
