// The configuration download: keys, then items in their order, ten records to a message.
#include "core/random.hpp"
#include "tools/simulator/server_impl.hpp"
#include "wire/ged188/config.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>

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

Key groups_key(const Settings& settings, std::uint32_t which) {
  KeyMaker key(which);
  for (const SkillGroupSettings& group : settings.skill_groups) {
    key.add(group.number);
    key.add(group.name);
    key.add(group.dialed_number);
  }
  return key.key();
}

Key agents_key(const Settings& settings) {
  KeyMaker key(item::kAgent);
  for (const AgentSettings& agent : settings.agents) {
    key.add(agent.id);
    key.add(agent.login_name);
    for (const std::uint32_t group : agent.skill_groups) key.add(group);
  }
  return key.key();
}

Key stations_key(const Model& model) {
  KeyMaker key(item::kDevice);
  for (const Station& station : model.stations()) key.add(station.id);
  return key.key();
}

/// Both the key reply and CONFIG_BEGIN carry these.
template <class Encoder>
void add_keys(Encoder& to, const Model& model) {
  const Settings& settings = model.settings();
  const Key services = groups_key(settings, item::kService),
            groups = groups_key(settings, item::kSkillGroup);
  const Key agents = agents_key(settings), devices = stations_key(model);
  KeyMaker calls(item::kCallType), peripherals(item::kPeripheral), desks(item::kDesk);
  peripherals.add(settings.peripheral_id);
  for (const DeskSettings& desk : settings.desks)
    desks.add((std::uint64_t{desk.id} << 32) | desk.mask);
  const Key call_types = calls.key(), peripheral = peripherals.key(), desk = desks.key();
  to.service_config_key(services).skill_group_config_key(groups).agent_config_key(agents);
  to.device_config_key(devices).call_type_config_key(call_types);
  to.peripheral_config_key(peripheral).agent_desk_settings_config_key(desk);
}

constexpr std::uint16_t kAdd = 0;  // ConfigRecordType

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
    if ((wanted & item::kSkillGroup) != 0) skill_groups();
    if ((wanted & item::kAgent) != 0) agents();
    if ((wanted & item::kDevice) != 0) devices();
    if ((wanted & item::kCallType) != 0) call_types();
    if ((wanted & item::kMediaDomain) != 0 && version_ >= 20) media_domains();
    if ((wanted & item::kPeripheral) != 0 && version_ >= 22) peripherals();
    if ((wanted & item::kDesk) != 0 && version_ >= 22) desks();
  }

 private:
  /// `count` records, ten to a message.
  template <class Encoder, class Add>
  void records(std::size_t count, Add&& add) {
    for (std::size_t from = 0; from < count; from += kRecordsPerMessage) {
      Encoder to(buffer_, version_);
      for (std::size_t i = from; i < std::min(count, from + kRecordsPerMessage); ++i) add(to, i);
      if (const auto frame = to.finish()) put_(*frame);
    }
  }

  void services() {
    const auto& groups = settings_.skill_groups;
    using Encoder = ged::ConfigServiceEventEncoder;
    records<Encoder>(groups.size(), [&](Encoder& to, std::size_t i) {
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.peripheral_number = groups[i].number;
      record.extension = groups[i].dialed_number;
      record.service_skill_target_id = groups[i].id + 100'000;
      record.peripheral_name = groups[i].name;
      record.flt_mr_domain_id = 1U;
      to.add_record(record);
      to.add_service_member({groups[i].id, std::uint16_t{1}});
    });
  }

  void skill_groups() {
    const auto& groups = settings_.skill_groups;
    using Encoder = ged::ConfigSkillGroupEventEncoder;
    records<Encoder>(groups.size(), [&](Encoder& to, std::size_t i) {
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.peripheral_number = groups[i].number;
      record.flt_skill_group_priority = groups[i].priority;
      record.skill_group_skill_target_id = groups[i].id;
      record.extension = groups[i].dialed_number;
      record.peripheral_name = groups[i].name;
      record.flt_mr_domain_id = 1U;
      to.add_record(record);
    });
  }

  void agents() {
    const auto& agents = model_.agents();
    using Encoder = ged::ConfigAgentEventEncoder;
    records<Encoder>(agents.size(), [&](Encoder& to, std::size_t i) {
      const AgentSettings& agent = agents[i].settings;
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.agent_type = static_cast<std::uint16_t>(agent.supervisor ? 2 : 1);
      record.agent_desk_settings_id = agent.desk;
      record.login_id = agent.id;
      record.login_name = agent.login_name;
      record.last_name = agent.last_name;
      record.first_name = agent.first_name;
      record.extension = agent.instrument;
      record.agent_skill_target_id = agents[i].skill_target_id;
      record.sso_enabled = std::uint16_t{0};
      to.add_record(record);
      for (const std::uint32_t number : agent.skill_groups) {
        const GroupIndex group = model_.find_group(number);
        if (group != kNoIndex) to.add_skill({number, model_.groups()[group].settings.priority});
      }
    });
  }

  void devices() {
    const auto& stations = model_.stations();
    using Encoder = ged::ConfigDeviceEventEncoder;
    records<Encoder>(stations.size(), [&](Encoder& to, std::size_t i) {
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_peripheral_id = settings_.peripheral_id;
      record.peripheral_number =
          static_cast<std::uint32_t>(std::strtoul(stations[i].id.c_str(), nullptr, 10));
      record.device_type = std::uint16_t{4};  // agent device extension
      record.extension = stations[i].id;
      to.add_record(record);
    });
  }

  void call_types() {
    const auto& groups = settings_.skill_groups;
    using Encoder = ged::ConfigCallTypeEventEncoder;
    records<Encoder>(groups.size(), [&](Encoder& to, std::size_t i) {
      Encoder::Record record;
      record.record_type = kAdd;
      record.flt_call_type_id = groups[i].id;
      record.enterprise_name = groups[i].name;
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
      to.add_record(record);
    });
  }

  const Model& model_;
  const Settings& settings_;
  ged::Version version_;
  MutableBytes buffer_;
  std::function<void(Bytes)> put_;
};

}  // namespace

void Server::config_keys(Client& client, Bytes) {
  send<ged::ConfigKeyEventEncoder>(client, ged::ConfigKeyEventFixed{},
                                   [&](ged::ConfigKeyEventEncoder& to) { add_keys(to, model_); });
}

void Server::config_download(Client& client, Bytes body) {
  const auto request = read<ged::ConfigRequestEventView>(client, body);
  if (!request) return;
  client.config_updates = true;
  if (request->has_config_msg_mask()) client.config_mask = request->config_msg_mask();
  const std::uint32_t wanted = request->config_information() & items_of(client.version);
  if (wanted == 0) return;  // updates only
  ged::ConfigBeginEventFixed begin;
  begin.config_type = 1;  // solicited
  begin.config_information = wanted;
  send<ged::ConfigBeginEventEncoder>(
      client, begin, [&](ged::ConfigBeginEventEncoder& to) { add_keys(to, model_); });
  Download(model_, client.version, scratch_, [&](Bytes frame) {
    put(client, frame);
  }).items(wanted);
  send<ged::ConfigEndEventEncoder>(client, ged::ConfigEndEventFixed{}, [](auto&) {});
}

}  // namespace cti::simulator
