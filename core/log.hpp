// log.hpp - the one small front for log lines; what stands behind it is a Sink.
//
// Why      everybody writes lines, nobody should include a logging library: heavy headers stay behind the sink.
// Shape    log::write(Level, component, message). Lines that a peer can cause go through write_limited, with a key that
//          names the kind of line: at most kBurst of a kind per kWindow, then they are counted, and the count follows.
// Threads  any. A mutex guards the sink and the limiter: for start, end and trouble, never per event.
// Blocks   never: a line that standard error or the disk does not take at once waits in a queue of the service's sink, or is
//          lost, counted, and told of later (M8, M13).
// Safe     a control character in a message is written as \xNN, so no peer can forge a line or move the cursor; what
//          comes from a peer also goes through escaped(), which bounds it.
// Default  standard error, Level::kInfo and above. A service installs another sink (log_service.hpp).
#pragma once

#include "core/base/limits.hpp"
#include "core/base/time.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cti::core::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// "debug", "info", "warning", "error".
std::string_view level_name(Level level) noexcept;

inline constexpr std::size_t kLineBytesMax =
    limits::kLogLineBytesMax;  ///< a longer message is cut, and says so
inline constexpr std::size_t kFieldsMax = 8;        ///< of a line
inline constexpr std::size_t kFieldBytesMax = 128;  ///< of a field's value; a longer one is cut
inline constexpr std::uint32_t kBurst = limits::kLogBurst;  ///< lines of one kind per window
inline constexpr Seconds kWindow{10};
/// Kinds counted at a time; the one whose window began first makes room.
inline constexpr std::size_t kKindsMax = limits::kLogKindsMax;

/// One thing that a line is about: "session", "agent", "call", "invoke_id", "line", "peer". The key is a word of ours.
struct Field {
  std::string_view key;
  std::string value;
};
using Fields = std::vector<Field>;

/// A line, before it has a form. Nothing in it has control characters.
struct Record {
  Level level = Level::kInfo;
  std::string_view component;
  std::string_view message;
  std::span<const Field> fields{};
};

/// Where lines go. One call per line, never two at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(const Record& record) = 0;
  /// Lines that this sink could not write so far (disk full, queue full), for the counters.
  virtual std::uint64_t lost() const { return 0; }
  /// The file has been moved away: the next line goes to a new one of its name.
  virtual void reopen() {}
  /// Waits until what was handed over has been written, for `limit` at most. False: not all of it has.
  virtual bool flush(Nanos limit) { return limit >= Nanos{0}; }
};

/// Replaces the sink; the old one ends. nullptr: standard error again. Before threads start, or at their end.
void set_sink(std::unique_ptr<Sink> sink);
/// Lines below are not written.
void set_level(Level level) noexcept;
bool enabled(Level level) noexcept;
/// Tells the sink that its file has been moved away (logrotate).
void reopen();
/// Lines lost by the present sink.
std::uint64_t lost_lines();
/// Before an end that is none of ours to choose: lets the sink write what it still has, for `limit` at most.
bool flush(Nanos limit);

/// One line. `component` is a short word of ours ("line", "fanout"); `fields` say whom it is about.
void write(Level level, std::string_view component, std::string_view message,
           std::span<const Field> fields = {});

/// One line of a kind. Beyond kBurst per kWindow it is only counted; the count comes with the next line of the kind
/// that is written, or from report_suppressed.
void write_limited(Level level, std::string_view component, std::string_view key,
                   std::string_view message, std::span<const Field> fields = {});

/// Writes the counts of kinds whose window is over. Called now and then (once a second) and at the end.
void report_suppressed();

/// Text that is not ours, for a log line: quotes, backslashes and everything outside printable ASCII as escapes,
/// at most `max` bytes of the original, then how many there were.
std::string escaped(std::string_view untrusted, std::size_t max = 64);

/// Time for the limiter and the line's stamp. Tests put their own in place; nullptr: the system's.
struct Clock {
  TimePoint (*now)();
  WallMillis (*wall)();
};
void set_clock(const Clock* clock) noexcept;

/// How a line is written:
///   time=2026-01-31T23:59:59.123Z level=info component=line msg="text" session=12
///   {"time":"2026-01-31T23:59:59.123Z","level":"info","component":"line","msg":"text","session":"12"}   as JSON
///   <6>level=info component=line msg="text" session=12      for journald, which has a time and takes the level
struct Form {
  bool json = false;
  bool journal = false;
};

/// A sink on a descriptor that it does not own: one line per write(2), as logfmt.
/// A write that fails, or would have to wait for a reader, loses the line, not the service; once writing works again a
/// line says how many were lost.
std::unique_ptr<Sink> descriptor_sink(int descriptor);

/// The wall clock, through the clock set above: for stamps in lines, never for decisions.
WallMillis wall_now();
/// The line with its line feed, as sinks write it.
std::string whole_line(const Record& record, Form form = {});
/// The line that tells how many were lost before it.
std::string line_about_lost(std::uint64_t count, Form form = {});
/// "2026-01-31T23:59:59.123Z".
std::string timestamp(WallMillis wall);

namespace detail {
inline void append(std::string& out, std::string_view text) { out += text; }
void append(std::string& out, std::same_as<char> auto c) { out += c; }
void append(std::string& out, std::same_as<bool> auto value) { out += value ? "yes" : "no"; }
template <class T>
requires(std::integral<T> && !std::same_as<T, char> &&
         !std::same_as<T, bool>) void append(std::string& out, T value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}
}  // namespace detail

/// Puts text, numbers and booleans together: text("port ", 42, " is in use").
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

}  // namespace cti::core::log
