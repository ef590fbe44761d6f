// shared_turn.cpp - one turn of a line and a reactor, and how much of it each gets.
#include "broker/shared_turn.hpp"

#include <span>

namespace cti::broker {

SharedTurn::SharedTurn(core::Io& io, Line& line, FanoutReactor& reactor, const ring::EventLog& log,
                       const FanoutConfig& config)
    : io_(io),
      line_(line),
      reactor_(reactor),
      log_(log),
      piece_bytes_(config.send_bytes_max),
      completions_(config.completions_per_turn) {
  CTI_CHECK(config.connections_beside >= kLineConnections);
  CTI_CHECK(piece_bytes_ > 0);
}

std::uint32_t SharedTurn::turn(TimePoint deadline) {
  const TimePoint until = before_wait(deadline);
  const std::size_t count = io_.wait(completions_, until);
  CTI_CHECK(count <= completions_.size());
  const std::span<const core::Completion> completions(completions_.data(), count);
  reactor_.after_wait(completions);
  line_.after_wait(completions);
  const ring::Position before = log_.tail();
  std::uint32_t work = static_cast<std::uint32_t>(count) + line_.work();
  const ring::Position written = log_.tail() - before;
  work += reactor_.work();
  pace(written, work);
  return work;
}

/// Until when the wait may last: the earlier of both wishes.
TimePoint SharedTurn::before_wait(TimePoint deadline) {
  // A gate that opens tells nobody; here it opens in this thread only, so that is the moment to look.
  const bool again = room_may_be_ && line_.held_back();
  if (again || resting_ > 0) deadline = TimePoint{};
  return reactor_.before_wait(line_.before_wait(deadline));
}

void SharedTurn::pace(ring::Position written, std::uint32_t work) {
  room_may_be_ = work > 0;
  if (resting_ > 0) ++rests_, --resting_;
  // What lies behind the first piece; a rest that is still on becomes longer.
  resting_ += written / piece_bytes_;
  if (work == 0) resting_ = 0;
  line_.set_resting(resting_ > 0);
}

}  // namespace cti::broker
