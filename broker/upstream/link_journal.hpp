// link_journal.hpp - what the log is told of the tries to open a session with the CTI Server.
//
// Why      an operator who starts a server without its CTI Server, or with a wrong password, must read why nothing works;
//          and a night without one must not fill the disk.
// Shape    of each round (both sides, then a pause) the first try, the first failure and the pause are said. Within a round a
//          failure is said when its side failed for another reason before. What is not said is said at debug.
// Threads  the line.
#pragma once

#include "broker/meet/line_config.hpp"
#include "broker/meet/said.hpp"
#include "core/base/time.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cti::broker {

class LinkJournal {
 public:
  /// `sides` outlives it.
  LinkJournal(const std::vector<core::Endpoint>& sides, Say say)
      : sides_(sides), say_(std::move(say)) {}

  /// Neither of these fails: a line that finds no memory is not said.
  void trying(std::uint32_t side) noexcept;
  void in_vain(std::uint32_t side, std::string_view why) noexcept;
  /// Both sides have been tried.
  void pausing(Nanos pause) noexcept;
  void opened() noexcept;

  /// "side A"; "the CTI Server" when there is but one.
  static std::string_view side_name(std::size_t sides, std::uint32_t side) noexcept {
    return sides < 2 ? "the CTI Server" : side == 0 ? "side A" : "side B";
  }

 private:
  std::string place(std::uint32_t side) const;
  void say(core::log::Level level, std::string_view kind, const std::string& text) const;

  const std::vector<core::Endpoint>& sides_;
  const Say say_;
  std::uint64_t tries_ = 0;     // since a session was last open
  std::uint64_t failures_ = 0;  // likewise
  bool round_begins_ = true;
  bool failure_said_ = false;           // in this round
  std::array<std::string, 2> reasons_;  // why each side last failed, since a session was last open
};

}  // namespace cti::broker
