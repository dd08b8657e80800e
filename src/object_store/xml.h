// XML of listings and errors, over expat.
//
//   Status parsed = ParseXml(body, [&](std::string_view path, std::string_view text, XmlEvent event) { ... });
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso::object_store {

using XmlAttributes = std::map<std::string, std::string, std::less<>>;

struct XmlHandler {
  // `path`: "ListBucketResult/Contents/Key", names without a prefix.
  std::function<void(const std::string& path)> on_begin = {};
  // `text`: what stands in the element itself, not in those within.
  std::function<void(const std::string& path, const std::string& text, const XmlAttributes& attributes)> on_end = {};
};

// Nests 32 deep at most; no entities but the standard's five, no document type. Error: kInternal with the line.
Status ParseXml(std::string_view xml, const XmlHandler& handler);

}  // namespace neso::object_store
