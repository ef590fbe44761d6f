// replies.hpp - the private answers of a line: frames for one session, on their way to its fan-out reactor.
//
// Shape    make_* build whole frames; TellOut carries them to the reactors, in order per reactor.
// Order    what is pushed during a turn is seen when publish() is called, behind the publication of the log.
// Bounds   one lane per reactor; what does not fit waits in a backlog of limited length; what does not fit there is lost
//          and counted, and its session is cut: a client that is never answered must not believe that it will be.
// Threads  the line.
#pragma once

#include "broker/meet/line_shared.hpp"
#include "broker/meet/rendezvous.hpp"
#include "broker/meet/tell_out.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace cti::broker {

/// Builds one frame with Writer; fill(ArgumentsWriter&) adds the Arguments. Empty when they break a limit.
template <class Writer, class Header, class Fill>
std::vector<std::byte> make_frame(const Header& header, Fill&& fill) {
  std::vector<std::byte> room(4096);
  for (;;) {
    Writer writer(room, header);
    fill(writer.arguments());
    const std::size_t bytes = writer.finish().size();
    if (bytes != 0) {
      room.resize(bytes);
      return room;
    }
    if (room.size() >= wire::limits::kFrameBytesMax) return {};
    room.resize(room.size() * 8);
  }
}
template <class Fill>
std::vector<std::byte> make_reply(const wire::ReplyHeader& header, Fill&& fill) {
  return make_frame<wire::ReplyWriter>(header, fill);
}
template <class Fill>
std::vector<std::byte> make_private(const wire::PrivateEventHeader& header, Fill&& fill) {
  return make_frame<wire::PrivateEventWriter>(header, fill);
}

/// Why something was refused: the number and the sentence that the client gets.
struct Refusal {
  enum class Why : std::uint8_t { kOther, kRights, kDown };  ///< for the counters
  std::int32_t failure = 0;            ///< ctios FailureCode or CTIServerStatus, see requests.hpp
  std::uint32_t peripheral_error = 0;  ///< the switch's own number; 0: none
  std::string text;
  Why why = Why::kOther;
};

/// The kSubscribed frame that refuses agent mode.
std::vector<std::byte> make_subscribe_refusal(std::uint64_t id, const Refusal& refusal);

/// What a line has to tell each reactor (meet/tell_out.hpp).
class TellOut {
 public:
  using Counters = TellCounters;

  TellOut(std::uint16_t line, std::vector<FanoutShared*> fanouts, std::size_t backlog_max);

  void push(Tell&& tell);
  /// Of one reactor: see BasicTellOut::publish, and show() in meet/turn.hpp.
  bool publish(std::size_t fanout) { return outs_[fanout].publish(); }
  const std::vector<FanoutShared*>& fanouts() const noexcept { return fanouts_; }
  bool waiting() const noexcept;
  const Counters& counters() const noexcept { return counters_; }

 private:
  const std::vector<FanoutShared*> fanouts_;
  Counters counters_;
  std::deque<BasicTellOut<Tell>> outs_;  // [fanout]
};

}  // namespace cti::broker
