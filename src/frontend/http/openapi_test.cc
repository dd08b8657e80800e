#include "frontend/http/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "frontend/http/json_access.h"
#include "frontend/http/route.h"

namespace neso {
namespace {

using Segments = std::vector<std::string>;

const JsonValue& Described() {
  static JsonDocument document;
  static const Status parsed = document.Parse(kOpenApiText);
  EXPECT_TRUE(parsed.ok());
  return document.root();
}

// The paths of the HTTP port; metrics have one of their own.
std::map<std::string, const JsonValue*> Paths() {
  std::map<std::string, const JsonValue*> paths;
  for (const auto& path : Described()["paths"].GetObject()) {
    if (!path.value.HasMember("servers")) paths.emplace(JsonText(path.name), &path.value);
  }
  return paths;
}

Segments SegmentsOf(std::string_view path) {
  Segments segments;
  for (std::string_view segment : Split(path.substr(1), '/')) segments.emplace_back(segment);
  return segments;
}

bool IsParameter(const std::string& segment) { return segment.starts_with('{'); }

// "/v2/models/7/versions/7" for "/v2/models/{model}/versions/{version}"; a number is a name, too.
std::string Example(const Segments& segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + (IsParameter(segment) ? "7" : segment);
  return path;
}

bool Matches(const Segments& path, const Segments& described) {
  return std::equal(path.begin(), path.end(), described.begin(), described.end(),
                    [](const std::string& a, const std::string& b) { return a == b || IsParameter(b); });
}

Endpoint EndpointOf(std::string_view path) {
  Route route;
  ParseRoute(path, route);
  return route.endpoint;
}

TEST(OpenApiTest, EveryOperationIsRouted) {
  for (const auto& [path, item] : Paths()) {
    const Endpoint endpoint = EndpointOf(Example(SegmentsOf(path)));
    ASSERT_NE(endpoint, Endpoint::kNone) << path;
    EXPECT_EQ(item->HasMember("get"), AllowsMethod(endpoint, "GET")) << path;
    EXPECT_EQ(item->HasMember("post"), AllowsMethod(endpoint, "POST")) << path;
    for (const char* method : {"put", "delete", "patch", "head", "options", "trace"}) {
      EXPECT_FALSE(item->HasMember(method)) << method << " " << path;
    }
  }
}

TEST(OpenApiTest, EveryEndpointIsDescribed) {
  std::set<Endpoint> described;
  for (const auto& [path, item] : Paths()) described.insert(EndpointOf(Example(SegmentsOf(path))));
  for (int endpoint = 1; endpoint <= static_cast<int>(Endpoint::kLast); ++endpoint) {
    EXPECT_TRUE(described.contains(static_cast<Endpoint>(endpoint))) << "endpoint number " << endpoint;
  }
}

// Whatever path arises when segments of described paths are left out, or a version or a repository is put in: if it is
// routed, it is described.
TEST(OpenApiTest, EveryFormOfAPathIsDescribed) {
  std::vector<Segments> described;
  for (const auto& [path, item] : Paths()) described.push_back(SegmentsOf(path));
  std::vector<Segments> variants = described;
  for (const Segments& path : described) {
    for (size_t at = 1; at <= path.size(); ++at) {
      for (const Segments& added : {Segments{"versions", "7"}, Segments{"7"}, Segments{"region", "7"}}) {
        Segments longer = path;
        longer.insert(longer.begin() + static_cast<ptrdiff_t>(at), added.begin(), added.end());
        variants.push_back(longer);
      }
    }
  }
  std::set<std::string> seen;
  size_t routed = 0;
  for (const Segments& variant : variants) {
    for (size_t kept = 1; kept < size_t{1} << variant.size(); ++kept) {
      Segments segments;
      for (size_t i = 0; i < variant.size(); ++i) {
        if ((kept >> i & 1) != 0) segments.push_back(variant[i]);
      }
      const std::string path = Example(segments);
      if (!seen.insert(path).second || EndpointOf(path) == Endpoint::kNone) continue;
      ++routed;
      EXPECT_TRUE(std::any_of(described.begin(), described.end(), [&](const Segments& candidate) {
        return Matches(SegmentsOf(path), candidate);
      })) << path;
    }
  }
  EXPECT_GT(routed, described.size());
}

TEST(OpenApiTest, TagsAreTheCategoriesOfRestrictedApis) {
  for (const auto& [path, item] : Paths()) {
    const ApiCategory category = CategoryOf(EndpointOf(Example(SegmentsOf(path))));
    const std::string name(kApiCategoryNames[static_cast<size_t>(category)]);
    for (const char* method : {"get", "post"}) {
      const JsonValue* operation = FindMember(*item, method);
      if (operation == nullptr) continue;
      EXPECT_EQ(DumpJson((*operation)["tags"]), "[\"" + name + "\"]") << method << " " << path;
      EXPECT_TRUE((*operation)["responses"].HasMember("403")) << method << " " << path;
    }
  }
}

TEST(OpenApiTest, ParametersOfPathsAreDeclared) {
  for (const auto& [path, item] : Paths()) {
    std::set<std::string> declared;
    if (const JsonValue* parameters = FindMember(*item, "parameters"); parameters != nullptr) {
      for (const JsonValue& parameter : parameters->GetArray()) {
        const std::string_view name = BaseName(JsonText(parameter["$ref"]));
        declared.insert("{" + ToLowerAscii(name) + "}");
      }
    }
    std::set<std::string> used;
    for (const std::string& segment : SegmentsOf(path)) {
      if (IsParameter(segment)) used.insert(segment);
    }
    EXPECT_EQ(declared, used) << path;
  }
}

void CollectReferences(const JsonValue& value, std::set<std::string>& references) {
  if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      if (JsonText(member.name) == "$ref") references.emplace(JsonText(member.value));
      CollectReferences(member.value, references);
    }
  } else if (value.IsArray()) {
    for (const JsonValue& item : value.GetArray()) CollectReferences(item, references);
  }
}

TEST(OpenApiTest, ReferencesAndComponentsBelongTogether) {
  std::set<std::string> references;
  CollectReferences(Described(), references);
  std::set<std::string> components;
  for (const auto& kind : Described()["components"].GetObject()) {
    for (const auto& component : kind.value.GetObject()) {
      components.insert("#/components/" + std::string(JsonText(kind.name)) + "/" +
                        std::string(JsonText(component.name)));
    }
  }
  EXPECT_EQ(references, components);
}

TEST(OpenApiTest, OperationsHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const auto& [path, item] : Paths()) {
    for (const char* method : {"get", "post"}) {
      const JsonValue* operation = FindMember(*item, method);
      if (operation != nullptr) {
        EXPECT_TRUE(names.emplace(JsonText((*operation)["operationId"])).second) << method << " " << path;
      }
    }
  }
}

TEST(OpenApiTest, TheVersionIsFilledIn) {
  JsonDocument document;
  ASSERT_TRUE(document.Parse(OpenApiDocument("1.2.3")).ok());
  EXPECT_EQ(JsonText(document.root()["info"]["version"]), "1.2.3");
}

}  // namespace
}  // namespace neso
