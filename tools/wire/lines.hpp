// lines.hpp - text lines of bounded length from a stream of any size.
#pragma once

#include <cstddef>
#include <istream>
#include <string>

namespace cti::tools {

class LineReader {
 public:
  static constexpr std::size_t kBytesMax = 1024 * 1024;

  explicit LineReader(std::istream& in) : in_(*in.rdbuf()) {}

  /// The next line without its end. False: there is none. A longer line is read to its end, but not kept: too_long().
  bool next(std::string& line) {
    using Traits = std::istream::traits_type;
    line.clear();
    too_long_ = false;
    int c = in_.sbumpc();
    if (c == Traits::eof()) return false;
    ++number_;
    for (; c != Traits::eof() && c != '\n'; c = in_.sbumpc()) {
      if (line.size() < kBytesMax) {
        line += static_cast<char>(c);
      } else {
        too_long_ = true;
      }
    }
    return true;
  }
  bool too_long() const { return too_long_; }
  std::string where() const { return "line " + std::to_string(number_); }

 private:
  std::streambuf& in_;
  std::size_t number_ = 0;
  bool too_long_ = false;
};

}  // namespace cti::tools
