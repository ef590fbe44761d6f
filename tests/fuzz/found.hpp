// found.hpp - what every fuzz target does when something does not hold: says what, shows the text, and aborts.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace cti::fuzz {

[[noreturn]] inline void found(const char* what, const std::string& text = {}) {
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

/// What a person is shown: no control character but the end of a line, and none of C1 either, written in UTF-8.
inline void must_be_printable(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if ((byte < 0x20 && byte != '\n') || byte == 0x7F || c1)
      found("a control character where a person reads", std::string(text));
  }
}

/// A file that is refused must say why; one that is taken must print as a file that is taken again and prints the same.
template <class Print>
void prints_as_it_reads(Print&& print, std::string_view input) {
  const auto once = print(input);
  if (!once.ok()) {
    if (once.error().empty()) found("refused without a reason", std::string(input));
    return must_be_printable(once.error());
  }
  const auto twice = print(*once);
  if (!twice.ok()) found("cannot read back what was printed", twice.error() + *once);
  if (*twice != *once) found("prints differently after reading back", *once + "----\n" + *twice);
}

}  // namespace cti::fuzz
