// counters.cpp - registering counters, and the text that Prometheus reads.
#include "core/counters.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace cti::core {
namespace {

bool good_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 100 && name[0] >= 'a' &&
         std::all_of(name.begin(), name.end(), good);
}

/// Label values and help: backslash, quote and newline are escaped.
void append_quoted(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string number_text(double value) {
  char digits[64];
  const auto done = std::to_chars(digits, digits + sizeof digits, value);
  return {digits, done.ptr};
}

std::string value_text(std::uint64_t value, double scale) {
  return scale == 1 ? std::to_string(value) : number_text(static_cast<double>(value) * scale);
}

/// name_suffix{labels,le="..."} value
void append_line(std::string& out, const MetricView& view, std::string_view suffix,
                 std::string_view le, std::string_view value) {
  out += view.name;
  out += suffix;
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    out += before;
    out += name;
    out += "=\"";
    append_quoted(out, text);
    out += '"';
    before = ',';
  };
  for (const auto& [name, text] : view.labels) label(name, text);
  if (!le.empty()) label("le", le);
  if (before == ',') out += '}';
  out += ' ';
  out += value;
  out += '\n';
}

void append_sample(std::string& out, const MetricView& view) {
  if (view.kind != MetricKind::kHistogram)
    return append_line(out, view, "", "", value_text(view.value, view.scale));
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < view.counts.size(); ++i) {
    count += view.counts[i];
    const std::string le = i < view.bounds.size() ? number_text(view.bounds[i]) : "+Inf";
    append_line(out, view, "_bucket", le, std::to_string(count));
  }
  append_line(out, view, "_sum", "", value_text(view.value, view.scale));
  append_line(out, view, "_count", "", std::to_string(count));
}

std::string_view type_of(MetricKind kind) {
  return kind == MetricKind::kCounter ? "counter"
         : kind == MetricKind::kGauge ? "gauge"
                                      : "histogram";
}

}  // namespace

Counter& CounterBlock::counter(std::string name, std::string help, MetricLabels labels) {
  return add({std::move(name), std::move(help), MetricKind::kCounter, std::move(labels)});
}

Counter& CounterBlock::gauge(std::string name, std::string help, MetricLabels labels) {
  return add({std::move(name), std::move(help), MetricKind::kGauge, std::move(labels)});
}

Counter& CounterBlock::scaled(MetricKind kind, std::string name, std::string help, double scale) {
  CTI_CHECK(kind != MetricKind::kHistogram);
  return add({std::move(name), std::move(help), kind, {}, scale});
}

Histogram CounterBlock::histogram(std::string name, std::string help, std::vector<double> bounds,
                                  double scale) {
  CTI_CHECK(std::is_sorted(bounds.begin(), bounds.end()));
  const std::size_t counts = bounds.size() + 1;
  Counter& sum =
      add({std::move(name), std::move(help), MetricKind::kHistogram, {}, scale, std::move(bounds)});
  return {std::span<Counter>(&sum + 1, counts), sum};
}

Counter& CounterBlock::add(Entry entry) {
  CTI_CHECK(good_name(entry.name));
  CTI_CHECK((entry.kind == MetricKind::kCounter) == entry.name.ends_with("_total"));
  MetricLabels& labels = entry.labels;
  labels.insert(labels.begin(), labels_.begin(), labels_.end());
  for (const auto& [label, value] : labels) CTI_CHECK(good_name(label));
  const std::size_t needs = entry.kind == MetricKind::kHistogram ? entry.bounds.size() + 2 : 1;
  const std::lock_guard lock(registry_.mutex_);
  CTI_CHECK(used_ + needs <= kCountersPerBlock);
  for (const auto& block : registry_.blocks_) {
    for (const Entry& there : block->entries_) {
      if (there.name != entry.name) continue;
      CTI_CHECK(there.kind == entry.kind);
      CTI_CHECK(there.labels != labels);  // two writers of one number
    }
  }
  entry.first = used_;
  used_ += needs;
  entries_.push_back(std::move(entry));
  return counters_[entries_.back().first];
}

CounterBlock& MetricsRegistry::block(MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  CTI_CHECK(blocks_.size() < kBlocksMax);
  blocks_.push_back(std::unique_ptr<CounterBlock>(new CounterBlock(*this, std::move(labels))));
  return *blocks_.back();
}

void MetricsRegistry::visit(const std::function<void(const MetricView&)>& visitor) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<const CounterBlock::Entry*, const Counter*>> all;
  for (const auto& block : blocks_) {
    for (const CounterBlock::Entry& entry : block->entries_)
      all.emplace_back(&entry, &block->counters_[entry.first]);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first->name < b.first->name; });
  std::vector<std::uint64_t> counts;
  for (const auto& [entry, counter] : all) {
    counts.clear();
    const bool histogram = entry->kind == MetricKind::kHistogram;
    for (std::size_t i = 0; histogram && i <= entry->bounds.size(); ++i)
      counts.push_back((counter + 1 + i)->value());
    visitor({entry->name, entry->help, entry->kind, entry->labels, counter->value(), entry->scale,
             entry->bounds, counts});
  }
}

std::string MetricsRegistry::text() const {
  std::string out;
  std::string last;
  visit([&](const MetricView& view) {
    if (view.name != last) {
      last = view.name;
      out += "# HELP " + last + ' ';
      append_quoted(out, view.help);
      out += "\n# TYPE " + last + ' ';
      out += type_of(view.kind);
      out += '\n';
    }
    append_sample(out, view);
  });
  return out;
}

}  // namespace cti::core
