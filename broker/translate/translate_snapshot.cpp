// SNAPSHOT_CALL_CONF: what is known of a call that was not followed from its begin, as an update record.
#include "broker/translate/call_fields.hpp"
#include "broker/model/masks.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/object_key.hpp"

namespace cti::broker {

namespace ged = wire::ged188;
using wire::Keyword;

namespace {

/// The connection's entry in the list of the call's devices; by its names, since the list has no order.
std::optional<ged::SnapshotCallConfView::CallDevice> entry_of(const ged::SnapshotCallConfView& view,
                                                              const CallName& asked) {
  for (const auto device : view.call_devices()) {
    if (device.call_connection_call_id().value_or(asked.call_id) != asked.call_id) continue;
    const auto name = device.call_connection_device_id();
    if (!name || *name == asked.device) return device;
  }
  return std::nullopt;
}

}  // namespace

Translator::Outcome Translator::call_answer(const CallName& asked, std::uint16_t status, Bytes body,
                                            Version version) {
  room_.reset();
  const auto view = ged::SnapshotCallConfView::decode(body, version);
  if (!view) return Err{view.error()};
  ++counters_.messages;
  const ged::FloatingPart floating = view->floating();
  const std::string_view device = room_.clean(asked.device);
  const ObjectId id = call_object_id(asked.peripheral_id, asked.call_id, device);
  const std::uint64_t key = wire::object_key(id.view());
  const CallEntry* const known = map_.call(key);
  const AgentEntry* const agent = map_.agent_on(asked.peripheral_id, device);

  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(asked.peripheral_id);
  sheet.add_short<Keyword::CallType>(view->call_type());
  sheet.add_uint<Keyword::ConnectionCallID>(asked.call_id);
  sheet.add_text<Keyword::ConnectionDeviceID>(device);
  sheet.add_short<Keyword::ConnectionDeviceIDType>(asked.device_type);
  sheet.add_short<Keyword::NumCallDevices>(view->num_call_devices());
  sheet.add_short<Keyword::NumNamedVariables>(view->num_named_variables());
  sheet.add_short<Keyword::NumNamedArrays>(view->num_named_arrays());
  if (const auto entry = entry_of(*view, asked)) {
    status = entry->call_device_connection_state().value_or(status);
  }
  if (known != nullptr && known->failed) status = wire::ctios::LCS_FAIL;
  if (status != 0xFFFF) sheet.add_short<Keyword::CallStatus>(status);
  const std::uint32_t day = view->router_call_key_day().value_or(0);
  const ObjectId contact = enterprise_id(day, view->router_call_key_call_id().value_or(0));
  if (day != 0) sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  add_call_fields(sheet, floating, CallFields::kAll, room_);
  if (agent != nullptr) {
    CallEntry after = known == nullptr ? CallEntry{} : *known;
    after.type = view->call_type();
    if (known == nullptr) after.device = map_.slot_of_device(asked.peripheral_id, device);
    sheet.add_int<Keyword::EnablementMask>(call_mask(map_, after, status));
  }
  emit({.event = wire::EventId::eSnapshotCallConf,
        .topics = wire::topic::kCall | wire::topic::kWhole,
        .object_key = key,
        .agent_key = agent == nullptr ? 0 : agent->key,
        .peripheral_id = asked.peripheral_id,
        .flags = 0},
       sheet);
  if (agent != nullptr) refresh_masks(*agent, key);
  return {};
}

}  // namespace cti::broker
