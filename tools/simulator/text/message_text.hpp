// message_text.hpp - GED-188 messages as people write them: a name and FIELD=VALUE words, for building and for expecting.
//
// Why      scenarios and tests name messages and fields as the published guide does, and never count bytes.
// Shape    a FieldTest is one word. In a request it sets the field; in an expectation it says what the field must be.
//          Fields that the client's version does not have are left out, and not looked at.
// Words    ANI=5551234  AgentState=AGENT_STATE_TALKING  EventCause!=32  CallVariable1=* (there, whatever it is)
//          ANI=none (absent, or the number that means none)  ConnectionCallID=$c1 (as remembered)
//          ConnectionCallID=?c2 (remembers it)  NamedVariable.user.color=red  NamedArray.user.list[2]=x
// Lists    a field that comes several times matches when any of them does.
// Left out in a request: InvokeID and PeripheralID are the sender's; ...ConnectionCallID is 0xFFFFFFFF; a ...DeviceIDType
//          is 0 when the device is named and 0xFFFF when not; NumNamedVariables and NumNamedArrays are counted;
//          everything else is zero or absent.
// Threads  none of its own.
#pragma once

#include "core/base/result.hpp"
#include "wire/ged188_table.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cti::simulator {

namespace ged = wire::ged188;

struct FieldTest {
  enum class Kind : std::uint8_t { kEquals, kDiffers, kPresent, kAbsent, kRemember };
  std::string field;     ///< the guide's name
  std::string variable;  ///< named data only: which variable
  int index = -1;        ///< named arrays only: which element
  Kind kind = Kind::kEquals;
  std::string value;
};

/// A message with the fields that matter.
struct MessageText {
  const ged::MessageRule* rule = nullptr;
  std::vector<FieldTest> fields;
};

/// What $names stand for: numbers of calls, and what ?names have caught.
using Remembered = std::map<std::string, std::string, std::less<>>;

/// Reads one word FIELD=VALUE (and the forms above) for this message. The error says what was expected.
Result<FieldTest, std::string> read_field(const ged::MessageRule& rule, std::string_view word);

/// The message of this name, or an error that names the nearest one.
Result<const ged::MessageRule*, std::string> read_message_name(std::string_view word);

/// Values that a request gets when the text does not set them.
struct RequestDefaults {
  std::uint32_t invoke_id = 0, peripheral_id = 0;
};

Result<std::vector<std::byte>, std::string> build_message(const MessageText& text,
                                                          ged::Version version,
                                                          const RequestDefaults& defaults,
                                                          const Remembered& remembered);

/// Empty: all fields are as expected, and what ?names ask for is in `remembered`. Else one "FIELD is X, expected Y" per
/// field that is not, with "; " between. The message's type is not looked at.
std::string mismatch(const ged::DecodedMessage& message, std::span<const FieldTest> fields,
                     Remembered& remembered);

/// One line: the name, and the fields that say something (neither zero nor none), at most `fields_max` of them.
std::string brief(const ged::DecodedMessage& message, std::size_t fields_max = 8);

/// A number as written: decimal, 0x..., or names of the enumeration joined by "|".
std::optional<std::int64_t> read_number(std::string_view text, const ged::EnumRule* enumeration);

/// The word of `among` that is nearest to a mistyped one, or empty when none is near.
std::string_view nearest(std::string_view mistyped, std::span<const std::string_view> among);

}  // namespace cti::simulator
