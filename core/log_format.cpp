// log_format.cpp - the forms of a line: logfmt, JSON, and logfmt behind journald's prefix.
#include "core/base/check.hpp"
#include "core/log.hpp"
#include "core/output.hpp"

#include <algorithm>
#include <utility>

namespace cti::core::log {
namespace {

/// sd-daemon(3): what journald takes a line's priority from.
std::string_view priority(Level level) {
  switch (level) {
    case Level::kDebug:
      return "<7>";
    case Level::kInfo:
      return "<6>";
    case Level::kWarning:
      return "<4>";
    case Level::kError:
      return "<3>";
  }
  return "<6>";
}

/// Bytes of the UTF-8 character that begins here; 0: none does.
std::size_t character_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes > text.size()) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = at(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  const bool control = first == 0xC2 && second < 0xA0;  // C1: a terminal may obey it
  return overlong || beyond || control ? 0 : bytes;
}

/// Within quotes; what is no UTF-8, and control characters, as \xNN, its backslash doubled as JSON wants it.
void append_quoted(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t bytes = character_bytes(text);
    if (first == '"' || first == '\\') {
      out += '\\';
      out += text.front();
    } else if (bytes == 0 || first < 0x20 || first == 0x7f) {
      out += "\\\\x";
      out += kHex[first >> 4];
      out += kHex[first & 15];
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  out += '"';
}

/// A value of logfmt needs quotes when it is empty or has more than words of numbers, letters and a few signs.
bool plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '/' || c == '[' || c == ']';
  });
}

class Writer {
 public:
  explicit Writer(bool json) : json_(json) {}
  std::string out;

  void pair(std::string_view key, std::string_view value, bool quoted = false) {
    if (json_) {
      out += out.empty() ? '{' : ',';
      append_quoted(out, key);
      out += ':';
      return append_quoted(out, value);
    }
    if (any_) out += ' ';
    any_ = true;
    out += key;
    out += '=';
    if (quoted || !plain(value)) return append_quoted(out, value);
    out += value;
  }
  void end() { out += json_ ? "}\n" : "\n"; }

 private:
  const bool json_;
  bool any_ = false;
};

}  // namespace

// A line goes to a pipe in one piece or not at all. What must be escaped may double it: then the message is cut.
static_assert(kLineBytesMax + kFieldsMax * (kFieldBytesMax + 64) + 512 <= Output::kAtomicBytes);

std::string whole_line(const Record& record, Form form) {
  Writer writer(form.json);
  if (!form.journal) {
    writer.pair("time", timestamp(wall_now()));
  }
  writer.pair("level", level_name(record.level));
  writer.pair("component", record.component);
  writer.pair("msg", record.message, true);
  for (const Field& field : record.fields) {
    CTI_CHECK(!field.key.empty());
    writer.pair(field.key, field.value);
  }
  writer.end();
  if (writer.out.size() + 3 > Output::kAtomicBytes && !record.message.empty()) {
    Record shorter = record;
    shorter.message = record.message.substr(0, record.message.size() / 2);
    return whole_line(shorter, form);
  }
  // sd-daemon's prefix, which journald takes off again.
  if (form.journal) return std::string(priority(record.level)) + writer.out;
  return std::move(writer.out);
}

}  // namespace cti::core::log
