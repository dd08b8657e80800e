#include "perf/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace neso::perf {
namespace {

constexpr double kWidth = 760, kHeight = 340;
constexpr double kLeft = 70, kRight = 120, kTop = 36, kBottom = 48;
constexpr size_t kMostTicks = 7;
// Told apart also by who does not see red and green as others do (Okabe and Ito, 2008).
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};

bool IsDrawn(double value, const Axis& axis) { return std::isfinite(value) && (!axis.is_logarithmic || value > 0); }

// From values to places on the paper.
class Scale {
 public:
  Scale(double least, double largest, double from, double to, bool is_logarithmic)
      : is_logarithmic_(is_logarithmic), least_(Of(least)), span_(Of(largest) - least_), from_(from), to_(to) {}
  double At(double value) const { return from_ + (Of(value) - least_) / span_ * (to_ - from_); }

 private:
  double Of(double value) const { return is_logarithmic_ ? std::log10(value) : value; }

  const bool is_logarithmic_;
  const double least_, span_, from_, to_;
};

struct Extent {
  double least = std::numeric_limits<double>::infinity(), largest = -least;
};

Extent ExtentOf(const Plot& plot, const Axis& axis, double Point::*part) {
  Extent extent;
  for (const Series& series : plot.series) {
    for (const Point& point : series.points) {
      if (!IsDrawn(point.*part, axis)) continue;
      extent.least = std::min(extent.least, point.*part);
      extent.largest = std::max(extent.largest, point.*part);
    }
  }
  if (extent.least > extent.largest) return {axis.is_logarithmic ? 0.1 : 0, 1};
  if (!axis.is_logarithmic) extent.least = std::min(extent.least, 0.0);
  if (extent.least == extent.largest) extent.largest += axis.is_logarithmic ? extent.least : 1;
  return extent;
}

std::string NumberText(double value) {
  if (std::fabs(value) >= 10'000) return fmt::format("{:.6g}k", value / 1000);
  return fmt::format("{:.4g}", value);
}

std::string Line(double x1, double y1, double x2, double y2, const char* colour) {
  return fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}"/>)", x1, y1, x2, y2, colour);
}

std::string Text(double x, double y, std::string_view text, const char* more) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" {}>{}</text>)", x, y, more, EscapeMarkup(text));
}

std::string DrawAxes(const Plot& plot, const Extent& xs, const Extent& ys, const Scale& x, const Scale& y) {
  const double bottom = kHeight - kBottom, right = kWidth - kRight;
  std::string svg;
  for (const double tick : Ticks(xs.least, xs.largest, kMostTicks, plot.x.is_logarithmic)) {
    svg += Line(x.At(tick), kTop, x.At(tick), bottom, "#e4e4e4");
    svg += Text(x.At(tick), bottom + 16, NumberText(tick), R"(text-anchor="middle")");
  }
  for (const double tick : Ticks(ys.least, ys.largest, kMostTicks, plot.y.is_logarithmic)) {
    svg += Line(kLeft, y.At(tick), right, y.At(tick), "#e4e4e4");
    svg += Text(kLeft - 6, y.At(tick) + 4, NumberText(tick), R"(text-anchor="end")");
  }
  svg += Line(kLeft, bottom, right, bottom, "#444") + Line(kLeft, kTop, kLeft, bottom, "#444");
  svg += Text((kLeft + right) / 2, kHeight - 10, plot.x.label, R"(text-anchor="middle")");
  svg += Text(-(kTop + bottom) / 2, 16, plot.y.label, R"~(text-anchor="middle" transform="rotate(-90)")~");
  return svg + Text(kLeft, 20, plot.title, R"(font-weight="bold")");
}

std::string DrawDots(const std::vector<Point>& places, const char* colour, double radius) {
  std::string svg;
  for (const Point& place : places)
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}" fill="{}"/>)", place.x, place.y, radius, colour);
  return svg;
}

std::string DrawLine(const std::vector<Point>& places, const char* colour) {
  std::string svg = fmt::format(R"(<polyline fill="none" stroke="{}" stroke-width="1.6" points=")", colour);
  for (const Point& place : places) svg += fmt::format("{:.1f},{:.1f} ", place.x, place.y);
  return svg + R"("/>)";
}

std::string DrawSteps(const std::vector<Point>& places, const char* colour, double bottom) {
  std::string path = fmt::format("M{:.1f},{:.1f}", places.front().x, bottom);
  for (size_t i = 0; i < places.size(); i++) {
    path += fmt::format("V{:.1f}", places[i].y);
    if (i + 1 < places.size()) path += fmt::format("H{:.1f}", places[i + 1].x);
  }
  return fmt::format(R"(<path d="{}V{:.1f}Z" fill="{}" fill-opacity="0.25" stroke="{}"/>)", path, bottom, colour,
                     colour);
}

std::string DrawSeries(const Series& series, const Plot& plot, const Scale& x, const Scale& y, const char* colour) {
  std::vector<Point> places;
  for (const Point& point : series.points) {
    if (IsDrawn(point.x, plot.x) && IsDrawn(point.y, plot.y)) places.push_back({x.At(point.x), y.At(point.y)});
  }
  if (places.empty()) return {};
  switch (series.form) {
    case SeriesForm::kDots: return DrawDots(places, colour, 1.5);
    case SeriesForm::kSteps: return DrawSteps(places, colour, kHeight - kBottom);
    case SeriesForm::kLine: break;
  }
  return DrawLine(places, colour) + (places.size() <= 64 ? DrawDots(places, colour, 3) : "");
}

std::string DrawLegend(const Plot& plot) {
  std::string svg;
  for (size_t i = 0; i < plot.series.size() && plot.series.size() > 1; i++) {
    const double y = kTop + 8 + 18 * static_cast<double>(i);
    svg += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="12" height="4" fill="{}"/>)", kWidth - kRight + 14, y,
                       kColours[i % kColours.size()]);
    svg += Text(kWidth - kRight + 32, y + 6, plot.series[i].name, "");
  }
  return svg;
}

}  // namespace

std::vector<double> Ticks(double least, double largest, size_t most, bool is_logarithmic) {
  std::vector<double> ticks;
  if (is_logarithmic) {
    const double decades = std::log10(largest / least);
    for (double power = std::pow(10, std::floor(std::log10(least))); power <= largest * 1.0001; power *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double tick = power * factor;
        if (factor != 1 && decades * 3 > static_cast<double>(most)) continue;
        if (tick >= least * 0.9999 && tick <= largest * 1.0001) ticks.push_back(tick);
      }
    }
    return ticks;
  }
  const double rough = (largest - least) / static_cast<double>(most);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power * 10;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (power * factor >= rough) step = power * factor;
  }
  for (double count = std::ceil(least / step - 1e-9); count * step <= largest + step * 1e-9; count++)
    ticks.push_back(count * step + 0.0);  // no "-0"
  return ticks;
}

std::string EscapeMarkup(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string DrawPlot(const Plot& plot) {
  const Extent xs = ExtentOf(plot, plot.x, &Point::x), ys = ExtentOf(plot, plot.y, &Point::y);
  const Scale x(xs.least, xs.largest, kLeft, kWidth - kRight, plot.x.is_logarithmic);
  const Scale y(ys.least, ys.largest, kHeight - kBottom, kTop, plot.y.is_logarithmic);
  std::string svg =
      fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" role="img" )"
                  R"(aria-label="{}" font-family="sans-serif" font-size="12" fill="#222">)"
                  R"(<rect width="100%" height="100%" fill="#fff"/>)",
                  kWidth, kHeight, kWidth, kHeight, EscapeMarkup(plot.title));
  svg += DrawAxes(plot, xs, ys, x, y);
  for (size_t i = 0; i < plot.series.size(); i++)
    svg += DrawSeries(plot.series[i], plot, x, y, kColours[i % kColours.size()]);
  return svg + DrawLegend(plot) + "</svg>\n";
}

}  // namespace neso::perf
