// log.cpp - the limiter, the escaping, and the sink that writes where it stands.
#include "core/log.hpp"

#include "core/base/check.hpp"
#include "core/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <span>
#include <unordered_map>

namespace cti::core::log {
namespace {

struct Kind {
  TimePoint window_begin;
  std::uint32_t written = 0;
  std::uint64_t suppressed = 0;
};

/// Everything that the functions share. Never destroyed: lines may come while other statics end.
struct State {
  std::mutex mutex;
  std::unique_ptr<Sink> sink = descriptor_sink(STDERR_FILENO);
  std::unordered_map<std::string, Kind> kinds;  // "component\0key"
};

State& state() {
  static State* const kept = new State;
  return *kept;
}

std::atomic<Level> lowest_level{Level::kInfo};
std::atomic<const Clock*> own_clock{nullptr};

TimePoint now() {
  // acquire <- the release in set_clock: the clock's functions are visible.
  const Clock* const clock = own_clock.load(std::memory_order_acquire);
  if (clock != nullptr) return clock->now();
  return {std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

constexpr char kHex[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char c) {
  out += "\\x";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

/// The message without control characters, and not above `max`.
std::string one_line(std::string_view message, std::size_t max = kLineBytesMax) {
  std::string out;
  out.reserve(std::min(message.size(), max) + 16);
  for (char c : message) {
    if (out.size() >= max) {
      out += text("... (", message.size(), " bytes)");
      break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      append_hex(out, byte);
    } else {
      out += c;
    }
  }
  return out;
}

/// The mutex is held.
void put(State& s, Level level, std::string_view component, std::string_view message,
         std::span<const Field> fields = {}) {
  CTI_CHECK(fields.size() <= kFieldsMax);
  Fields clean;
  for (const Field& field : fields)
    clean.push_back({field.key, one_line(field.value, kFieldBytesMax)});
  s.sink->write({level, component, one_line(message), clean});
}

/// The mutex is held.
void put_suppressed(State& s, std::string_view name, std::uint64_t count) {
  const std::size_t cut = name.find('\0');
  put(s, Level::kWarning, name.substr(0, cut),
      text(count, " more lines of the kind \"", name.substr(cut + 1), "\" were left out"));
}

/// The mutex is held. Makes room for one more kind: the one that began its window first goes, with its count.
void drop_oldest(State& s) {
  const auto oldest = std::min_element(s.kinds.begin(), s.kinds.end(), [](auto& a, auto& b) {
    return a.second.window_begin < b.second.window_begin;
  });
  if (oldest->second.suppressed > 0) put_suppressed(s, oldest->first, oldest->second.suppressed);
  s.kinds.erase(oldest);
}

class DescriptorSink final : public Sink {
 public:
  explicit DescriptorSink(int descriptor) : output_(descriptor) {}

  void write(const Record& record) override {
    if (unreported_ > 0 && put(line_about_lost(unreported_))) unreported_ = 0;
    if (put(whole_line(record))) return;
    ++unreported_;
    ++lost_;
    CTI_CHECK(unreported_ <= lost_);
  }
  std::uint64_t lost() const override { return lost_; }

 private:
  /// Does not wait: whoever writes a line has other things to do.
  bool put(const std::string& line) {
    return output_.write(line, Nanos{0}) == Output::Result::kWritten;
  }

  Output output_;
  std::uint64_t lost_ = 0;
  std::uint64_t unreported_ = 0;
};

}  // namespace

std::string_view level_name(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "?";
}

void set_sink(std::unique_ptr<Sink> sink) {
  State& s = state();
  if (sink == nullptr) sink = descriptor_sink(STDERR_FILENO);
  const std::lock_guard lock(s.mutex);
  s.sink.swap(sink);
}

void set_level(Level level) noexcept {
  // relaxed: a line more or less around the change does not matter.
  lowest_level.store(level, std::memory_order_relaxed);
}

bool enabled(Level level) noexcept {
  // relaxed: as in set_level.
  return level >= lowest_level.load(std::memory_order_relaxed);
}

void set_clock(const Clock* clock) noexcept {
  // release -> the acquire in now and wall.
  own_clock.store(clock, std::memory_order_release);
}

WallMillis wall_now() {
  // acquire <- the release in set_clock: the clock's functions are visible.
  const Clock* const clock = own_clock.load(std::memory_order_acquire);
  if (clock != nullptr) return clock->wall();
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Millis>(since).count()};
}

std::uint64_t lost_lines() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.sink->lost();
}

void reopen() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.sink->reopen();
}

bool flush(Nanos limit) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.sink->flush(limit);
}

void write(Level level, std::string_view component, std::string_view message,
           std::span<const Field> fields) {
  if (!enabled(level)) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  put(s, level, component, message, fields);
}

void write_limited(Level level, std::string_view component, std::string_view key,
                   std::string_view message, std::span<const Field> fields) {
  if (!enabled(level)) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const TimePoint at = now();
  std::string name = text(component, '\0', key);
  auto found = s.kinds.find(name);
  if (found == s.kinds.end()) {
    if (s.kinds.size() == kKindsMax) drop_oldest(s);
    found = s.kinds.emplace(std::move(name), Kind{at}).first;
  }
  CTI_CHECK(s.kinds.size() <= kKindsMax);
  Kind& kind = found->second;
  if (at - kind.window_begin >= Nanos(kWindow)) {
    if (kind.suppressed > 0) put_suppressed(s, found->first, kind.suppressed);
    kind = Kind{at};
  }
  if (kind.written == kBurst) {
    ++kind.suppressed;
    return;
  }
  CTI_CHECK(kind.written < kBurst);
  ++kind.written;
  put(s, level, component, message, fields);
}

void report_suppressed() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const TimePoint at = now();
  for (auto it = s.kinds.begin(); it != s.kinds.end();) {
    if (at - it->second.window_begin < Nanos(kWindow)) {
      ++it;
      continue;
    }
    if (it->second.suppressed > 0) put_suppressed(s, it->first, it->second.suppressed);
    it = s.kinds.erase(it);
  }
}

std::string escaped(std::string_view untrusted, std::size_t max) {
  std::string out;
  for (char c : untrusted.substr(0, max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      append_hex(out, byte);
    }
  }
  if (untrusted.size() > max) out += text("... (", untrusted.size(), " bytes)");
  return out;
}

std::unique_ptr<Sink> descriptor_sink(int descriptor) {
  return std::make_unique<DescriptorSink>(descriptor);
}

std::string line_about_lost(std::uint64_t count, Form form) {
  const std::string message = text(count, " lines were lost");
  return whole_line({Level::kWarning, "log", message}, form);
}

std::string timestamp(WallMillis at) {
  const std::time_t seconds = static_cast<std::time_t>(at.since_epoch_ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char buffer[64];
  const std::size_t length = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &utc);
  const auto millis = static_cast<unsigned>(at.since_epoch_ms % 1000);
  std::string out(buffer, length);
  out += '.';
  for (unsigned digit : {millis / 100, millis / 10 % 10, millis % 10}) {
    out += static_cast<char>('0' + digit);
  }
  return out + 'Z';
}

}  // namespace cti::core::log
