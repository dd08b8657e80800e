#include "frontend/grpc/server_reflection.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A service with what it imports, an extension of its messages, and files that are nobody's business.
class ServerReflectionTest : public ::testing::Test {
 protected:
  ServerReflectionTest() {
    Add(R"(name: "base.proto" package: "p" message_type { name: "Base" extension_range { start: 100 end: 200 } })");
    Add(R"(name: "more.proto" package: "p" dependency: "base.proto"
           extension { name: "more" number: 101 type: TYPE_INT32 label: LABEL_OPTIONAL extendee: ".p.Base" })");
    Add(R"(name: "service.proto" package: "p" dependency: [ "base.proto", "more.proto" ]
           message_type { name: "Question" field { name: "base" number: 1 type: TYPE_MESSAGE type_name: ".p.Base"
                                                   label: LABEL_OPTIONAL } }
           service { name: "Service" method { name: "Ask" input_type: ".p.Question" output_type: ".p.Base" } }
           service { name: "Second" })");
    Add(R"(name: "hidden.proto" package: "p" dependency: "base.proto" message_type { name: "Hidden" }
           extension { name: "hidden" number: 102 type: TYPE_INT32 label: LABEL_OPTIONAL extendee: ".p.Base" })");
  }

  void Add(const std::string& text) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &file));
    ASSERT_NE(pool_.BuildFile(file), nullptr) << text;
  }

  ServerReflection::Response Ask(const std::string& question) {
    ServerReflection::Request request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(question, &request)) << question;
    const ServerReflection reflection({pool_.FindFileByName("service.proto")});
    ServerReflection::Response response = reflection.Answer(request);
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    EXPECT_EQ(response.valid_host(), request.host());
    return response;
  }

  // Names of the files told; nothing for an error.
  std::vector<std::string> Files(const std::string& question) {
    const ServerReflection::Response response = Ask(question);
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  std::string Error(const std::string& question) {
    const ServerReflection::Response response = Ask(question);
    const auto& error = response.error_response();
    return std::to_string(error.error_code()) + " " + error.error_message();
  }

  google::protobuf::DescriptorPool pool_;
};

TEST_F(ServerReflectionTest, ServicesAreListedByTheirFullNames) {
  const auto response = Ask(R"(host: "h" list_services: "")");
  ASSERT_EQ(response.list_services_response().service_size(), 2);
  EXPECT_EQ(response.list_services_response().service(0).name(), "p.Service");
  EXPECT_EQ(response.list_services_response().service(1).name(), "p.Second");
}

TEST_F(ServerReflectionTest, AFileComesWithWhatItImports) {
  EXPECT_THAT(Files(R"(file_by_filename: "service.proto")"), ElementsAre("service.proto", "base.proto", "more.proto"));
  EXPECT_THAT(Files(R"(file_by_filename: "base.proto")"), ElementsAre("base.proto"));
}

TEST_F(ServerReflectionTest, ASymbolIsAnythingThatHasAName) {
  for (const char* symbol : {"p.Service", "p.Service.Ask", "p.Question", "p.Question.base"}) {
    EXPECT_THAT(Files(std::string("file_containing_symbol: \"") + symbol + "\""),
                ElementsAre("service.proto", "base.proto", "more.proto"))
        << symbol;
  }
  EXPECT_THAT(Files(R"(file_containing_symbol: "p.Base")"), ElementsAre("base.proto"));
}

TEST_F(ServerReflectionTest, ExtensionsAreFoundByNumber) {
  EXPECT_THAT(Files(R"(file_containing_extension { containing_type: "p.Base" extension_number: 101 })"),
              UnorderedElementsAre("more.proto", "base.proto"));
  const auto response = Ask(R"(all_extension_numbers_of_type: "p.Base")");
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(), "p.Base");
  EXPECT_THAT(response.all_extension_numbers_response().extension_number(), ElementsAre(101));
  const auto none = Ask(R"(all_extension_numbers_of_type: "p.Question")");
  EXPECT_THAT(none.all_extension_numbers_response().extension_number(), IsEmpty());
}

TEST_F(ServerReflectionTest, WhatIsNotThereOrNotForClientsIsNotFound) {
  EXPECT_EQ(Error(R"(file_by_filename: "none.proto")"), "5 not found: none.proto");
  EXPECT_EQ(Error(R"(file_by_filename: "hidden.proto")"), "5 not found: hidden.proto");
  EXPECT_EQ(Error(R"(file_containing_symbol: "p.None")"), "5 not found: p.None");
  EXPECT_EQ(Error(R"(file_containing_symbol: "p.Hidden")"), "5 not found: p.Hidden");
  EXPECT_EQ(Error(R"(file_containing_symbol: "")"), "5 not found: ");
  EXPECT_EQ(Error(R"(file_containing_extension { containing_type: "p.Base" extension_number: 102 })"),
            "5 not found: p.Base extension 102");
  EXPECT_EQ(Error(R"(file_containing_extension { containing_type: "p.Base" extension_number: 103 })"),
            "5 not found: p.Base extension 103");
  EXPECT_EQ(Error(R"(file_containing_extension { containing_type: "p.None" })"), "5 not found: p.None extension 0");
  EXPECT_EQ(Error(R"(all_extension_numbers_of_type: "p.None")"), "5 not found: p.None");
  EXPECT_EQ(Error(R"(all_extension_numbers_of_type: "p.Hidden")"), "5 not found: p.Hidden");
  EXPECT_EQ(Error(R"(host: "h")"), "3 nothing is asked for");
}

}  // namespace
}  // namespace neso
