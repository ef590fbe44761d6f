// recording.hpp - whether a call is recorded: own keys among its properties, for clients, for who records again or stops, and
// for whoever joins late.
//
// Source   START_RECORDING_CONF names the server application that records and its data; STOP_RECORDING_REQ repeats both. The
//          network says by events of its own when it begins, ends or fails.
#pragma once

#include "broker/model/object_map.hpp"
#include "core/base/check.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace cti::broker {

inline constexpr std::string_view kRecordingKey =
    "Recording";  ///< "started", "stopped" or "failed"
inline constexpr std::string_view kRecordingSessionKey = "RecordingSession";
inline constexpr std::string_view kRecordingDataKey = "RecordingData";

enum class RecordingState : std::uint8_t {
  kNever,  ///< nobody has said so here: another server may have been asked
  kStarted,
  kStopped,
  kFailed,
};

struct Recording {
  RecordingState state = RecordingState::kNever;
  std::uint32_t session =
      0;  ///< SessionID of the application that records; 0: the network, or not known
  std::uint32_t data = 0;  ///< its ServerData
  friend bool operator==(const Recording&, const Recording&) = default;
};

inline std::string_view word_of(RecordingState state) noexcept {
  constexpr std::array<std::string_view, 4> kWords = {"", "started", "stopped", "failed"};
  CTI_CHECK(static_cast<std::size_t>(state) < kWords.size());
  return kWords[static_cast<std::size_t>(state)];
}

inline Recording recording_of(const ObjectMap& map, const CallEntry& call) noexcept {
  Recording found;
  const auto handle = map.properties().find(call.key);
  if (!handle) return found;
  const wire::ArgumentsView known = map.properties().properties(*handle);
  const std::string_view word = known.string(kRecordingKey).value_or("");
  for (const RecordingState state :
       {RecordingState::kStarted, RecordingState::kStopped, RecordingState::kFailed}) {
    if (word == word_of(state)) found.state = state;
  }
  found.session = static_cast<std::uint32_t>(known.integer(kRecordingSessionKey).value_or(0));
  found.data = static_cast<std::uint32_t>(known.integer(kRecordingDataKey).value_or(0));
  return found;
}

}  // namespace cti::broker
