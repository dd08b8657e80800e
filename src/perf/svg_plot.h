// Plots as SVG, to stand in a page or a file by itself: nothing is loaded from elsewhere.
//
//   const std::string svg = DrawPlot({.title = "Latency", .x = {"requests at a time"}, .y = {"ms"},
//                                     .series = {{"p50", {{1, 0.2}, {2, 0.3}}}}});
#pragma once

#include <string>
#include <vector>

namespace neso::perf {

struct Point {
  double x = 0, y = 0;
};

enum class SeriesForm { kLine, kDots, kSteps };  // steps: each y holds until the next x, over a filled area

struct Series {
  std::string name;
  std::vector<Point> points;
  SeriesForm form = SeriesForm::kLine;
};

struct Axis {
  std::string label;
  bool is_logarithmic = false;  // then only values above 0 are drawn
};

struct Plot {
  std::string title;
  Axis x, y;
  std::vector<Series> series;
};

// Without a point: axes from 0 to 1.
std::string DrawPlot(const Plot& plot);

// Round numbers, at most about `most`, that lie from `least` to `largest`. For an axis that is logarithmic: powers of
// ten, with 2 and 5 times them if there is room.
std::vector<double> Ticks(double least, double largest, size_t most, bool is_logarithmic);

// As HTML and XML want it.
std::string EscapeMarkup(std::string_view text);

}  // namespace neso::perf
