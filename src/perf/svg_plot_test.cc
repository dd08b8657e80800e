#include "perf/svg_plot.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace neso::perf {
namespace {

size_t CountOf(const std::string& text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) count++;
  return count;
}

TEST(TicksTest, AreRoundNumbersWithinTheRange) {
  EXPECT_EQ(Ticks(0, 10, 5, false), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(Ticks(0, 1, 2, false), (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(Ticks(1, 100, 6, true), (std::vector<double>{1, 2, 5, 10, 20, 50, 100}));
  EXPECT_EQ(Ticks(1, 1000, 6, true), (std::vector<double>{1, 10, 100, 1000}));
}

TEST(SvgPlotTest, DrawsEachSeriesInItsForm) {
  const std::string svg = DrawPlot({.title = "a < b",
                                    .x = {"load"},
                                    .y = {"ms"},
                                    .series = {{"line", {{1, 1}, {2, 3}}},
                                               {"dots", {{1, 2}}, SeriesForm::kDots},
                                               {"steps", {{1, 2}, {2, 0}}, SeriesForm::kSteps}}});
  EXPECT_TRUE(svg.starts_with("<svg xmlns="));
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  EXPECT_EQ(CountOf(svg, "<polyline"), 1u);
  EXPECT_EQ(CountOf(svg, "<circle"), 3u);  // two on the line
  EXPECT_EQ(CountOf(svg, "<path"), 1u);
  EXPECT_EQ(CountOf(svg, ">steps</text>"), 1u);
}

TEST(SvgPlotTest, NothingIsDrawnThatHasNoPlace) {
  const std::string none = DrawPlot({.title = "none", .x = {}, .y = {}, .series = {}});
  EXPECT_EQ(CountOf(none, "nan"), 0u);
  const std::string logarithmic =
      DrawPlot({.title = "", .x = {"x", true}, .y = {}, .series = {{"a", {{0, 1}, {10, 1}}}}});
  EXPECT_EQ(CountOf(logarithmic, "<circle"), 1u);
  EXPECT_EQ(CountOf(logarithmic, "inf"), 0u);
  const std::string flat = DrawPlot({.title = "", .x = {}, .y = {}, .series = {{"a", {{3, 0}}}}});
  EXPECT_EQ(CountOf(flat, "nan"), 0u);
}

}  // namespace
}  // namespace neso::perf
