#include "frontend/grpc/server_reflection.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "net/grpc_call.h"

namespace neso {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// `file` and everything it imports, each once, importers first.
void Collect(const FileDescriptor* file, std::vector<const FileDescriptor*>& found) {
  if (std::find(found.begin(), found.end(), file) != found.end()) return;
  found.push_back(file);
  for (int i = 0; i < file->dependency_count(); ++i) Collect(file->dependency(i), found);
}

void Fail(net::GrpcCode code, const std::string& message, ServerReflection::Response& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(code));
  response.mutable_error_response()->set_error_message(message);
}

}  // namespace

ServerReflection::Response ServerReflection::Answer(const Request& request) const {
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices: ListServices(response); break;
    case Request::kFileByFilename:
      TellFile(pool().FindFileByName(request.file_by_filename()), request.file_by_filename(), response);
      break;
    case Request::kFileContainingSymbol:
      TellFile(pool().FindFileContainingSymbol(request.file_containing_symbol()), request.file_containing_symbol(),
               response);
      break;
    case Request::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      TellExtension(extension.containing_type(), extension.extension_number(), response);
      break;
    }
    case Request::kAllExtensionNumbersOfType:
      TellExtensionNumbers(request.all_extension_numbers_of_type(), response);
      break;
    case Request::MESSAGE_REQUEST_NOT_SET: Fail(net::GrpcCode::kInvalidArgument, "nothing is asked for", response);
  }
  return response;
}

void ServerReflection::ListServices(Response& response) const {
  auto& list = *response.mutable_list_services_response();
  for (const File* file : files_) {
    for (int i = 0; i < file->service_count(); ++i) list.add_service()->set_name(file->service(i)->full_name());
  }
}

// With what the file imports, so that one answer is enough to understand it.
void ServerReflection::TellFile(const File* file, const std::string& asked_for, Response& response) const {
  if (file == nullptr || !IsVisible(file)) {
    return Fail(net::GrpcCode::kNotFound, "not found: " + asked_for, response);
  }
  std::vector<const File*> told;
  Collect(file, told);
  auto& files = *response.mutable_file_descriptor_response();
  for (const File* each : told) {
    google::protobuf::FileDescriptorProto message;
    each->CopyTo(&message);
    message.SerializeToString(files.add_file_descriptor_proto());
  }
}

void ServerReflection::TellExtension(const std::string& type, int number, Response& response) const {
  const Descriptor* const extended = pool().FindMessageTypeByName(type);
  const FieldDescriptor* const extension =
      extended == nullptr ? nullptr : pool().FindExtensionByNumber(extended, number);
  TellFile(extension == nullptr ? nullptr : extension->file(), type + " extension " + std::to_string(number), response);
}

void ServerReflection::TellExtensionNumbers(const std::string& type, Response& response) const {
  const Descriptor* const extended = pool().FindMessageTypeByName(type);
  if (extended == nullptr || !IsVisible(extended->file())) {
    return Fail(net::GrpcCode::kNotFound, "not found: " + type, response);
  }
  auto& numbers = *response.mutable_all_extension_numbers_response();
  numbers.set_base_type_name(type);
  std::vector<const FieldDescriptor*> extensions;
  pool().FindAllExtensions(extended, &extensions);
  for (const FieldDescriptor* extension : extensions) {
    if (IsVisible(extension->file())) numbers.add_extension_number(extension->number());
  }
}

bool ServerReflection::IsVisible(const File* file) const {
  std::vector<const File*> visible;
  for (const File* offered : files_) Collect(offered, visible);
  return std::find(visible.begin(), visible.end(), file) != visible.end();
}

}  // namespace neso
