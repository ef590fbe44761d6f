// The configuration download: keys, then items in their order, ten records to a message.
#include "core/random.hpp"
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/config.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

namespace cti::simulator {
namespace {

constexpr std::size_t kRecordsPerMessage = 10;

namespace item {  // ConfigMask
constexpr std::uint32_t kService = 1, kSkillGroup = 2, kAgent = 4, kDevice = 8, kCallType = 16,
                        kMediaDomain = 32, kPeripheral = 64, kDesk = 128;
}

/// The items that a version knows.
constexpr std::uint32_t items_of(ged::Version version) {
  if (version >= 24) return 0x3FF;
  if (version >= 22) return 0xFF;
  return version >= 20 ? 0x3F : 0x1F;
}

using Key = std::array<std::byte, 8>;

/// A key tells a client whether what it has stored is still true: it changes with the configuration.
class KeyMaker {
 public:
  explicit KeyMaker(std::uint32_t which) : value_(core::mix64(which)) {}
  void add(std::string_view text) {
    for (const char c : text) value_ = core::mix64(value_ ^ static_cast<unsigned char>(c));
  }
  void add(std::uint64_t number) { value_ = core::mix64(value_ ^ number); }
  Key key() const {
    Key made;
    store_be(made.data(), value_ | 1U);  // all zero would mean "load it"
    return made;
  }

 private:
  std::uint64_t value_;
};

Key groups_key(const Model& model, std::uint32_t which) {
  KeyMaker key(which);
  for (const SkillGroup& present : model.groups()) {
    if (present.deleted) continue;
    const SkillGroupSettings& group = present.settings;
    key.add(group.number);
    key.add(group.name);
    key.add(group.dialed_number);
  }
  return key.key();
}

Key agents_key(const Model& model) {
  KeyMaker key(item::kAgent);
  for (const Agent& present : model.agents()) {
    if (present.deleted) continue;
    const AgentSettings& agent = present.settings;
    for (const std::string* text :
         {&agent.id, &agent.login_name, &agent.first_name, &agent.last_name, &agent.instrument}) {
      key.add(*text);
      key.add(text->size());
    }
    for (const std::uint32_t group : agent.skill_groups) key.add(group);
  }
  return key.key();
}

Key stations_key(const Model& model) {
  KeyMaker key(item::kDevice);
  for (const Station& station : model.stations()) {
    if (!station.deleted) key.add(station.id);
  }
  return key.key();
}

/// The keys of these items: the key reply carries all, CONFIG_BEGIN those of what comes.
template <class Encoder>
void add_keys(Encoder& to, const Model& model, std::uint32_t items) {
  const Settings& settings = model.settings();
  KeyMaker calls(item::kCallType), peripherals(item::kPeripheral), desks(item::kDesk);
  peripherals.add(settings.peripheral_id);
  for (const DeskSettings& desk : settings.desks)
    desks.add((std::uint64_t{desk.id} << 32) | desk.mask);
  const auto has = [items](std::uint32_t bit) { return (items & bit) != 0; };
  if (has(item::kService)) to.service_config_key(groups_key(model, item::kService));
  if (has(item::kSkillGroup)) to.skill_group_config_key(groups_key(model, item::kSkillGroup));
  if (has(item::kAgent)) to.agent_config_key(agents_key(model));
  if (has(item::kDevice)) to.device_config_key(stations_key(model));
  if (has(item::kCallType)) to.call_type_config_key(calls.key());
  if (has(item::kPeripheral)) to.peripheral_config_key(peripherals.key());
  if (has(item::kDesk)) to.agent_desk_settings_config_key(desks.key());
}

constexpr std::uint16_t kAdd = 0, kChange = 1, kDelete = 2;  // ConfigRecordType
constexpr std::uint32_t kSolicited = 1, kUnsolicited = 2;    // ConfigType

/// Indices of what is in the configuration now.
template <class List>
std::vector<std::uint32_t> present(const List& list) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    if (!list[i].deleted) found.push_back(i);
  }
  return found;
}

/// Writes the items that were asked for, one after the other.
class Download {
 public:
  Download(const Model& model, ged::Version version, MutableBytes buffer,
           std::function<void(Bytes)> put)
      : model_(model),
        settings_(model.settings()),
        version_(version),
        buffer_(buffer),
        put_(std::move(put)) {}

  void items(std::uint32_t wanted) {
    if ((wanted & item::kService) != 0) services();
    if ((wanted & item::kSkillGroup) != 0) skill_groups(present(model_.groups()), kAdd);
    if ((wanted & item::kAgent) != 0) agents(present(model_.agents()), kAdd);
    if ((wanted & item::kDevice) != 0) devices(present(model_.stations()), kAdd);
    if ((wanted & item::kCallType) != 0) call_types();
    if ((wanted & item::kMediaDomain) != 0 && version_ >= 20) media_domains();
    if ((wanted & item::kPeripheral) != 0 && version_ >= 22) peripherals();
    if ((wanted & item::kDesk) != 0 && version_ >= 22) desks();
  }

  /// One record of something that has changed.
  void one(const ConfigEvent& event) {
    const std::uint16_t type = event.change == ConfigEvent::Change::kAdd      ? kAdd
                               : event.change == ConfigEvent::Change::kChange ? kChange
                                                                              : kDelete;
    switch (event.item) {
      case ConfigEvent::Item::kSkillGroup:
        return skill_groups({event.index}, type);
      case ConfigEvent::Item::kAgent:
        return agents({event.index}, type);
      case ConfigEvent::Item::kDevice:
        return devices({event.index}, type);
    }
  }

 private:
  /// `count` records, ten to a message, or as many as fit it.
  template <class Encoder, class Add>
  void records(std::size_t count, Add&& add) {
    std::size_t many = kRecordsPerMessage;
    for (std::size_t from = 0; from < count;) {
      const std::size_t end = std::min(count, from + many);
      Encoder to(buffer_, version_);
      for (std::size_t i = from; i < end; ++i) add(to, i);
      const auto frame = to.finish();
      if (!frame && many > 1) {
        many /= 2;
        continue;
      }
      if (frame) put_(*frame);
      from = end;
      many = kRecordsPerMessage;
    }
  }

  void services() {
    const std::vector<std::uint32_t> groups = present(model_.groups());
    using Encoder = ged::ConfigServiceEventEncoder;
    records<Encoder>(groups.size(), [&](Encoder& to, std::size_t i) {
      const SkillGroupSettings& group = model_.groups()[groups[i]].settings;
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.peripheral_number = group.number;
      record.max_queued = 0U;
      record.extension = group.dialed_number;
      record.service_skill_target_id = group.id + 100'000;
      record.peripheral_name = group.name;
      record.description = "";
      record.service_level_threshold = 0U;
      record.service_level_type = 0U;
      record.config_param = "";
      record.flt_mr_domain_id = 1U;
      to.add_record(record);
      to.add_service_member({group.id, std::uint16_t{1}});
    });
  }

  void skill_groups(const std::vector<std::uint32_t>& which, std::uint16_t type) {
    using Encoder = ged::ConfigSkillGroupEventEncoder;
    records<Encoder>(which.size(), [&](Encoder& to, std::size_t i) {
      const SkillGroupSettings& group = model_.groups()[which[i]].settings;
      Encoder::Record record;
      record.record_type = type;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.peripheral_number = group.number;
      record.flt_skill_group_priority = group.priority;
      record.skill_group_skill_target_id = group.id;
      record.auto_work = std::uint16_t{0};
      record.extension = group.dialed_number;
      record.peripheral_name = group.name;
      record.description = "";
      record.flt_mr_domain_id = 1U;
      record.flt_precision_queue_id = 0U;
      record.flt_precision_queue_name = "";
      record.config_param = "";
      to.add_record(record);
    });
  }

  void agents(const std::vector<std::uint32_t>& which, std::uint16_t type) {
    using Encoder = ged::ConfigAgentEventEncoder;
    records<Encoder>(which.size(), [&](Encoder& to, std::size_t i) {
      const AgentSettings& agent = model_.agents()[which[i]].settings;
      Encoder::Record record;
      record.record_type = type;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.active_terminal = "";
      record.agent_type = static_cast<std::uint16_t>(agent.supervisor ? 2 : 1);
      record.agent_desk_settings_id = agent.desk;
      record.login_id = agent.id;
      record.login_name = std::string_view(agent.login_name).substr(0, login_name_max());
      record.last_name = agent.last_name;
      record.first_name = agent.first_name;
      record.extension = agent.instrument;
      record.description = "";
      record.agent_skill_target_id = model_.agents()[which[i]].skill_target_id;
      record.sso_enabled = std::uint16_t{0};
      to.add_record(record);
      for (const std::uint32_t number : agent.skill_groups) {
        const GroupIndex group = model_.find_group(number);
        if (group != kNoIndex) to.add_skill({number, model_.groups()[group].settings.priority});
      }
    });
  }

  void devices(const std::vector<std::uint32_t>& which, std::uint16_t type) {
    using Encoder = ged::ConfigDeviceEventEncoder;
    records<Encoder>(which.size(), [&](Encoder& to, std::size_t i) {
      const std::string& id = model_.stations()[which[i]].id;
      Encoder::Record record;
      record.record_type = type;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.peripheral_number = static_cast<std::uint32_t>(std::strtoul(id.c_str(), nullptr, 10));
      record.device_type = std::uint16_t{4};  // agent device extension
      record.max_queued = 0U;
      record.flt_service_id = 0U;
      record.dialed_number = "";
      record.dnis = "";
      record.extension = id;
      record.description = "";
      to.add_record(record);
    });
  }

  void call_types() {
    const std::vector<std::uint32_t> groups = present(model_.groups());
    using Encoder = ged::ConfigCallTypeEventEncoder;
    records<Encoder>(groups.size(), [&](Encoder& to, std::size_t i) {
      const SkillGroupSettings& group = model_.groups()[groups[i]].settings;
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_call_type_id = group.id;
      record.customer_definition_id = 0U;
      record.enterprise_name = group.name;
      record.description = "";
      record.service_level_threshold = 0U;
      record.service_level_type = 0U;
      to.add_record(record);
    });
  }

  void media_domains() {
    using Encoder = ged::ConfigMrdEventEncoder;
    records<Encoder>(1, [&](Encoder& to, std::size_t) {
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_mr_domain_id = 1U;
      record.flt_enterprise_name = "Cisco_Voice";
      record.flt_description = "";
      record.flt_max_task_duration = 0U;
      record.flt_interruptible = std::uint16_t{0};
      to.add_record(record);
    });
  }

  void peripherals() {
    using Encoder = ged::ConfigPeripheralEventEncoder;
    records<Encoder>(1, [&](Encoder& to, std::size_t) {
      to.add_record({kAdd, settings_.peripheral_id, settings_.desks.front().id});
    });
  }

  void desks() {
    using Encoder = ged::ConfigAgentDeskSettingsEventEncoder;
    records<Encoder>(settings_.desks.size(), [&](Encoder& to, std::size_t i) {
      const DeskSettings& desk = settings_.desks[i];
      Encoder::Record record;
      record.record_type = kAdd;
      record.agent_desk_settings_id = desk.id;
      record.flt_desk_settings_mask = desk.mask;
      record.flt_wrap_up_data_incoming_mode = static_cast<std::uint32_t>(desk.wrapup_incoming);
      record.flt_wrap_up_data_outgoing_mode = static_cast<std::uint32_t>(desk.wrapup_outgoing);
      record.flt_logout_non_activity_time = desk.logout_non_activity_s;
      record.flt_ring_no_answer_time = desk.ring_no_answer_s;
      record.flt_work_mode_timer = desk.work_mode_timer_s;
      record.flt_quality_recording_rate = 0U;
      record.flt_silent_monitor_warning_message = 0U;
      record.flt_silent_monitor_audible_indication = 0U;
      record.flt_supervisor_assist_call_method = 0U;
      record.flt_emergency_call_method = 0U;
      record.flt_auto_record_on_emergency = 0U;
      record.flt_recording_mode = 0U;
      record.flt_ring_no_answer_dn_id = 0U;
      record.flt_default_device_port_address = "";
      to.add_record(record);
    });
  }

  /// Of characters: 32 bytes with the NUL before version 20, 255 since.
  std::size_t login_name_max() const noexcept { return version_ < 20 ? 31 : 254; }

  const Model& model_;
  const Settings& settings_;
  ged::Version version_;
  MutableBytes buffer_;
  std::function<void(Bytes)> put_;
};

}  // namespace

void Server::config_keys(Client& client, Bytes) {
  send<ged::ConfigKeyEventEncoder>(
      client, ged::ConfigKeyEventFixed{},
      [&](ged::ConfigKeyEventEncoder& to) { add_keys(to, model_, items_of(client.version)); });
}

void Server::config_download(Client& client, Bytes body) {
  const auto request = read<ged::ConfigRequestEventView>(client, body);
  if (!request) return;
  client.config_updates = true;
  if (request->has_config_msg_mask()) client.config_mask = request->config_msg_mask();
  const std::uint32_t wanted = request->config_information() & items_of(client.version);
  if (wanted == 0) return;  // updates only
  ged::ConfigBeginEventFixed begin;
  begin.config_type = kSolicited;
  begin.config_information = wanted;
  send<ged::ConfigBeginEventEncoder>(
      client, begin, [&](ged::ConfigBeginEventEncoder& to) { add_keys(to, model_, wanted); });
  Download(model_, client.version, scratch_, [&](Bytes frame) {
    put(client, frame);
  }).items(wanted);
  send<ged::ConfigEndEventEncoder>(client, ged::ConfigEndEventFixed{}, [](auto&) {});
}

/// Updates go to those who have asked for the configuration, or for updates only, as their mask says.
void Server::on_config(const ConfigEvent& event) {
  const std::uint32_t changed = event.item == ConfigEvent::Item::kSkillGroup ? item::kSkillGroup
                                : event.item == ConfigEvent::Item::kAgent    ? item::kAgent
                                                                             : item::kDevice;
  for (auto& entry : clients_) {
    Client& client = *entry.second;
    if (!hears(client) || !client.config_updates || (client.config_mask & changed) == 0) continue;
    ged::ConfigBeginEventFixed begin;
    begin.config_type = kUnsolicited;
    begin.config_information = changed;
    send<ged::ConfigBeginEventEncoder>(
        client, begin, [&](ged::ConfigBeginEventEncoder& to) { add_keys(to, model_, changed); });
    Download(model_, client.version, scratch_, [&](Bytes frame) { put(client, frame); }).one(event);
    send<ged::ConfigEndEventEncoder>(client, ged::ConfigEndEventFixed{}, [](auto&) {});
  }
}

}  // namespace cti::simulator
