// command_text.cpp - words, quotes, numbers and times of a command line.
#include "tools/simulator/text/command_text.hpp"

namespace cti::simulator {

std::vector<std::string> words_of(std::string_view line, bool comments) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, any = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && (c == ' ' || c == '\t' || c == '\r')) {
      if (any || !word.empty()) words.push_back(std::move(word));
      word.clear();
      any = false;
    } else {
      if (comments && c == '#' && !any && word.empty()) return words;
      word += c;
    }
  }
  if (any || !word.empty()) words.push_back(std::move(word));
  return words;
}

bool read_call_data(CallDataPatch& data, std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return false;
  std::string key(word.substr(0, equals));
  const std::string value(word.substr(equals + 1));
  if (key.starts_with("var")) {
    const auto number = number_of<unsigned>(std::string_view(key).substr(3));
    if (!number || *number < 1 || *number > 10) return false;
    data.variables[*number - 1] = value;
    return true;
  }
  if (key == "uui") return data.user_to_user = value, true;
  if (key == "ced") return data.entered_digits = value, true;
  if (key == "wrapup") return data.wrapup = value, true;
  if (!key.starts_with("user.")) return false;
  std::int32_t index = -1;
  if (key.back() == ']') {
    const std::size_t open = key.find('[');
    const auto number = open == std::string::npos
                            ? std::nullopt
                            : number_of<std::uint8_t>(
                                  std::string_view(key).substr(open + 1, key.size() - open - 2));
    if (!number) return false;
    index = *number;
    key.resize(open);
  }
  data.named.push_back({key, index, value});
  return true;
}

bool read_call_option(OutsideCall& call, std::string_view word) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  if (key != "talk" && key != "patience") return read_call_data(call.data, word);
  if (equals == std::string_view::npos) return false;
  const auto seconds = number_of<double>(word.substr(equals + 1));
  if (!seconds || !(*seconds >= 0) || *seconds > 1e6) return false;
  const Nanos time(static_cast<std::int64_t>(*seconds * 1e9));
  (key == "talk" ? call.talk : call.patience) = time;
  return true;
}

std::optional<Nanos> read_time(std::string_view text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  for (const auto& [unit, seconds] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = number_of<double>(text.substr(0, text.size() - unit.size()));
    if (!number || !(*number >= 0) || *number * seconds > 366 * 86'400.0) return std::nullopt;
    return Nanos(static_cast<std::int64_t>(*number * seconds * 1e9));
  }
  return std::nullopt;
}

}  // namespace cti::simulator
