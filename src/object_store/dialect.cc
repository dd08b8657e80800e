#include "object_store/dialect.h"

#include <charconv>
#include <system_error>

#include "base/text.h"
#include "object_store/xml.h"

namespace neso::object_store {

void AddObject(ObjectPage& page, std::string_view key, const std::string& prefix, uint64_t size, std::string version) {
  if (!key.starts_with(prefix) || key.size() == prefix.size()) return;
  page.objects.push_back({std::string(key.substr(prefix.size())), size, std::move(version)});
}

void AddFolder(ObjectPage& page, std::string_view key, const std::string& prefix) {
  if (!key.starts_with(prefix)) return;
  key.remove_prefix(prefix.size());
  if (key.ends_with('/')) key.remove_suffix(1);
  if (!key.empty() && key.find('/') == std::string_view::npos) page.folders.emplace_back(key);
}

Expected<uint64_t> ParseSize(std::string_view text) {
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size()) return Internal("expected a size, got '{}'", text);
  return size;
}

std::string_view WithoutQuotes(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) tag = tag.substr(1, tag.size() - 2);
  return tag;
}

StoreComplaint ParseXmlComplaint(std::string_view body) {
  StoreComplaint complaint;
  const Status parsed = ParseXml(body, {.on_end = [&](const std::string& path, const std::string& text, const auto&) {
                                   if (path.ends_with("Error/Code")) complaint.code = text;
                                   if (path.ends_with("Error/Message")) complaint.message = TrimBlanks(text);
                                 }});
  if (!parsed.ok() && complaint.code.empty()) complaint.message = TrimBlanks(body.substr(0, 200));
  return complaint;
}

}  // namespace neso::object_store
