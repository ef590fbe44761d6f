// translate_snapshot.cpp - snapshots: what is known of a call that was not followed from its begin, and which calls a
// device has, as update records.
#include "broker/model/masks.hpp"
#include "broker/translate/call_fields.hpp"
#include "broker/translate/call_record.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/object_key.hpp"

#include <array>

namespace cti::broker {

namespace ged = wire::ged188;
using wire::Keyword;

namespace {

constexpr std::uint16_t kNoStatus = 0xFFFF;
constexpr std::size_t kGoneAtOnce = 64;
constexpr std::size_t kListedMax = 16;  // SNAPSHOT_DEVICE_CONF holds no more calls
static_assert(kGoneAtOnce >= kListedMax, "what one list could have named ends in one go");

/// Whether it is this name that the CTI Server has written.
bool is_name(std::string_view raw, std::string_view clean) noexcept {
  return is_plain(raw) ? raw == clean : CleanTextRoom().clean(raw) == clean;
}

/// The connection's entry in the list of the call's devices; by its names, since the list has no order.
std::optional<ged::SnapshotCallConfView::CallDevice> entry_of(const ged::SnapshotCallConfView& view,
                                                              const CallName& asked) {
  for (const auto device : view.call_devices()) {
    if (device.call_connection_call_id().value_or(asked.call_id) != asked.call_id) continue;
    const auto name = device.call_connection_device_id();
    if (!name || is_name(*name, asked.device)) return device;
  }
  return std::nullopt;
}

/// The entry's own fields; CTI OS leaves them out with MinimizeEventArgs. `device` is its name, cleaned.
void add_entry(ArgSheet& sheet, const ged::SnapshotCallConfView::CallDevice& entry,
               const CallName& asked, std::string_view device) {
  sheet.add_uint<Keyword::CallConnectionCallID>(
      entry.call_connection_call_id().value_or(asked.call_id));
  sheet.add_text<Keyword::CallConnectionDeviceID>(device);
  sheet.add_short<Keyword::CallConnectionDeviceIDType>(
      entry.call_connection_device_id_type().value_or(asked.device_type));
  sheet.add_short<Keyword::CallDeviceConnectionState>(
      entry.call_device_connection_state().value_or(0));
  sheet.add_short<Keyword::CallDeviceType>(entry.call_device_type().value_or(0));
}

/// Whether somebody else is on the call who has answered it.
bool other_party_is_there(const ged::SnapshotCallConfView& view, const CallName& asked) {
  for (const auto device : view.call_devices()) {
    const std::uint16_t state = device.call_device_connection_state().value_or(kNoStatus);
    const bool there = state == wire::ctios::LCS_CONNECT || state == wire::ctios::LCS_HOLD;
    if (there && !is_name(device.call_connection_device_id().value_or(""), asked.device))
      return true;
  }
  return false;
}

}  // namespace

/// The call as the answer leaves it, its state apart. `same`: it is the one that was known before.
CallEntry Translator::after_answer(const CallEntry* known, bool same,
                                   const ged::SnapshotCallConfView& view, const CallName& asked,
                                   std::string_view device) const {
  CallEntry call = known == nullptr ? CallEntry{} : *known;
  if (!same) {
    call.dialed_here = false;
    call.consult_type = 0;
  }
  if (known == nullptr) {
    call.device = map_.slot_of_device(asked.peripheral_id, device);
    call.born = UINT32_MAX;
  }
  if (known == nullptr || known->begin == CallBegin::kMissed) call.begin = CallBegin::kAsked;
  call.type = view.call_type();
  call.answered = !came_in(view.call_type()) && other_party_is_there(view, asked);
  if (const auto ani = view.ani()) call.from_here = is_name(*ani, device);
  if (const auto dialed = view.dialed_number()) call.to_here = is_name(*dialed, device);
  return call;
}

void Translator::call_answer(const CallName& asked, const ListedCall& listed,
                             const ged::SnapshotCallConfView& view) {
  room_.reset();
  ++counters_.messages;
  const ged::FloatingPart floating = view.floating();
  const std::string_view device = room_.clean(asked.device);
  const ObjectId id = call_object_id(asked.peripheral_id, asked.call_id, device);
  const std::uint64_t key = wire::object_key(id.view());
  const CallEntry* known = map_.call(key);
  if (known != nullptr &&
      is_another(*known, view.router_call_key_day(), view.router_call_key_call_id())) {
    end_call(*known);
    known = nullptr;
  }
  const AgentEntry* const agent = map_.agent_on(asked.peripheral_id, device);

  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(asked.peripheral_id);
  sheet.add_short<Keyword::CallType>(view.call_type());
  sheet.add_uint<Keyword::ConnectionCallID>(asked.call_id);
  sheet.add_text<Keyword::ConnectionDeviceID>(device);
  sheet.add_short<Keyword::ConnectionDeviceIDType>(asked.device_type);
  sheet.add_short<Keyword::NumCallDevices>(came(view.num_call_devices(), view.call_devices()));
  sheet.add_short<Keyword::NumNamedVariables>(
      came(view.num_named_variables(), view.named_variables()));
  sheet.add_short<Keyword::NumNamedArrays>(came(view.num_named_arrays(), view.named_arrays()));
  std::uint16_t status = listed.overtaken ? kNoStatus : listed.status;
  if (const auto entry = entry_of(view, asked)) {
    status = entry->call_device_connection_state().value_or(status);
    if (!minimize_) add_entry(sheet, *entry, asked, device);
  } else if (listed.overtaken && listed.status != kNoStatus) {
    // What has become of it since, events have told: maybe its end.
    if (known == nullptr) return;
  } else if (status == kNoStatus && view.num_call_devices() != 0 &&
             view.call_devices().count() == view.num_call_devices()) {
    // Neither the device's list nor the call's own, which is whole, has the connection: the call lives on without it.
    if (known != nullptr) end_call(*known);
    return;
  }
  // What has failed stays so, as long as the answer does not say otherwise: then another call has the connection now.
  const bool lives = status >= wire::ctios::LCS_INITIATE && status <= wire::ctios::LCS_QUEUED;
  const bool same = known != nullptr && !(known->failed() && lives);
  if (same && (known->failed() || status == kNoStatus)) status = known->status;
  const CallEntry call = after_answer(known, same, view, asked, device);
  if (call.dialed_here) sheet.add_int<Keyword::IncomingOrOutgoing>(2);
  if (call.consult_type != 0) sheet.add_int<Keyword::ConsultType>(call.consult_type);
  if (status != kNoStatus) sheet.add_short<Keyword::CallStatus>(status);
  const std::uint32_t day = view.router_call_key_day().value_or(0);
  const ObjectId contact = enterprise_id(day, view.router_call_key_call_id().value_or(0));
  if (day != 0) sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  add_call_fields(sheet, floating, CallFields::kAll, room_);
  CTI_CHECK(known == nullptr || known->key == key);
  if (agent != nullptr) sheet.add_int<Keyword::EnablementMask>(call_mask(map_, call, status));
  emit({.event = wire::EventId::eSnapshotCallConf,
        .topics = wire::topic::kCall | wire::topic::kWhole,
        .object_key = key,
        .agent_key = agent != nullptr ? agent->key : known != nullptr ? known->told_agent : 0,
        .peripheral_id = asked.peripheral_id,
        .flags = 0},
       sheet, [&call](wire::ArgumentsWriter& writer) {
         if (call.answered) writer.add_bool(kAnsweredKey, true);
         if (call.begin == CallBegin::kHeard) return;
         writer.add_uint(kBeginKey, static_cast<std::uint32_t>(call.begin));
       });
  if (agent != nullptr) refresh_masks(*agent, key);
}

bool Translator::device_answer(std::uint32_t peripheral, std::string_view device,
                               std::uint64_t asked_after, const ged::SnapshotDeviceConfView& view) {
  room_.reset();
  ++counters_.messages;
  const std::string_view name = room_.clean(device);
  const std::size_t entries = view.calls().count();
  // A full list may have left out calls that live.
  if (entries >= kListedMax || entries < view.num_calls()) return false;
  const auto listed = [&](const CallEntry& call) {
    for (const auto entry : view.calls()) {
      if (entry.call_connection_call_id().value_or(0) == call.call_id) return true;
    }
    return false;
  };
  // Keys first: ending one changes the list that is walked, and the device goes with its last call.
  std::array<std::uint64_t, kGoneAtOnce> gone;
  for (;;) {
    const DeviceEntry* const at = map_.device_named(peripheral, name);
    if (at == nullptr) return true;
    const std::size_t before = map_.calls();
    std::size_t count = 0;
    map_.calls_at(*at, [&](const CallEntry& call) {
      if (count == gone.size() || listed(call) || hearing_.since(call.key, asked_after)) return;
      gone[count++] = call.key;
    });
    CTI_CHECK(count <= gone.size());
    for (std::size_t i = 0; i < count; ++i) {
      const CallEntry* const call = map_.call(gone[i]);
      if (call == nullptr) continue;
      ++counters_.ended_by_sync;
      end_call(*call);
    }
    // A record that was lost has ended nothing: that session is given up anyway.
    if (count < gone.size() || map_.calls() == before) return true;
  }
}

void Translator::call_gone(const CallName& asked) {
  room_.reset();
  const ObjectId id = call_object_id(asked.peripheral_id, asked.call_id, room_.clean(asked.device));
  const CallEntry* const call = map_.call(wire::object_key(id.view()));
  if (call == nullptr) return;
  ++counters_.ended_by_sync;
  end_call(*call);
}

bool Translator::agent_heard_since(std::uint32_t peripheral, std::string_view agent_id,
                                   std::uint64_t frame) noexcept {
  room_.reset();
  const ObjectId id = agent_object_id(peripheral, room_.clean(agent_id));
  return hearing_.since(wire::object_key(id.view()), frame);
}

bool Translator::call_heard_since(const CallName& name, std::uint64_t frame) noexcept {
  room_.reset();
  const ObjectId id = call_object_id(name.peripheral_id, name.call_id, room_.clean(name.device));
  return hearing_.since(wire::object_key(id.view()), frame);
}

}  // namespace cti::broker
