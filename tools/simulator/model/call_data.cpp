// The data that travels with a call, and its limits.
#include "tools/simulator/model/model.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

/// A single blank stands for "empty": that is how clients clear a value.
std::string stored(const std::string& value) { return value == " " ? std::string() : value; }

/// What counts against the limit: values, no names.
std::size_t value_bytes(const std::vector<NamedValue>& named) {
  std::size_t bytes = 0;
  for (const NamedValue& value : named) bytes += value.value.size();
  return bytes;
}

/// What it takes of a message: names, values, their NULs, an index, the header of the field.
std::size_t wire_bytes(const std::vector<NamedValue>& named) {
  std::size_t bytes = 0;
  for (const NamedValue& value : named)
    bytes += value.name.size() + value.value.size() + 2 + (value.index >= 0) + 4;
  return bytes;
}

void set_named(std::vector<NamedValue>& named, const NamedValue& change) {
  for (NamedValue& old : named) {
    if (old.name == change.name && old.index == change.index) {
      old.value = change.value;
      return;
    }
  }
  named.push_back(change);
}

std::uint32_t items_of(const CallDataPatch& patch) {
  std::uint32_t items = 0;
  for (std::size_t i = 0; i < patch.variables.size(); ++i)
    items |= std::uint32_t{patch.variables[i].has_value()} << i;
  if (patch.wrapup) items |= data_item::kWrapup;
  if (patch.user_to_user) items |= data_item::kUserToUser;
  if (patch.entered_digits) items |= data_item::kDigits;
  if (patch.customer_phone) items |= data_item::kPhone;
  if (patch.customer_account) items |= data_item::kAccount;
  if (!patch.named.empty()) items |= data_item::kNamed;
  return items;
}

}  // namespace

void Model::apply(CallData& data, const CallDataPatch& patch) {
  for (std::size_t i = 0; i < patch.variables.size(); ++i) {
    if (patch.variables[i]) data.variables[i] = stored(*patch.variables[i]);
  }
  if (patch.wrapup) data.wrapup = stored(*patch.wrapup);
  if (patch.user_to_user) data.user_to_user = *patch.user_to_user;
  if (patch.entered_digits) data.entered_digits = *patch.entered_digits;
  if (patch.customer_phone) data.customer_phone = *patch.customer_phone;
  if (patch.customer_account) data.customer_account = *patch.customer_account;
  // An array is sent whole: elements that are not sent again vanish.
  std::erase_if(data.named, [&](const NamedValue& old) {
    return old.index >= 0 && std::ranges::any_of(patch.named, [&](const NamedValue& change) {
             return change.index >= 0 && change.name == old.name;
           });
  });
  for (const NamedValue& change : patch.named) set_named(data.named, change);
}

Done<CallNumber> Model::check_patch(const CallDataPatch& patch, const CallData& before,
                                    DataFrom from) const {
  const auto too_long = [](const std::optional<std::string>& value, std::size_t most) {
    return value && value->size() > most;
  };
  for (std::size_t i = 0; i < patch.variables.size(); ++i) {
    if (too_long(patch.variables[i], kVariableCharactersMax))
      return Err{Failure::server(Status::kValueTooLong)};
    const bool is_protected = (settings_.protected_variables >> i & 1) != 0;
    if (patch.variables[i] && is_protected && from == DataFrom::kClient) {
      return Err{Failure::server(Status::kProtectedVariable)};
    }
  }
  if (too_long(patch.wrapup, kWrapupCharactersMax))
    return Err{Failure::server(Status::kValueTooLong)};
  if (too_long(patch.user_to_user, 130) || too_long(patch.entered_digits, 40)) {
    return Err{Failure::server(Status::kValueTooLong)};
  }
  const bool any_name = settings_.named_variables.empty() && settings_.named_arrays.empty();
  for (const NamedValue& value : patch.named) {
    if (value.name.size() > 32 || value.value.size() > 210)
      return Err{Failure::server(Status::kValueTooLong)};
    const auto& names = value.index < 0 ? settings_.named_variables : settings_.named_arrays;
    if (!any_name && std::ranges::find(names, value.name) == names.end()) {
      return Err{Failure::server(value.index < 0 ? Status::kVariableNotConfigured
                                                 : Status::kArrayNotConfigured)};
    }
  }
  if (patch.named.empty()) return CallNumber{0};
  CallData after;
  after.named = before.named;
  CallDataPatch named;
  named.named = patch.named;
  apply(after, named);
  if (value_bytes(after.named) > settings_.named_bytes_max ||
      wire_bytes(after.named) > kNamedWireBytesMax)
    return Err{Failure::server(Status::kTooMuchData)};
  return CallNumber{0};
}

Done<CallNumber> Model::set_call_data(CallNumber number, const CallDataPatch& patch,
                                      std::uint16_t disposition) {
  Call* of = call(number);
  if (of == nullptr) {
    const auto ended = ended_.find(number);
    if (ended == ended_.end()) return Err{Failure::server(Status::kInvalidCallId)};
    if (auto fits = check_patch(patch, ended->second.data); !fits) return fits;
    apply(ended->second.data, patch);
    if (patch.wrapup) {
      for (const AgentIndex agent : ended->second.agents) agents_[agent].wrapup_data_set = true;
    }
    return number;
  }
  if (auto fits = check_patch(patch, of->data); !fits) return fits;
  apply(of->data, patch);
  if (disposition != 0) of->data.disposition = disposition;
  const std::uint32_t items = items_of(patch);
  for (const Connection& view : of->connections) {
    tell_data(*of, view, items);
    if (patch.wrapup && view.view() && stations_[view.party.station].agent != kNoIndex) {
      agents_[stations_[view.party.station].agent].wrapup_data_set = true;
    }
  }
  return number;
}

void Model::keep_data(Call& of, std::vector<AgentIndex> agents) {
  // Bounded: the oldest is given up when more calls end than can be remembered.
  if (ended_.size() >= settings_.calls_max) ended_.erase(ended_.begin());
  ended_.emplace(of.number, EndedCall{of.number, std::move(of.data), std::move(agents)});
  timers_.arm(now_ + settings_.timings.wrapup_data, TimerKind::kDataRelease, of.number);
}

Done<CallNumber> Model::release_call(CallNumber number) {
  if (ended_.erase(number) == 0 && find_call(number) == nullptr)
    return Err{Failure::server(Status::kInvalidCallId)};
  return number;
}

Done<CallNumber> Model::mark_bad(CallNumber number) {
  Call* of = call(number);
  if (of == nullptr) return Err{Failure::server(Status::kInvalidCallId)};
  of->bad = true;
  return number;
}

}  // namespace cti::simulator
