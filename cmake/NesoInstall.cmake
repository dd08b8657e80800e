# What the installed tree has besides programs and plug-ins: headers, the CMake packages, the licence.
include(CMakePackageConfigHelpers)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION include FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/neso)

foreach(package "Neso;${PROJECT_VERSION}" "TritonCore;2.73.0")
  list(GET package 0 name)
  list(GET package 1 version)
  set(versions ${CMAKE_CURRENT_BINARY_DIR}/${name}ConfigVersion.cmake)
  write_basic_package_version_file(${versions} VERSION ${version} COMPATIBILITY AnyNewerVersion ARCH_INDEPENDENT)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/${name}Config.cmake ${versions} DESTINATION lib/cmake/${name})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/cmake/NesoBackend.cmake ${PROJECT_SOURCE_DIR}/cmake/backend.map
  DESTINATION lib/cmake/Neso)
