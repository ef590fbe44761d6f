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
#include "wire/session_frame.hpp"

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>
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
    std::uint64_t delayed = 0;  ///< found the lane full
    std::uint64_t lost = 0;     ///< found the backlog full too, or its session already cut for that
    std::uint64_t cuts = 0;     ///< sessions cut because of it
  };

  TellOut(std::uint16_t line, std::vector<FanoutShared*> fanouts, std::size_t backlog_max);

  void push(Tell&& tell);
  /// Moves what waits into the lanes, and shows what is in them. Once per turn, when the log has been published.
  void publish();
  /// Something was shown to this reactor since the last call.
  bool take_news(std::size_t fanout) noexcept { return std::exchange(news_[fanout], false); }
  const std::vector<FanoutShared*>& fanouts() const noexcept { return fanouts_; }
  bool waiting() const noexcept;
  const Counters& counters() const noexcept { return counters_; }

 private:
  const std::uint16_t line_;
  const std::vector<FanoutShared*> fanouts_;
  const std::size_t backlog_max_;
  struct Waiting {
    std::deque<Tell> backlog;
    std::unordered_map<std::uint64_t, SessionRef> cuts;  // by session number
  };
  bool stage(std::size_t fanout, Tell&& tell);
  void lose(Waiting& waiting, const Tell& tell);

  std::vector<Waiting> waiting_;  // [fanout]
  std::vector<char> news_;        // [fanout]
  Counters counters_;
};

}  // namespace cti::broker
