# What the installed tree has besides programs, plug-ins and the backend SDK.
include(CMakePackageConfigHelpers)
add_custom_target(neso_tree)  # what has to be built before installing: programs and plug-ins add themselves
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/neso)
install(PROGRAMS ${PROJECT_SOURCE_DIR}/deploy/sagemaker/serve DESTINATION bin)
# What clients in other languages are generated from.
install(FILES ${PROJECT_SOURCE_DIR}/src/frontend/grpc/grpc_service.proto ${PROJECT_SOURCE_DIR}/src/frontend/grpc/health.proto
              ${PROJECT_SOURCE_DIR}/src/config/model_config.proto
        DESTINATION share/neso/proto)

# The licences of what is linked in or carried along (docs/dependencies.md) go with it.
foreach(part protobuf re2 onnxruntime)
  install(FILES ${NESO_DEPS}/${part}/LICENSE DESTINATION share/doc/neso/licenses RENAME ${part})
endforeach()
install(FILES ${NESO_DEPS}/onnxruntime/ThirdPartyNotices.txt DESTINATION share/doc/neso/licenses RENAME onnxruntime-parts)
foreach(part fmt rapidjson xxhash cli11 nghttp2 hiredis mimalloc)
  file(GLOB text /usr/share/doc/lib${part}-dev/copyright /usr/share/doc/${part}-dev/copyright)
  if(text)  # the last two are there only where they are used
    install(FILES ${text} DESTINATION share/doc/neso/licenses RENAME ${part})
  endif()
endforeach()

foreach(package "Neso;${PROJECT_VERSION}" "TritonCore;2.73.0")
  list(GET package 0 name)
  list(GET package 1 version)
  set(versions ${CMAKE_CURRENT_BINARY_DIR}/${name}ConfigVersion.cmake)
  write_basic_package_version_file(${versions} VERSION ${version} COMPATIBILITY AnyNewerVersion ARCH_INDEPENDENT)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/${name}Config.cmake ${versions} DESTINATION lib/cmake/${name})
endforeach()
