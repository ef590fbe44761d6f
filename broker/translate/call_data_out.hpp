// call_data_out.hpp - call data of a request (call variables, ECC, wrap-up) into a GED-188 message.
#pragma once

#include "core/base/check.hpp"
#include "wire/arguments.hpp"
#include "wire/keyword.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cti::broker {

/// "user.x" or "user.x[3]" taken apart. `name` is empty when the key is neither; index -1 for a scalar.
struct EccName {
  std::string_view name;
  int index = -1;
};
inline EccName split_ecc_key(std::string_view key) noexcept {
  if (!key.ends_with(']')) return {key.find('[') == key.npos ? key : std::string_view{}, -1};
  const std::size_t open = key.rfind('[');
  if (open == key.npos || open == 0) return {};
  const std::string_view digits = key.substr(open + 1, key.size() - open - 2);
  int index = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc{} || end != digits.data() + digits.size() || index < 0 || index > 255)
    return {};
  return {key.substr(0, open), index};
}

/// A call variable that is absent or empty says nothing: NULL values are ignored, one blank clears.
template <class Encoder>
void put_call_data(Encoder& to, const wire::ArgumentsView& args) {
  using wire::Keyword;
  for (const wire::Arg arg : args) {
    if (arg.is_arguments()) continue;
    const std::string value = arg.to_text();
    if (value.empty()) continue;
    switch (arg.keyword()) {
      case Keyword::CallVariable1:
        to.call_variable1(value);
        break;
      case Keyword::CallVariable2:
        to.call_variable2(value);
        break;
      case Keyword::CallVariable3:
        to.call_variable3(value);
        break;
      case Keyword::CallVariable4:
        to.call_variable4(value);
        break;
      case Keyword::CallVariable5:
        to.call_variable5(value);
        break;
      case Keyword::CallVariable6:
        to.call_variable6(value);
        break;
      case Keyword::CallVariable7:
        to.call_variable7(value);
        break;
      case Keyword::CallVariable8:
        to.call_variable8(value);
        break;
      case Keyword::CallVariable9:
        to.call_variable9(value);
        break;
      case Keyword::CallVariable10:
        to.call_variable10(value);
        break;
      case Keyword::CallWrapupData:
        to.call_wrapup_data(value);
        break;
      case Keyword::UserToUserInfo:
        to.user_to_user_info(as_bytes(value));
        break;
      default:
        break;
    }
  }
  const auto ecc = args.arguments(Keyword::ECC);
  if (!ecc) return;
  for (const wire::Arg arg : *ecc) {
    const std::string key(arg.key_name());
    const EccName name = split_ecc_key(key);
    const std::string value = arg.to_text();
    if (name.index < 0) {
      to.add_named_variable(name.name, value);
    } else {
      CTI_CHECK(name.index <= UINT8_MAX);  // split_ecc_key lets no other pass
      to.add_named_array(static_cast<std::uint8_t>(name.index), name.name, value);
    }
  }
}

}  // namespace cti::broker
