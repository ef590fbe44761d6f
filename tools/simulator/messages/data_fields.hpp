// data_fields.hpp - call data to and from the many messages that carry it, whatever their generated types.
#pragma once

#include "tools/simulator/messages/call_messages.hpp"

namespace cti::simulator {

/// Adds the items of `data` that are asked for, wanted by the session and not empty. `changed`: empty values too, since
/// they are news.
template <class Encoder>
void add_data(Encoder& to, const CallData& data, std::uint32_t items,
              const RegisteredVariables& wanted, bool changed) {
  const auto has = [&](std::size_t i) {
    return (items >> i & 1) != 0 && (wanted.variables >> i & 1) != 0 &&
           (changed || !data.variables[i].empty());
  };
  if (has(0)) to.call_variable1(data.variables[0]);
  if (has(1)) to.call_variable2(data.variables[1]);
  if (has(2)) to.call_variable3(data.variables[2]);
  if (has(3)) to.call_variable4(data.variables[3]);
  if (has(4)) to.call_variable5(data.variables[4]);
  if (has(5)) to.call_variable6(data.variables[5]);
  if (has(6)) to.call_variable7(data.variables[6]);
  if (has(7)) to.call_variable8(data.variables[7]);
  if (has(8)) to.call_variable9(data.variables[8]);
  if (has(9)) to.call_variable10(data.variables[9]);
  const auto also = [&](std::uint32_t item, const std::string& value) {
    return (items & item) != 0 && (changed || !value.empty());
  };
  if constexpr (requires { to.call_wrapup_data(""); }) {
    if (also(data_item::kWrapup, data.wrapup)) to.call_wrapup_data(data.wrapup);
  }
  if constexpr (requires { to.user_to_user_info(Bytes{}); }) {
    if (also(data_item::kUserToUser, data.user_to_user))
      to.user_to_user_info(as_bytes(data.user_to_user));
  }
  if constexpr (requires { to.caller_entered_digits(""); }) {
    if (also(data_item::kDigits, data.entered_digits))
      to.caller_entered_digits(data.entered_digits);
  }
  if constexpr (requires { to.customer_phone_number(""); }) {
    if (changed && also(data_item::kPhone, data.customer_phone))
      to.customer_phone_number(data.customer_phone);
    if (changed && also(data_item::kAccount, data.customer_account)) {
      to.customer_account_number(data.customer_account);
    }
  }
  if ((items & data_item::kNamed) == 0) return;
  for (const NamedValue& value : data.named) {
    if (!wanted.wants(value)) continue;
    if (value.index < 0) {
      to.add_named_variable(value.name, value.value);
    } else {
      to.add_named_array(static_cast<std::uint8_t>(value.index), value.name, value.value);
    }
  }
}

/// What a request carries of call data.
template <class View>
CallDataPatch patch_of(const View& view) {
  CallDataPatch patch;
  const auto take = [](std::optional<std::string>& to, const auto& value) {
    if (value) to = std::string(*value);
  };
  take(patch.variables[0], view.call_variable1());
  take(patch.variables[1], view.call_variable2());
  take(patch.variables[2], view.call_variable3());
  take(patch.variables[3], view.call_variable4());
  take(patch.variables[4], view.call_variable5());
  take(patch.variables[5], view.call_variable6());
  take(patch.variables[6], view.call_variable7());
  take(patch.variables[7], view.call_variable8());
  take(patch.variables[8], view.call_variable9());
  take(patch.variables[9], view.call_variable10());
  take(patch.wrapup, view.call_wrapup_data());
  if (const auto raw = view.user_to_user_info()) patch.user_to_user = std::string(as_text(*raw));
  if constexpr (requires { view.caller_entered_digits(); })
    take(patch.entered_digits, view.caller_entered_digits());
  if constexpr (requires { view.customer_phone_number(); }) {
    take(patch.customer_phone, view.customer_phone_number());
    take(patch.customer_account, view.customer_account_number());
  }
  for (const auto& entry : view.named_variables()) {
    patch.named.push_back({std::string(entry.name()), -1, std::string(entry.value())});
  }
  for (const auto& entry : view.named_arrays()) {
    patch.named.push_back({std::string(entry.name()), entry.index(), std::string(entry.value())});
  }
  return patch;
}

}  // namespace cti::simulator
