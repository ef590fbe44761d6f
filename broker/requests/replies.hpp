// replies.hpp - the private answers of a line: frames for one session, on their way to its fan-out reactor.
//
// Shape    make_* build whole frames; TellOut carries them to the reactors, in order per reactor.
// Bounds   one ring per reactor; what does not fit waits in a backlog of limited length; what does not fit there is lost
//          and counted (the client's own deadline then tells it that the outcome is unknown).
// Threads  the line.
#pragma once

#include "broker/meet/line_shared.hpp"
#include "broker/meet/rendezvous.hpp"
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
  std::int32_t failure = 0;            ///< ctios FailureCode or CTIServerStatus, see requests.hpp
  std::uint32_t peripheral_error = 0;  ///< the switch's own number; 0: none
  std::string text;
};

/// The kSubscribed frame that refuses agent mode.
std::vector<std::byte> make_subscribe_refusal(std::uint64_t id, const Refusal& refusal);

class TellOut {
 public:
  struct Counters {
    std::uint64_t sent = 0;
    std::uint64_t delayed = 0;  ///< found the ring full
    std::uint64_t lost = 0;     ///< found the backlog full too
  };

  TellOut(std::uint16_t line, std::vector<FanoutShared*> fanouts, std::size_t backlog_max);

  void push(Tell&& tell);
  /// Moves what waits into the rings. Call once per turn.
  void pump();
  /// Something was put into this reactor's ring since the last call.
  bool take_news(std::size_t fanout) noexcept { return std::exchange(news_[fanout], false); }
  const std::vector<FanoutShared*>& fanouts() const noexcept { return fanouts_; }
  bool waiting() const noexcept;
  const Counters& counters() const noexcept { return counters_; }

 private:
  const std::uint16_t line_;
  const std::vector<FanoutShared*> fanouts_;
  const std::size_t backlog_max_;
  std::vector<std::deque<Tell>> backlog_;  // [fanout]
  std::vector<char> news_;                 // [fanout]
  Counters counters_;
};

}  // namespace cti::broker
