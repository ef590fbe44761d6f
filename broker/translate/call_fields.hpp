// call_fields.hpp - the floating fields of call messages under their CTI OS keywords.
//
// A tag means the same in every call message, so one walk serves all of them.
#pragma once

#include "broker/translate/arg_sheet.hpp"
#include "broker/model/clean_text.hpp"
#include "wire/ged188_floating.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace cti::broker {

/// A list's count as clients are told it: the CTI Server may have announced more than came.
template <class List>
std::uint16_t came(std::uint16_t count, const List& list) noexcept {
  if (count == 0) return 0;
  return static_cast<std::uint16_t>(std::min<std::size_t>(count, list.count()));
}

/// Which of a message's fields go into the record.
enum class CallFields : std::uint8_t {
  kDevices,  ///< who took part, trunks: what the event itself is about
  kAll,      ///< besides: call data (ANI, call variables, ECC, ...)
};

/// Puts the fields on the sheet. `floating` and `room` must outlive the writing of the sheet.
void add_call_fields(ArgSheet& sheet, const wire::ged188::FloatingPart& floating, CallFields which,
                     CleanTextRoom& room);

/// ECC: "user.<name>" for scalars, "user.<name>[i]" for array elements. `context` is a FloatingPart.
void write_ecc(wire::ArgumentsWriter& writer, const void* context);

/// The call's data among `properties`: a program that pops a screen at the transfer needs no other event. `skill_group`: the
/// event itself named none.
void write_call_data(wire::ArgumentsWriter& writer, const wire::ArgumentsView& properties,
                     bool skill_group);

/// A raw field (user-to-user information) or a string as text, cleaned.
std::string_view field_text(Bytes field, CleanTextRoom& room) noexcept;

}  // namespace cti::broker
