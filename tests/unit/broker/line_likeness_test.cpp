// line_likeness_test.cpp - a line as the client of a CTI Server can look like a CTI OS server to the byte, and says what it will
// have to do without. The bytes of OPEN_REQ are a fact of a published recording.
#include "broker/meet/admission.hpp"
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/misc.hpp"

#include <algorithm>

namespace cti::test {
namespace {

constexpr std::string_view kOpenReqOfCtiOs =
    "0000000f7fffffff00001388001c02960fffffff000003ff00000003000000000000000000000000"
    "010c4354494f5353657276657200020c4354494f5353657276657200030c4354494f5353657276657200";

std::string hex(Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += kDigits[std::to_integer<unsigned>(b) >> 4];
    out += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

/// Side A, and what it was asked, in order.
struct Witness {
  LineWorld& world;
  std::vector<std::pair<std::uint32_t, std::string>>
      asked;  ///< message type, body without InvokeID
  bool keys_seen = false;
  bool refuses_keys = false;
  std::uint32_t granted = 0x296;

  explicit Witness(LineWorld& world_) : world(world_) {
    world.side_a->hook = [this](std::uint32_t type, Bytes body) { return on(type, body); };
  }
  bool on(std::uint32_t type, Bytes body) {
    using Type = ged::MessageType;
    CtiServer& side = *world.side_a;
    const bool numbered = type == 3 || type == 32;
    asked.emplace_back(type, hex(numbered ? body.subspan(4) : body));
    switch (Type{type}) {
      case Type::kOpenReq:
        side.send(ged::OpenConfEncoder(
            side.room(), side.version,
            {.invoke_id = load_be<std::uint32_t>(body.data()), .services_granted = granted}));
        return true;
      case Type::kConfigRequestKeyEvent:
        keys_seen = true;
        if (refuses_keys)
          side.send(
              ged::FailureConfEncoder(side.room(), side.version, {.invoke_id = 0, .status = 48}));
        return refuses_keys;
      case Type::kConfigRequestEvent:
        return !keys_seen;  // such servers were seen: without the keys before it there is no answer
      default:
        return false;
    }
  }
  std::string body_of(std::uint32_t type) const {
    const auto found =
        std::ranges::find(asked, type, &std::pair<std::uint32_t, std::string>::first);
    return found == asked.end() ? "(never asked)" : found->second;
  }
  bool said(std::string_view words) const {
    return std::ranges::any_of(
        world.said, [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }
};

TEST(LineLikeness, OpensAsACtiOsServerDoes) {
  broker::LineConfig config = one_side();
  config.link.services = 0x1C0296;
  config.link.call_mask = 0x0FFFFFFF;
  config.link.config_mask = 3;
  config.link.peripheral_id = 5000;
  config.link.idle_timeout_s = 0x7FFFFFFF;
  LineWorld world(config);
  Witness witness(world);
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(witness.body_of(3), kOpenReqOfCtiOs) << "the password with its NUL";
}

TEST(LineLikeness, AsksForTheKeysBeforeTheConfiguration) {
  LineWorld world(one_side());
  Witness witness(world);
  const TimePoint begun = world.network.now();
  ASSERT_TRUE(world.ready());
  std::vector<std::uint32_t> types;
  for (const auto& [type, body] : witness.asked) {
    if (type == 230 || type == 232) types.push_back(type);
  }
  EXPECT_EQ(types, (std::vector<std::uint32_t>{230, 232}));
  EXPECT_EQ(witness.body_of(230), "00001388");
  EXPECT_LT(world.network.now() - begun, Nanos(Seconds{1})) << "nothing was waited for in vain";
}

TEST(LineLikeness, AServerThatKnowsNoKeysIsAskedForTheConfigurationAllTheSame) {
  LineWorld world(one_side());
  Witness witness(world);
  witness.refuses_keys = true;
  const TimePoint begun = world.network.now();
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(witness.body_of(232), "0000000600001388");
  EXPECT_EQ(world.line->sync_counters().no_config, 0U);
  EXPECT_LT(world.network.now() - begun, Nanos(Seconds{1}));
}

TEST(LineLikeness, NamesTheCustomerWhenThereIsOne) {
  broker::LineConfig config = one_side();
  config.link.customer_id = 7;
  LineWorld world(config);
  Witness witness(world);
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(witness.body_of(230),
            "00001388"
            "830400000007");
  EXPECT_EQ(witness.body_of(232),
            "0000000600001388"
            "830400000007");
}

TEST(LineLikeness, KeysOfWhateverIsDownloadedSaveTheNextDownload) {
  broker::LineConfig config = one_side();
  config.link.config_mask = 3;  // services and skill groups, as CTI OS
  LineWorld world(config);
  std::vector<std::uint32_t> downloads;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    CtiServer& side = *world.side_a;
    const std::array<std::byte, 8> key{std::byte{1}};
    if (ged::MessageType{type} == ged::MessageType::kConfigRequestKeyEvent) {
      ged::ConfigKeyEventEncoder to(side.room(), side.version, {});
      side.send(to.service_config_key(key).skill_group_config_key(key).agent_config_key(key));
      return true;
    }
    if (ged::MessageType{type} != ged::MessageType::kConfigRequestEvent) return false;
    downloads.push_back(load_be<std::uint32_t>(body.data()));
    if (downloads.back() == 0) return true;
    ged::ConfigBeginEventEncoder begin(side.room(), side.version,
                                       {.config_type = 1, .config_information = 3});
    side.send(begin.service_config_key(key).skill_group_config_key(key));
    side.send(ged::ConfigEndEventEncoder(side.room(), side.version, {.config_end_status = 0}));
    return true;
  };
  ASSERT_TRUE(world.ready());
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->ready() && world.line->sync_counters().completed == 2; }));
  EXPECT_EQ(downloads, (std::vector<std::uint32_t>{3, 0}));
}

TEST(LineLikeness, ReportsTheNumberOfClientsUnderTheNameOfCtiOs) {
  for (const bool configured_away : {false, true}) {
    broker::LineConfig config = one_side();
    if (configured_away) config.link.report_object.clear();
    LineWorld world(config);
    broker::Admission admission(100, 100);
    world.shared.admission = &admission;
    Witness witness(world);
    ASSERT_TRUE(world.ready());
    world.settle(Seconds{3});
    // State 0; ObjectName CTIOS_NUM_CLIENTS, Text 0, both with their NUL.
    EXPECT_EQ(witness.body_of(32), configured_away ? "(never asked)"
                                                   : "0000"
                                                     "42124354494f535f4e554d5f434c49454e545300"
                                                     "07023000");
  }
}

TEST(LineLikeness, SaysWhatWillNotWorkWithoutAService) {
  LineWorld world(one_side());
  Witness witness(world);
  witness.granted = 0x2004 & ~0x4U;  // agent state only
  ASSERT_TRUE(world.ready());
  EXPECT_TRUE(witness.said("not granted ALL_EVENTS: no call and no agent state will be heard of"));
  EXPECT_TRUE(witness.said("not granted CLIENT_CONTROL: agents can change their state"));
  EXPECT_TRUE(witness.said("not granted CALL_DATA_UPDATE: call data cannot be changed"));
  EXPECT_TRUE(witness.said("not granted SUPERVISOR: supervisors cannot supervise"));
}

TEST(LineLikeness, SaysWhatWasNotAskedForToo) {
  broker::LineConfig config = one_side();
  config.link.services = 0x216;
  LineWorld world(config);
  Witness witness(world);
  witness.granted = 0x216;
  ASSERT_TRUE(world.ready());
  EXPECT_TRUE(witness.said("not asked for (key services): SUPERVISOR"));
}

TEST(LineLikeness, SaysNothingOfServicesThatWereGranted) {
  LineWorld world(one_side());
  Witness witness(world);
  ASSERT_TRUE(world.ready());
  EXPECT_FALSE(witness.said("granted"));
  EXPECT_FALSE(witness.said("not asked"));
}

}  // namespace
}  // namespace cti::test
