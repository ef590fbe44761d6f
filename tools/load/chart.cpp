// chart.cpp - latencies over rates as one SVG picture, written by hand.
#include "tools/load/chart.hpp"

#include "tools/load/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cti::load {
namespace {

constexpr double kWidth = 560, kHeight = 300;
constexpr double kLeft = 58, kTop = 34, kBottom = 42;
constexpr double kNameGap = 14;  // between names at the ends of lines

std::string tick_text(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", ms);
  return text;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart), right_(kWidth - chart.names_width) {}
  std::string draw();

 private:
  double x(double value) const {
    const double share = (value - chart_.x_from) / (chart_.x_to - chart_.x_from);
    return kLeft + share * (right_ - kLeft);
  }
  double y(double ms) const {
    const double low = std::log10(chart_.y_from_ms), high = std::log10(chart_.y_to_ms);
    const double share =
        (std::log10(std::clamp(ms, chart_.y_from_ms, chart_.y_to_ms)) - low) / (high - low);
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }
  void line(double x1, double y1, double x2, double y2, const std::string& style) {
    char text[200];
    std::snprintf(text, sizeof text, "<line class='%s' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n",
                  style.c_str(), x1, y1, x2, y2);
    out_ += text;
  }
  void text(double at_x, double at_y, const std::string& anchor, const std::string& style,
            const std::string& words) {
    char head[160];
    std::snprintf(head, sizeof head, "<text class='%s' x='%.1f' y='%.1f' text-anchor='%s'>",
                  style.c_str(), at_x, at_y, anchor.c_str());
    out_ += head + escaped(words) + "</text>\n";
  }
  void axes();
  void marks();
  void lines();
  void names();

  const Chart& chart_;
  const double right_;
  std::string out_;
};

void Drawing::axes() {
  const int low = static_cast<int>(std::floor(std::log10(chart_.y_from_ms) + 1e-9));
  const int high = static_cast<int>(std::ceil(std::log10(chart_.y_to_ms) - 1e-9));
  for (int power = low; power <= high; ++power) {
    for (const int times : {1, 2, 5}) {
      const double ms = times * std::pow(10.0, power);
      if (ms > chart_.y_to_ms * 1.0001) break;
      line(kLeft, y(ms), right_, y(ms), times == 1 ? "grid" : "grid fine");
      if (times == 1 || high - low <= 2)
        text(kLeft - 6, y(ms) + 4, "end", "tick", tick_text(ms) + (times == 1 ? " ms" : ""));
    }
  }
  for (const auto& [at, label] : chart_.x_ticks) {
    line(x(at), kHeight - kBottom, x(at), kHeight - kBottom + 4, "axis");
    text(x(at), kHeight - kBottom + 17, "middle", "tick", label);
  }
  line(kLeft, kHeight - kBottom, right_, kHeight - kBottom, "axis");
  text((kLeft + right_) / 2, kHeight - 6, "middle", "tick", chart_.x_name);
  text(kLeft, 18, "start", "title", chart_.title);
}

void Drawing::marks() {
  for (const Mark& mark : chart_.level) {
    line(kLeft, y(mark.at), right_, y(mark.at), mark.style);
    text(kLeft + 5, y(mark.at) - 4, "start", mark.style + "-name", mark.name);
  }
  for (const Mark& mark : chart_.upright) {
    line(x(mark.at), kTop - 4, x(mark.at), kHeight - kBottom, mark.style);
    const bool right = x(mark.at) > (kLeft + right_) * 0.6;
    text(x(mark.at) + (right ? -5 : 5), kTop + 6, right ? "end" : "start", mark.style + "-name",
         mark.name);
  }
}

void Drawing::lines() {
  char point[96];
  for (const Series& series : chart_.series) {
    out_ += "<polyline class='line s" + std::to_string(series.colour) +
            (series.thin ? " thin" : "") + "' points='";
    for (const auto& [at, ms] : series.points) {
      std::snprintf(point, sizeof point, "%.1f,%.1f ", x(at), y(ms));
      out_ += point;
    }
    out_ += "'/>\n";
    if (!chart_.dots) continue;
    for (const auto& [at, ms] : series.points) {
      std::snprintf(point, sizeof point,
                    "<circle class='dot s%d' cx='%.1f' cy='%.1f' r='2.5'><title>", series.colour,
                    x(at), y(ms));
      out_ += point + escaped(series.name) + " " + short_number(ms) + " ms</title></circle>\n";
    }
  }
}

void Drawing::names() {
  struct Name {
    double at;
    const Series* of;
  };
  std::vector<Name> names;
  for (const Series& series : chart_.series) {
    if (!series.points.empty()) names.push_back({y(series.points.back().second), &series});
  }
  std::ranges::sort(names, {}, &Name::at);
  double above = kTop - kNameGap;
  for (Name& name : names) above = name.at = std::max(name.at, above + kNameGap);
  double below = kHeight - kBottom + kNameGap;
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    below = name->at = std::min(name->at, below - kNameGap);
  for (const Name& name : names) {
    text(right_ + 8, name.at + 4, "start", "name s" + std::to_string(name.of->colour),
         name.of->name);
  }
}

std::string Drawing::draw() {
  char head[200];
  std::snprintf(head, sizeof head, "<svg viewBox='0 0 %.0f %.0f' role='img' aria-label='", kWidth,
                kHeight);
  out_ = head + escaped(chart_.title) + "'>\n";
  axes();
  marks();
  lines();
  names();
  return out_ + "</svg>\n";
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::pair<double, double> decades_around(const std::vector<Series>& series, double also) {
  double low = also, high = also;
  for (const Series& one : series) {
    for (const auto& [at, ms] : one.points) {
      if (ms <= 0) continue;
      low = std::min(low, ms);
      high = std::max(high, ms);
    }
  }
  return {std::pow(10.0, std::floor(std::log10(low))),
          std::pow(10.0, std::ceil(std::log10(high * 1.001)))};
}

std::string to_svg(const Chart& chart) { return Drawing(chart).draw(); }

}  // namespace cti::load
