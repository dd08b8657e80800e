# neso_add_backend(<name> SOURCES <file>... [LIBRARIES <target>...] [BUNDLE <file>...])
#
# Makes libtriton_<name>.so, a backend that loads into Neso and into Triton, in backends/<name> of the build folder and of
# the installed tree. It exports the backend interface only. BUNDLE names libraries that go beside it, where its run path
# finds them; a link is followed, so give the name that the library is asked for by.
#
#   find_package(Neso REQUIRED)
#   neso_add_backend(halve SOURCES halve.cc)
set(NESO_BACKEND_MAP ${CMAKE_CURRENT_LIST_DIR}/backend.map)

function(neso_add_backend name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;BUNDLE" ${ARGN})
  set(target triton_${name})
  add_library(${target} MODULE ${ARG_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_libraries(${target} PRIVATE Neso::headers Neso::stub ${ARG_LIBRARIES})
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${NESO_BACKEND_MAP} -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-z,relro,-z,now)
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${NESO_BACKEND_MAP} INSTALL_RPATH $ORIGIN
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/backends/${name})
  install(TARGETS ${target} LIBRARY DESTINATION backends/${name})
  foreach(file IN LISTS ARG_BUNDLE)
    get_filename_component(wanted ${file} NAME)
    file(REAL_PATH ${file} real)
    install(PROGRAMS ${real} DESTINATION backends/${name} RENAME ${wanted})
  endforeach()
endfunction()
