// upstream.hpp - the session with the CTI Server as those see it who talk through it: is it open, what may be sent.
//
// Why      the dialogue, the requests and the core of a line send and ask; none of them must know a socket, a clock or a
//          side. The link (cti_link.hpp) stands on the other end, a test or a simulation may stand there as well.
// Shape    a word for the state, the session's version, and one buffer: frames are claimed and committed here, the
//          link takes them on their way once per turn.
// Full     claim gives nothing (counted): the caller refuses the request or asks later.
// Threads  the line.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/send_buffer.hpp"
#include "wire/ged188_floating.hpp"
#include "wire/ged188_limits.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace cti::broker {

/// Why the owner resets a session that is open.
enum class ResetCause : std::uint8_t {
  kNone,
  kBadFrames,    ///< too many frames in a row that cannot be decoded
  kRecordsLost,  ///< the log was held back for too long
  kNoProgress,   ///< heartbeats are answered, and nothing else
  kNoMemory,     ///< an allocation failed in the middle of something
};

class Upstream {
 public:
  enum class State : std::uint8_t {
    kTrying,  ///< neither side has been in vain yet: the first session may open any moment
    kOpen,    ///< the session is open
    kDown,    ///< lost, refused, or not begun: cause() says why
  };

  static constexpr std::size_t kCauseBytesMax = 240;

  Upstream(std::size_t send_buffer_bytes, wire::ged188::Version version)
      : version_(version), out_(send_buffer_bytes) {
    CTI_CHECK(send_buffer_bytes >= wire::ged188::limits::kMessageBytesMax);
    cause_.reserve(kCauseBytesMax);
  }
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  bool up() const noexcept { return state_ == State::kOpen; }
  State state() const noexcept { return state_; }
  /// What this session was opened with: it decides the width of floating headers.
  wire::ged188::Version version() const noexcept { return version_; }
  /// Why the last session or try ended: one line for logs and clients.
  const std::string& cause() const noexcept { return cause_; }

  /// Room for one message to send; empty (counted) when the buffer is full or the session is not open.
  MutableBytes claim(std::size_t bytes = wire::ged188::limits::kMessageBytesMax) noexcept {
    if (!up()) return {};
    const MutableBytes room = out_.claim(bytes);
    if (room.empty()) ++refused_;
    return room;
  }
  /// Sends the first `bytes` of the claim.
  void commit(std::size_t bytes) noexcept {
    CTI_CHECK(up());
    CTI_CHECK(bytes >= wire::ged188::limits::kHeaderBytes);
    out_.commit(bytes);
    ++committed_;
  }
  /// Messages committed so far, and those that found no room.
  std::uint64_t committed() const noexcept { return committed_; }
  std::uint64_t refused() const noexcept { return refused_; }

  // ---- the other end: the link's ----
  core::SendBuffer& out() noexcept { return out_; }
  void set_state(State state) noexcept { state_ = state; }
  /// The pieces one after the other, cut at kCauseBytesMax. Asks for no memory.
  void set_cause(std::initializer_list<std::string_view> why) noexcept {
    cause_.clear();
    for (const std::string_view piece : why)
      cause_.append(piece.substr(0, kCauseBytesMax - cause_.size()));
    CTI_CHECK(cause_.size() <= kCauseBytesMax);
  }

 private:
  State state_ = State::kDown;
  const wire::ged188::Version version_;
  core::SendBuffer out_;
  std::string cause_;
  std::uint64_t committed_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace cti::broker
