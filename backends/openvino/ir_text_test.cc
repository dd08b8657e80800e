#include "ir_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace neso::openvino {
namespace {

using ::testing::HasSubstr;

std::string Repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

std::string ErrorOf(const std::string& text) {
  const backend::Status checked = CheckIrText(text);
  return checked.ok() ? "" : std::string(checked.message());
}

TEST(IrTextTest, TakesAnIr) {
  EXPECT_EQ(ErrorOf("<?xml version=\"1.0\"?>\n<net name=\"n\"><layers><layer id=\"0\"/></layers></net>"), "");
  EXPECT_EQ(ErrorOf("<net>" + Repeated("<layer><data/></layer>", 10000) + "</net>"), "");
}

TEST(IrTextTest, RefusesWhatIsNone) {
  for (const char* text : {"", "\x08\x07\x12\x04test", "PK\3\4", "<html></html>", "<!DOCTYPE a []><net/>"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("expected an IR, XML with an element <net>, got something else")) << text;
  }
}

TEST(IrTextTest, RefusesElementsWithinElementsWithoutEnd) {
  const std::string error = "expected an IR with at most 300 elements within one another, got more";
  EXPECT_EQ(ErrorOf(Repeated("<net>", 300)), "");
  EXPECT_EQ(ErrorOf(Repeated("<net>", 301)), error);
  EXPECT_EQ(ErrorOf(Repeated("<net a='/>'>", 301)), error) << "that was no end of a tag";
  EXPECT_EQ(ErrorOf(Repeated("<net><!-- </net> -->", 301)), error) << "that was a comment";
  EXPECT_EQ(ErrorOf(Repeated("<net><![CDATA[</net>]]>", 301)), error) << "that was text";
  EXPECT_EQ(ErrorOf(Repeated("<net a=\"</net>\">", 301)), error) << "that was a value";
}

TEST(IrTextTest, RefusesLayersThatKeepSomethingUnnamed) {
  const auto layer = [](const std::string& attributes, const std::string& content) {
    return ErrorOf("<net><layers><layer id=\"0\" " + attributes + ">" + content + "</layer></layers></net>");
  };
  const std::string error = "expected a variable_id in the data of each layer ReadValue and Assign, got one without";
  EXPECT_EQ(layer("type=\"Assign\"", "<data variable_id=\"v\"/>"), "");
  EXPECT_EQ(layer("type = 'ReadValue'", "<data shape=\"1\" variable_id=\"v\"/>"), "");
  EXPECT_EQ(layer("type=\"ReLU\"", "<data/>"), "");
  EXPECT_EQ(layer("name=\"type\"", ""), "");
  EXPECT_EQ(layer("type=\"Assign\"", ""), error);
  EXPECT_EQ(layer("type=\"ReadValue\"", "<data variable=\"v\"/>"), error);
  EXPECT_EQ(layer("type=\"Assig&#110;\"", ""), error) << "an entity may be any letter";
  EXPECT_EQ(ErrorOf("<net><layer type=\"Assign\"/><data variable_id=\"v\"/></net>"), error);
  EXPECT_EQ(ErrorOf("<net><layer type=\"Assign\"><layer type=\"ReLU\"><data variable_id=\"v\"/></layer></layer></net>"),
            error);
}

TEST(IrTextTest, IsNotLedAstrayByWhatDoesNotEnd) {
  for (const char* end : {"<!--", "<![CDATA[", "<?", "</", "<", "<a b='", "<a", "</net></net></net>"}) {
    EXPECT_EQ(ErrorOf(std::string("<net>") + end), "") << end;
  }
}

}  // namespace
}  // namespace neso::openvino
