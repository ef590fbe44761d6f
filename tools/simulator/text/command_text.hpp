// command_text.hpp - words of a line, and the name=value words that describe a call: shared by commands and scenarios.
#pragma once

#include "tools/simulator/model/model.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::simulator {

/// Words are parted by blanks; quotes keep blanks together and are taken away. With `comments` a word that begins with #
/// ends the line.
std::vector<std::string> words_of(std::string_view line, bool comments = false);

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// varN= (1 to 10), uui=, ced=, wrapup=, user.NAME=, user.NAME[I]= . False: not understood.
bool read_call_data(CallDataPatch& data, std::string_view word);
/// The same, and talk= and patience= in seconds.
bool read_call_option(OutsideCall& call, std::string_view word);

/// "500ms", "2s", "1.5s", "3m", "1h". Nothing: not understood, or more than a year.
std::optional<Nanos> read_time(std::string_view text);

}  // namespace cti::simulator
