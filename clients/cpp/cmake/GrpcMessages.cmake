# grpc_messages: messages and stubs made of the server's own .proto files, compiled once; ${grpc_messages_headers} are
# those that users include.
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
set(TRITON_CLIENT_PROTO_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/../../src/frontend/grpc ${CMAKE_CURRENT_SOURCE_DIR}/../../src/config
  CACHE STRING "folders of grpc_service.proto and model_config.proto")

find_file(service_proto grpc_service.proto PATHS ${TRITON_CLIENT_PROTO_DIRS} NO_DEFAULT_PATH REQUIRED)
find_file(config_proto model_config.proto PATHS ${TRITON_CLIENT_PROTO_DIRS} NO_DEFAULT_PATH REQUIRED)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})
list(TRANSFORM TRITON_CLIENT_PROTO_DIRS PREPEND -I OUTPUT_VARIABLE proto_paths)
set(grpc_messages_headers ${generated}/model_config.pb.h ${generated}/grpc_service.pb.h ${generated}/grpc_service.grpc.pb.h)
set(sources ${generated}/model_config.pb.cc ${generated}/grpc_service.pb.cc ${generated}/grpc_service.grpc.pb.cc)
add_custom_command(OUTPUT ${sources} ${grpc_messages_headers}
  COMMAND protobuf::protoc ${proto_paths} --cpp_out=${generated} model_config.proto grpc_service.proto
  COMMAND protobuf::protoc ${proto_paths} --grpc_out=${generated}
          --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> grpc_service.proto
  DEPENDS ${service_proto} ${config_proto} COMMENT "Messages of gRPC")

add_library(grpc_messages OBJECT ${sources})
target_include_directories(grpc_messages SYSTEM PUBLIC ${generated})
target_link_libraries(grpc_messages PUBLIC gRPC::grpc++ protobuf::libprotobuf)
