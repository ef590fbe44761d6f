// object_id.hpp - UniqueObjectIDs: how the objects of CTI OS are named towards clients.
//
// Shape    agent.<PeripheralID>.<AgentID>, call.<PeripheralID>.<ConnectionCallID>.<ConnectionDeviceID>,
//          device.<PeripheralID>.<instrument>, skillgroup.<PeripheralID>.<number>, team.<PeripheralID>.<TeamID>;
//          icm.<RouterCallKeyDay>.<RouterCallKeyCallID> for a contact between sites.
// Bounds   the last part comes from the switch: what does not fit kObjectIdBytesMax is cut. Dots in it are kept: only
//          the first dots separate.
// Cost     a few ten ns, no allocation.
#pragma once

#include "core/base/bytes.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace cti::broker {

/// Longest id: "skillgroup." + 10 digits + "." + 10 digits + "." + a device of 64, with room to spare.
inline constexpr std::size_t kObjectIdBytesMax = 159;

enum class IdKind : std::uint8_t { kAgent, kCall, kDevice, kSkillGroup, kTeam };

namespace detail {
/// "00", "01" ... "99".
inline constexpr auto kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < digits.size(); ++i) {
    digits[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
  }
  return digits;
}();
}  // namespace detail

/// The text of an id in a fixed buffer.
class ObjectId {
 public:
  ObjectId() = default;
  std::string_view view() const noexcept { return as_text({text_, size_}); }
  bool empty() const noexcept { return size_ == 0; }

  ObjectId& add(std::string_view part) noexcept {
    const std::size_t room = kObjectIdBytesMax - size_;
    const std::size_t count = part.size() < room ? part.size() : room;
    copy_short(text_ + size_, as_bytes(part).data(), count);
    size_ += count;
    return *this;
  }
  template <std::size_t Bytes>
  ObjectId& add(const char (&literal)[Bytes]) noexcept {
    return add(std::string_view(literal, Bytes - 1));
  }
  [[gnu::always_inline]] ObjectId& add(std::uint32_t number) noexcept {
    char digits[10];
    char* const end = digits + sizeof digits;
    char* at = end;
    // Two at a time and from behind: std::to_chars counts them first, which costs as much again.
    for (; number >= 100; number /= 100) {
      at -= 2;
      std::memcpy(at, &detail::kTwoDigits[number % 100 * 2], 2);
    }
    if (number >= 10) std::memcpy(at -= 2, &detail::kTwoDigits[number * 2], 2);
    if (number < 10) *--at = static_cast<char>('0' + number);
    return add(std::string_view(at, static_cast<std::size_t>(end - at)));
  }

 private:
  std::byte text_[kObjectIdBytesMax];
  std::size_t size_ = 0;
};

namespace detail {
/// The parts put together, in the place where the id will stand.
template <class... Parts>
ObjectId object_id_of(const Parts&... parts) noexcept {
  ObjectId id;
  (id.add(parts), ...);
  return id;
}
}  // namespace detail

inline ObjectId agent_object_id(std::uint32_t peripheral, std::string_view agent) noexcept {
  return detail::object_id_of("agent.", peripheral, ".", agent);
}
inline ObjectId call_object_id(std::uint32_t peripheral, std::uint32_t call,
                               std::string_view device) noexcept {
  return detail::object_id_of("call.", peripheral, ".", call, ".", device);
}
inline ObjectId device_object_id(std::uint32_t peripheral, std::string_view instrument) noexcept {
  return detail::object_id_of("device.", peripheral, ".", instrument);
}
inline ObjectId skill_group_object_id(std::uint32_t peripheral, std::uint32_t number) noexcept {
  return detail::object_id_of("skillgroup.", peripheral, ".", number);
}
inline ObjectId team_object_id(std::uint32_t peripheral, std::uint32_t team) noexcept {
  return detail::object_id_of("team.", peripheral, ".", team);
}
/// ICMEnterpriseUniqueID of a routed contact.
inline ObjectId enterprise_id(std::uint32_t day, std::uint32_t call) noexcept {
  return detail::object_id_of("icm.", day, ".", call);
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
