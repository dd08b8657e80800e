# Language level, warnings as errors, hidden symbols, sanitizers (NESO_SANITIZE=address|thread), ccache when present.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(NESO_CCACHE ccache)
if(NESO_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${NESO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
find_program(NESO_MOLD mold)
if(NESO_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# What goes out is hardened, and drops what nobody calls (the server library exports a list).
string(APPEND CMAKE_CXX_FLAGS_RELEASE " -ffunction-sections -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in std::string where there are none (its bug 105651), at -O2 only; and, when it
  # optimises, copies beyond its end in other projects' headers, which it does not take for foreign ones when they are
  # precompiled.
  string(APPEND CMAKE_CXX_FLAGS_RELEASE " -Wno-restrict -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow")
  string(APPEND CMAKE_CXX_FLAGS_RELWITHDEBINFO " -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow")
endif()
add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter -fno-omit-frame-pointer)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety)
endif()

set(NESO_SANITIZE "" CACHE STRING "empty, 'address' (with undefined behaviour) or 'thread'")
if(NESO_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # As compilers see it from the build folder: an option with a clone's path would be no other clone's in the compiler cache.
    file(RELATIVE_PATH ignorelist ${CMAKE_BINARY_DIR} ${CMAKE_CURRENT_LIST_DIR}/sanitizer_ignorelist.txt)
    add_compile_options(-fsanitize-ignorelist=${ignorelist})
  endif()
elseif(NESO_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
option(NESO_FUZZ "build fuzz targets (Clang with libFuzzer)" OFF)
if(NESO_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
