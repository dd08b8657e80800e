// What a server tells about its own services: which there are, and the files that describe their messages.
//
//   const ServerReflection reflection({inference::ModelInferRequest::descriptor()->file()});
//   reflection.Answer(request);   // list_services: "inference.GRPCInferenceService"
//
// Source: gRPC server reflection protocol (reflection.proto).
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "frontend/grpc/reflection.pb.h"

namespace neso {

// Constant. Only what is needed to call the services is told of, whatever else the process has descriptors of.
class ServerReflection {
 public:
  using File = google::protobuf::FileDescriptor;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;

  // The services offered are those of `files`, which are of one pool.
  explicit ServerReflection(std::vector<const File*> files) : files_(std::move(files)) {}

  // What is not there is answered with an error_response NOT_FOUND, an empty request with INVALID_ARGUMENT.
  Response Answer(const Request& request) const;

 private:
  void ListServices(Response& response) const;
  void TellFile(const File* file, const std::string& asked_for, Response& response) const;
  void TellExtension(const std::string& type, int number, Response& response) const;
  void TellExtensionNumbers(const std::string& type, Response& response) const;
  bool IsVisible(const File* file) const;
  const google::protobuf::DescriptorPool& pool() const { return *files_.front()->pool(); }

  const std::vector<const File*> files_;
};

}  // namespace neso
