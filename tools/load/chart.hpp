// chart.hpp - a line chart as SVG text: latencies, upwards by powers of ten. No script, no font, nothing from elsewhere.
//
// Names    stand at the right edge, as high as their lines end, pushed apart where that is close: no legend to look up.
// Colours  are classes (s0, s1 ...) and custom properties of the page, so that it can be read on light and on dark.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cti::load {

struct Series {
  std::string name;
  int colour = 0;  ///< class sN
  bool thin = false;
  std::vector<std::pair<double, double>> points;  ///< x, milliseconds; ascending x
};

struct Mark {
  double at = 0;
  std::string name;
  std::string style;  ///< class
};

struct Chart {
  std::string title, x_name;
  double x_from = 0, x_to = 1;
  std::vector<std::pair<double, std::string>> x_ticks;
  std::vector<Series> series;
  std::vector<Mark> upright;  ///< at an x
  std::vector<Mark> level;    ///< at a latency
  double y_from_ms = 0.1, y_to_ms = 10;
  bool dots = true;         ///< where the values are
  double names_width = 60;  ///< room for names at the right
};

/// The powers of ten around all values: what charts side by side should share.
std::pair<double, double> decades_around(const std::vector<Series>& series, double also);
std::string to_svg(const Chart& chart);
/// Text for HTML.
std::string escaped(const std::string& text);

}  // namespace cti::load
