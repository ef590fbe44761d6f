// object_id.hpp - UniqueObjectIDs: how the objects of CTI OS are named towards clients.
//
// Shape    agent.<PeripheralID>.<AgentID>, call.<PeripheralID>.<ConnectionCallID>.<ConnectionDeviceID>,
//          device.<PeripheralID>.<instrument>, skillgroup.<PeripheralID>.<number>, team.<PeripheralID>.<TeamID>;
//          icm.<RouterCallKeyDay>.<RouterCallKeyCallID> for a contact between sites.
// Bounds   the last part comes from the switch: what does not fit kObjectIdBytesMax is cut. Dots in it are kept: only
//          the first dots separate.
// Cost     a few ten ns, no allocation.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace cti::broker {

/// Longest id: "skillgroup." + 10 digits + "." + 10 digits + "." + a device of 64, with room to spare.
inline constexpr std::size_t kObjectIdBytesMax = 159;

enum class IdKind : std::uint8_t { kAgent, kCall, kDevice, kSkillGroup, kTeam };

/// The text of an id in a fixed buffer.
class ObjectId {
 public:
  ObjectId() = default;
  std::string_view view() const noexcept { return {text_, size_}; }
  bool empty() const noexcept { return size_ == 0; }

  ObjectId& add(std::string_view part) noexcept {
    const std::size_t room = kObjectIdBytesMax - size_;
    const std::size_t count = part.size() < room ? part.size() : room;
    if (count > 0) std::memcpy(text_ + size_, part.data(), count);
    size_ = static_cast<std::uint8_t>(size_ + count);
    return *this;
  }
  ObjectId& add(std::uint32_t number) noexcept {
    char digits[10];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return add(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }

 private:
  char text_[kObjectIdBytesMax];
  std::uint8_t size_ = 0;
};

inline ObjectId agent_object_id(std::uint32_t peripheral, std::string_view agent) noexcept {
  return ObjectId().add("agent.").add(peripheral).add(".").add(agent);
}
inline ObjectId call_object_id(std::uint32_t peripheral, std::uint32_t call,
                               std::string_view device) noexcept {
  return ObjectId().add("call.").add(peripheral).add(".").add(call).add(".").add(device);
}
inline ObjectId device_object_id(std::uint32_t peripheral, std::string_view instrument) noexcept {
  return ObjectId().add("device.").add(peripheral).add(".").add(instrument);
}
inline ObjectId skill_group_object_id(std::uint32_t peripheral, std::uint32_t number) noexcept {
  return ObjectId().add("skillgroup.").add(peripheral).add(".").add(number);
}
inline ObjectId team_object_id(std::uint32_t peripheral, std::uint32_t team) noexcept {
  return ObjectId().add("team.").add(peripheral).add(".").add(team);
}
/// ICMEnterpriseUniqueID of a routed contact.
inline ObjectId enterprise_id(std::uint32_t day, std::uint32_t call) noexcept {
  return ObjectId().add("icm.").add(day).add(".").add(call);
}

/// An id taken apart. `name` is what follows the peripheral: AgentID, instrument, number, or call and device.
struct ObjectIdParts {
  IdKind kind = IdKind::kAgent;
  std::uint32_t peripheral = 0;
  std::string_view name;  ///< borrows from the text that was parsed
};

/// Nothing when the text is not an id of the shapes above.
inline std::optional<ObjectIdParts> parse_object_id(std::string_view text) noexcept {
  constexpr struct {
    std::string_view prefix;
    IdKind kind;
  } kKinds[] = {{"agent.", IdKind::kAgent},
                {"call.", IdKind::kCall},
                {"device.", IdKind::kDevice},
                {"skillgroup.", IdKind::kSkillGroup},
                {"team.", IdKind::kTeam}};
  for (const auto& [prefix, kind] : kKinds) {
    if (!text.starts_with(prefix)) continue;
    const std::string_view rest = text.substr(prefix.size());
    ObjectIdParts parts{kind, 0, {}};
    const auto end = rest.data() + rest.size();
    const auto [at, error] = std::from_chars(rest.data(), end, parts.peripheral);
    if (error != std::errc{} || at == end || *at != '.') return std::nullopt;
    parts.name = rest.substr(static_cast<std::size_t>(at - rest.data()) + 1);
    if (parts.name.empty()) return std::nullopt;
    return parts;
  }
  return std::nullopt;
}

}  // namespace cti::broker
