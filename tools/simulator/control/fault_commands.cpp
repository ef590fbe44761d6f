// Faults on demand, as commands: which fault, how often, for which message. What they do is in server/faults.cpp.
#include "tools/simulator/control/fault_commands.hpp"

#include "tools/simulator/server/server.hpp"
#include "tools/simulator/text/command_text.hpp"
#include "wire/ged188_rules.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

/// next KIND [N] [MESSAGE] [xCOUNT]
std::string plan(Faults& faults, const std::vector<std::string>& words) {
  PlannedFault planned;
  const auto kind = words.size() < 2
                        ? std::end(kFaultKinds)
                        : std::ranges::find(kFaultKinds, std::string_view(words[1]),
                                            &std::pair<std::string_view, FaultKind>::first);
  if (kind == std::end(kFaultKinds))
    return "error usage: next drop|duplicate|garbage|wronglength|cut|split|delay [N] [MESSAGE] "
           "[xCOUNT]";
  planned.kind = kind->second;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto number = number_of<std::uint32_t>(word);
    const auto* rule = wire::ged188::find_message(std::string_view(word));
    if (number && i == 2) {
      planned.number = *number;
    } else if (rule != nullptr) {
      planned.message_type = rule->number;
    } else if (word.starts_with('x') &&
               number_of<std::uint32_t>(std::string_view(word).substr(1))) {
      planned.count = *number_of<std::uint32_t>(std::string_view(word).substr(1));
    } else {
      return "error neither a message nor xCOUNT: " + word;
    }
  }
  const bool too_much = planned.kind == FaultKind::kGarbage && planned.number.value_or(0) > 65'536;
  if (too_much || planned.count == 0) return "error out of range";
  if (faults.planned.size() == kPlannedFaultsMax) return "error 1000 faults are planned already";
  faults.planned.push_back(planned);
  return "ok";
}

}  // namespace

std::string fault_help() {
  return " | drop|duplicate|garbage|wronglength|cut|split|loseconf CHANCE | delay CHANCE [MS] | "
         "next drop|duplicate|garbage|wronglength|cut|split|delay [N] [MESSAGE] [xCOUNT] | "
         "lose confirmation [COUNT] | refuse open [STATUS] | ignore open|heartbeats | "
         "slow read BYTES_PER_SECOND | send queue BYTES | clear faults";
}

std::string Server::fault_command(const std::vector<std::string>& words) {
  const std::string& what = words[0];
  const std::string second = words.size() > 1 ? words[1] : std::string();
  const auto number_at = [&](std::size_t at, std::uint32_t otherwise) {
    return words.size() > at ? number_of<std::uint32_t>(words[at]) : std::optional(otherwise);
  };
  if (what == "next") return plan(faults_, words);
  if (what == "clear" && second == "faults") return faults_.clear(), "ok";
  if (what == "lose" && second == "confirmation") {
    const auto count = number_at(2, 1);
    if (!count) return "error not a count: " + words[2];
    faults_.lose_confirmations += *count;
    return "ok";
  }
  if (what == "refuse" && second == "open") {
    const auto status = number_at(2, 15);
    if (!status) return "error not a status: " + words[2];
    faults_.refuse_open = static_cast<Status>(*status);
    return "ok";
  }
  if (what == "slow" && second == "read") {
    const auto rate = number_of<std::uint32_t>(words.size() > 2 ? words[2] : "");
    if (!rate) return "error usage: slow read BYTES_PER_SECOND (0: as fast as it comes)";
    faults_.slow_read = *rate;
    return "ok";
  }
  if (what == "send" && second == "queue") {
    const auto bytes = number_of<std::uint32_t>(words.size() > 2 ? words[2] : "");
    if (!bytes || *bytes < 16'384 || *bytes > kPendingBytesMax)
      return "error usage: send queue BYTES (16384 .. 16777216)";
    settings_.send_queue_bytes = *bytes;
    return "ok";
  }
  if (what == "ignore" && second == "open") return faults_.ignore_open = true, "ok";
  if (what == "ignore" && second == "heartbeats") return faults_.ignore_heartbeats = true, "ok";
  const auto kind = std::ranges::find(kFaultKinds, std::string_view(what),
                                      &std::pair<std::string_view, FaultKind>::first);
  if (kind == std::end(kFaultKinds) && what != "loseconf") return {};
  const auto value = number_of<double>(second);
  if (!value || !(*value >= 0) || *value > 1) return "error not a chance from 0 to 1: " + second;
  if (what == "delay" && words.size() > 2) {
    const auto ms = number_at(2, 0);
    if (!ms || *ms > 3'600'000) return "error not milliseconds up to an hour: " + words[2];
    faults_.delay_by = Millis(*ms);
  }
  (what == "loseconf" ? faults_.lose_confirmation : faults_.chance_of(kind->second)) = *value;
  return "ok";
}

}  // namespace cti::simulator
