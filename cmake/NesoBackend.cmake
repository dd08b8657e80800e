# neso_backend(<name> SOURCES <file>... [LIBRARIES <target>...] [BUNDLE <file>...])
#
# Makes the backend library libtriton_<name>.so of C++ sources that use neso/backend/backend.h:
#   target          neso_backend_<name>
#   built in        <build>/backends/<name>/, so that <build>/backends is a --backend-directory
#   installed in    backends/<name>/
# Only the C interface is exported, the run path is the library's own folder, and the server's functions come from the
# process that loads it: linking uses a stub. BUNDLE names libraries that go into the same folder, under the names they
# are asked for by (a link is followed).
#
# neso_cache(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# Likewise the response cache libtritoncache_<name>.so of sources that use neso/cache/cache.h: target neso_cache_<name>, in
# caches/<name>/.
#
# neso_agent(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# Likewise the repository agent libtritonrepoagent_<name>.so of sources that use neso/agent/agent.h: target
# neso_agent_<name>, in repoagents/<name>/.
#
# neso_batch_strategy(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# Likewise a batching library of sources that use neso/backend/batching.h, for a model's folder:
# <build>/batching/<name>/batchstrategy.so, target neso_batching_<name>. It is not installed.
set(NESO_BACKEND_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/NesoBackend.version)
set(NESO_CACHE_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/NesoCache.version)
set(NESO_AGENT_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/NesoAgent.version)

# neso_plugin_library(<target> <folder> <name> <output> <version script> SOURCES ... [LIBRARIES ...]): lib<output>.so in
# <folder>/<name>/, with what plug-ins of every kind have in common.
function(neso_plugin_library target folder name output version_script)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${target} MODULE ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE NesoBackend::sdk NesoBackend::server_stub ${ARG_LIBRARIES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_options(${target} PRIVATE LINKER:--version-script=${version_script})
  if(NOT NESO_SANITIZE)  # the sanitizers' functions come from the program
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${output} PREFIX lib SUFFIX .so
    CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${version_script}
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder}/${name}
    # Never the folder of the stub: at run time its empty functions must not be found.
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN")
endfunction()

# neso_plugin(...): one that is installed, too.
function(neso_plugin target folder name)
  neso_plugin_library(${ARGV})
  if(TARGET neso_tree)  # inside of Neso's own build
    add_dependencies(neso_tree ${target} neso_server_stub)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${folder}/${name})
endfunction()

function(neso_backend name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;BUNDLE" ${ARGN})
  neso_plugin(neso_backend_${name} backends ${name} triton_${name} ${NESO_BACKEND_VERSION_SCRIPT}
    SOURCES ${ARG_SOURCES} LIBRARIES ${ARG_LIBRARIES})
  foreach(file IN LISTS ARG_BUNDLE)
    get_filename_component(wanted ${file} NAME)
    file(REAL_PATH ${file} real)
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/backends/${name})
    file(CREATE_LINK ${real} ${PROJECT_BINARY_DIR}/backends/${name}/${wanted} SYMBOLIC)
    install(PROGRAMS ${real} DESTINATION backends/${name} RENAME ${wanted})
  endforeach()
endfunction()

function(neso_cache name)
  neso_plugin(neso_cache_${name} caches ${name} tritoncache_${name} ${NESO_CACHE_VERSION_SCRIPT} ${ARGN})
endfunction()

function(neso_agent name)
  neso_plugin(neso_agent_${name} repoagents ${name} tritonrepoagent_${name} ${NESO_AGENT_VERSION_SCRIPT} ${ARGN})
endfunction()

function(neso_batch_strategy name)
  neso_plugin_library(neso_batching_${name} batching ${name} batchstrategy
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/NesoBackend.version ${ARGN})
  set_target_properties(neso_batching_${name} PROPERTIES PREFIX "")
endfunction()
