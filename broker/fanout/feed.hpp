// feed.hpp - how far a session has been given one line's updates: one state, one position.
//
// Why      a session that enters, resumes, falls behind or leaves goes through the same few states; each step is a member
//          here that says from where it may be taken, so that no path leaves a place in a channel or a cursor behind.
//
//              kOff ---> kNeedImage ---> kAwaitImage ---> kImage ---> kCatchUp ---> kLive
//                           ^  ^  \______________________________________^           |
//                           |  |_________ no image after all                         |
//                           |______________ lapped: from any but kOff ______________|
//
// Cursor   kCatchUp: a position in the line's log: everything below is given, or covered by the snapshot. kLive in a
//          channel: a position in that channel. Else it means nothing.
// Threads  one: the reactor.
#pragma once

#include "core/base/check.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <utility>

namespace cti::broker {

inline constexpr std::uint16_t kNoChannel = 0xFFFF;

enum class FeedState : std::uint8_t {
  kOff,         ///< gets nothing from this line
  kNeedImage,   ///< a snapshot is due; not asked for yet
  kAwaitImage,  ///< asked
  kImage,       ///< being sent
  kCatchUp,     ///< given the log from `cursor` on, through its outbox
  kLive,        ///< agent mode: records are pushed; else the session is a cursor in its channel
};

class Feed {
 public:
  FeedState state() const noexcept { return state_; }
  bool off() const noexcept { return state_ == FeedState::kOff; }
  bool live() const noexcept { return state_ == FeedState::kLive; }
  /// On its way to live: what belongs behind its updates has to wait.
  bool on_the_way() const noexcept { return !off() && !live(); }
  /// Live, and reads a channel at its own pace.
  bool in_channel() const noexcept { return live() && channel_ != kNoChannel; }
  std::uint64_t cursor() const noexcept { return cursor_; }
  std::uint16_t channel() const noexcept { return channel_; }
  std::uint32_t member() const noexcept { return member_; }
  wire::SnapshotReason reason() const noexcept {
    return static_cast<wire::SnapshotReason>(reason_);
  }

  /// The channel that it will read when it is live; kept until release_channel.
  void take_channel(std::uint16_t channel) noexcept {
    CTI_CHECK(off());
    CTI_CHECK(channel_ == kNoChannel && channel != kNoChannel);
    channel_ = channel;
  }
  std::uint16_t release_channel() noexcept {
    CTI_CHECK(!in_channel());
    return std::exchange(channel_, kNoChannel);
  }

  void need_image(wire::SnapshotReason reason) noexcept {
    CTI_CHECK(!in_channel());  // it has left: see ChannelTable::leave
    reason_ = static_cast<std::uint8_t>(reason);
    to(FeedState::kNeedImage);
  }
  void await_image() noexcept {
    CTI_CHECK(off() || state_ == FeedState::kNeedImage);
    to(FeedState::kAwaitImage);
  }
  void begin_image() noexcept {
    CTI_CHECK(state_ == FeedState::kAwaitImage || state_ == FeedState::kNeedImage);
    to(FeedState::kImage);
  }
  /// The log from `position` on is what is missing.
  void catch_up_from(std::uint64_t position) noexcept {
    CTI_CHECK(!live());
    cursor_ = position;
    to(FeedState::kCatchUp);
  }
  void go_live() noexcept {
    CTI_CHECK(state_ == FeedState::kCatchUp);
    CTI_CHECK(channel_ == kNoChannel);
    to(FeedState::kLive);
  }
  /// As `member` of its channel, from `position` of it on.
  void go_live(std::uint32_t member, std::uint64_t position) noexcept {
    CTI_CHECK(state_ == FeedState::kCatchUp);
    CTI_CHECK(channel_ != kNoChannel);
    member_ = member;
    cursor_ = position;
    to(FeedState::kLive);
  }
  /// Given up to `position`.
  void advance(std::uint64_t position) noexcept {
    CTI_CHECK(state_ == FeedState::kCatchUp || in_channel());
    CTI_CHECK(position >= cursor_);
    cursor_ = position;
  }
  /// Another listener has left, and this one has come to its place.
  void move(std::uint32_t member) noexcept {
    CTI_CHECK(in_channel());
    member_ = member;
  }
  /// No longer a member of its channel; what it was given stays given.
  void leave_channel() noexcept {
    CTI_CHECK(in_channel());
    member_ = 0;
    to(FeedState::kNeedImage);
  }
  void turn_off() noexcept {
    CTI_CHECK(!in_channel());
    to(FeedState::kOff);
  }

  void invariants() const noexcept {
    CTI_CHECK(member_ == 0 || in_channel());
    CTI_CHECK(!in_channel() || live());
    CTI_CHECK(state_ <= FeedState::kLive);
  }

 private:
  void to(FeedState state) noexcept {
    state_ = state;
    invariants();
  }

  std::uint64_t cursor_ = 0;
  std::uint32_t member_ = 0;
  std::uint16_t channel_ = kNoChannel;
  FeedState state_ = FeedState::kOff;
  std::uint8_t reason_ = static_cast<std::uint8_t>(wire::SnapshotReason::kEntry);
};
static_assert(sizeof(Feed) == 16);

}  // namespace cti::broker
