// counters.cpp - registering counters, and the text that Prometheus reads.
#include "core/counters.hpp"

#include "core/base/check.hpp"

#include <algorithm>

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

void append_sample(std::string& out, const MetricView& view) {
  out += view.name;
  char before = '{';
  for (const auto& [name, value] : view.labels) {
    out += before;
    out += name;
    out += "=\"";
    append_quoted(out, value);
    out += '"';
    before = ',';
  }
  if (before == ',') out += '}';
  out += ' ';
  out += std::to_string(view.value);
  out += '\n';
}

}  // namespace

Counter& CounterBlock::counter(std::string name, std::string help, MetricLabels labels) {
  CTI_CHECK(name.ends_with("_total"));
  return add(MetricKind::kCounter, std::move(name), std::move(help), std::move(labels));
}

Counter& CounterBlock::gauge(std::string name, std::string help, MetricLabels labels) {
  CTI_CHECK(!name.ends_with("_total"));
  return add(MetricKind::kGauge, std::move(name), std::move(help), std::move(labels));
}

Counter& CounterBlock::add(MetricKind kind, std::string name, std::string help,
                           MetricLabels labels) {
  CTI_CHECK(good_name(name));
  labels.insert(labels.begin(), labels_.begin(), labels_.end());
  for (const auto& [label, value] : labels) CTI_CHECK(good_name(label));
  const std::lock_guard lock(registry_.mutex_);
  CTI_CHECK(entries_.size() < kCountersPerBlock);
  for (const auto& block : registry_.blocks_) {
    for (const Entry& entry : block->entries_) {
      if (entry.name != name) continue;
      CTI_CHECK(entry.kind == kind);
      CTI_CHECK(entry.labels != labels);  // two writers of one number
    }
  }
  entries_.push_back({std::move(name), std::move(help), kind, std::move(labels)});
  return counters_[entries_.size() - 1];
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
    for (std::size_t i = 0; i < block->entries_.size(); ++i) {
      all.emplace_back(&block->entries_[i], &block->counters_[i]);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first->name < b.first->name; });
  for (const auto& [entry, counter] : all) {
    visitor({entry->name, entry->help, entry->kind, entry->labels, counter->value()});
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
      out += "\n# TYPE " + last + (view.kind == MetricKind::kCounter ? " counter\n" : " gauge\n");
    }
    append_sample(out, view);
  });
  return out;
}

}  // namespace cti::core
