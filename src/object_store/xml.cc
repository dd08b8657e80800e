#include "object_store/xml.h"

#include <expat.h>

#include <memory>
#include <vector>

namespace neso::object_store {
namespace {

constexpr size_t kMaxDepth = 32;

struct FreeParser {
  void operator()(XML_ParserStruct* parser) const { XML_ParserFree(parser); }
};

class Reader {
 public:
  explicit Reader(const XmlHandler& handler) : handler_(handler), parser_(XML_ParserCreate("UTF-8")) {
    if (parser_ == nullptr) throw std::bad_alloc();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), OnBegin, OnEnd);
    XML_SetCharacterDataHandler(parser_.get(), OnText);
    // Entities of its own are what bombs are made of; no store sends any.
    XML_SetStartDoctypeDeclHandler(parser_.get(), OnDoctype);
  }

  Status Parse(std::string_view xml) {
    if (XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE) == XML_STATUS_OK) return {};
    return Internal("expected XML, got an error in line {}: {}", XML_GetCurrentLineNumber(parser_.get()),
                    complaint_ != nullptr ? complaint_ : XML_ErrorString(XML_GetErrorCode(parser_.get())));
  }

 private:
  struct Element {
    size_t path_before;  // length of path_ without it
    std::string text;
    XmlAttributes attributes;
  };

  static Reader& Of(void* self) { return *static_cast<Reader*>(self); }
  static std::string_view LocalName(const char* name) {
    const std::string_view text = name;
    return text.substr(text.rfind(':') + 1);
  }

  static void OnBegin(void* self, const char* name, const char** attributes) {
    Reader& reader = Of(self);
    if (reader.elements_.size() == kMaxDepth) return reader.Stop("it nests too deep");
    Element element{reader.path_.size(), {}, {}};
    for (; attributes[0] != nullptr; attributes += 2) element.attributes.emplace(attributes[0], attributes[1]);
    reader.elements_.push_back(std::move(element));
    if (!reader.path_.empty()) reader.path_ += '/';
    reader.path_ += LocalName(name);
    if (reader.handler_.on_begin) reader.handler_.on_begin(reader.path_);
  }
  static void OnEnd(void* self, const char*) {
    Reader& reader = Of(self);
    if (reader.complaint_ != nullptr) return;
    const Element& element = reader.elements_.back();
    if (reader.handler_.on_end) reader.handler_.on_end(reader.path_, element.text, element.attributes);
    reader.path_.resize(element.path_before);
    reader.elements_.pop_back();
  }
  static void OnText(void* self, const char* text, int size) {
    if (!Of(self).elements_.empty()) Of(self).elements_.back().text.append(text, static_cast<size_t>(size));
  }
  static void OnDoctype(void* self, const char*, const char*, const char*, int) {
    Of(self).Stop("it has a document type");
  }
  void Stop(const char* complaint) {
    complaint_ = complaint;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  const XmlHandler& handler_;
  const std::unique_ptr<XML_ParserStruct, FreeParser> parser_;
  std::string path_;
  std::vector<Element> elements_;
  const char* complaint_ = nullptr;
};

}  // namespace

Status ParseXml(std::string_view xml, const XmlHandler& handler) { return Reader(handler).Parse(xml); }

}  // namespace neso::object_store
