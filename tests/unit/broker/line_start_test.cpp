// The start-up dialogue with a CTI Server: configuration keys, client counts, standby sides, messages that nobody expects.
#include "broker/meet/admission.hpp"
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/misc.hpp"

namespace cti::test {
namespace {

/// Side A with configuration keys; notes what it is asked for.
struct Keeper {
  LineWorld& world;
  std::uint8_t key = 1, more = 9;
  bool answers_keys = true;
  bool ends_downloads = true;
  std::vector<std::uint32_t> downloads;  ///< ConfigInformation of each CONFIG_REQUEST_EVENT
  std::uint32_t key_requests = 0;
  std::vector<std::string> reports;

  explicit Keeper(LineWorld& world_) : world(world_) {
    world.side_a->hook = [this](std::uint32_t type, Bytes body) { return on(type, body); };
  }
  std::array<std::byte, 8> bytes() const { return {std::byte{key}, std::byte{more}}; }
  bool on(std::uint32_t type, Bytes body) {
    CtiServer& side = *world.side_a;
    const auto keys = bytes();
    switch (ged::MessageType{type}) {
      case ged::MessageType::kConfigRequestKeyEvent:
        ++key_requests;
        if (answers_keys) {
          ged::ConfigKeyEventEncoder to(side.room(), side.version, {});
          to.skill_group_config_key(keys).agent_config_key(keys);
          side.send(to);
        }
        return true;
      case ged::MessageType::kConfigRequestEvent: {
        const std::uint32_t wanted = load_be<std::uint32_t>(body.data());
        downloads.push_back(wanted);
        if (wanted == 0) return true;
        ged::ConfigBeginEventEncoder begin(side.room(), side.version,
                                           {.config_type = 1, .config_information = wanted});
        begin.skill_group_config_key(keys).agent_config_key(keys);
        side.send(begin);
        if (ends_downloads)
          side.send(
              ged::ConfigEndEventEncoder(side.room(), side.version, {.config_end_status = 0}));
        return true;
      }
      case ged::MessageType::kClientEventReportReq: {
        const auto report = ged::ClientEventReportReqView::decode(body, side.version);
        if (!report.ok()) return true;
        reports.emplace_back(report->text().value_or("?"));
        side.send(ged::ClientEventReportConfEncoder(side.room(), side.version,
                                                    {.invoke_id = report->invoke_id()}));
        return true;
      }
      default:
        return false;
    }
  }
  void lose_session() {
    const std::uint64_t before = world.line->sync_counters().completed;
    world.side_a->hang_up();
    ASSERT_TRUE(world.until(
        [&] { return world.line->ready() && world.line->sync_counters().completed > before; }));
  }
};

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

TEST(LineStart, KnownKeysSaveTheDownloadAfterALoss) {
  LineWorld world(one_side());
  Keeper keeper(world);
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6}));
  EXPECT_EQ(keeper.key_requests, 1U) << "asked first, though nothing is known yet";
  keeper.lose_session();
  EXPECT_EQ(keeper.key_requests, 2U);
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 0})) << "updates only";
  EXPECT_EQ(world.line->sync_counters().unchanged, 1U);
  keeper.key = 2;
  keeper.lose_session();
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 0, 6})) << "it has changed";
  keeper.answers_keys = false;
  keeper.lose_session();
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 0, 6, 6})) << "no keys: load it";
}

TEST(LineStart, AKeyThatIsAllZeroIsNoKeyThatCouldBeKnown) {
  LineWorld world(one_side());
  Keeper keeper(world);
  keeper.key = keeper.more = 0;
  ASSERT_TRUE(world.ready());
  keeper.lose_session();
  EXPECT_EQ(keeper.downloads.size(), 2U);
  EXPECT_EQ(keeper.downloads.back(), keeper.downloads.front()) << "loaded each time";
}

TEST(LineStart, ADownloadThatWasThrownAwayIsLoadedAgain) {
  LineWorld world(one_side());
  Keeper keeper(world);
  world.side_a->answers_queries = false;  // the dialogue goes on after the download
  ASSERT_TRUE(world.until([&] { return world.side_a->queries > 0; }));
  ASSERT_EQ(keeper.downloads.size(), 1U);
  world.side_a->hang_up();
  world.side_a->answers_queries = true;
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.line->sync_counters().thrown_away, 1U);
  EXPECT_EQ(keeper.key_requests, 2U) << "in each session, though nothing of it has been applied";
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 6}));
}

TEST(LineStart, AfterHalfOfAnotherDownloadTheKeysOfTheLastOneCountNoMore) {
  LineWorld world(one_side());
  Keeper keeper(world);
  ASSERT_TRUE(world.ready());
  keeper.key = 2;
  keeper.ends_downloads = false;
  keeper.lose_session();  // serves with what there is of it
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 6}));
  keeper.key = 1;
  keeper.ends_downloads = true;
  keeper.lose_session();
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 6, 6}));
}

TEST(LineStart, AfterRecordsWereLostEverythingIsLoadedAgain) {
  broker::LineConfig config = one_side();
  config.spill_bytes_max = limits::kRecordBytesMax;
  LineWorld world(config, 1, {}, std::size_t{1} << 17);
  Keeper keeper(world);
  ASSERT_TRUE(world.ready());
  world.settle();
  const ring::Position held = world.log->tail() - 8;
  ASSERT_TRUE(world.log->gate(0).enter(held));
  world.reading = false;
  for (std::uint32_t i = 1; world.line->counters().fresh_starts == 0; ++i) {
    ASSERT_LT(i, 5000U);
    world.side_a->agent_state("22866", i % 2 == 0 ? 2 : 3, "23901");
    if (i % 200 == 0) world.settle(Millis{5});
  }
  world.log->gate(0).leave(held);
  world.reading = true;
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  EXPECT_EQ(keeper.key_requests, 2U);
  EXPECT_EQ(keeper.downloads, (std::vector<std::uint32_t>{6, 6}));
}

TEST(LineStart, TheNumberOfClientsIsToldAsItChanges) {
  LineWorld world(one_side());
  broker::Admission admission(100, 100);
  world.shared.admission = &admission;
  Keeper keeper(world);
  ASSERT_TRUE(world.ready());
  world.settle(Seconds{3});
  EXPECT_EQ(keeper.reports, (std::vector<std::string>{"0"}));
  ASSERT_EQ(admission.enter(1), broker::Admitted::kYes);
  world.settle(Seconds{3});
  ASSERT_EQ(admission.enter(1), broker::Admitted::kYes);
  ASSERT_EQ(admission.enter(2), broker::Admitted::kYes);
  world.settle(Seconds{3});
  EXPECT_EQ(keeper.reports, (std::vector<std::string>{"0", "1", "3"}));
  EXPECT_EQ(world.line->pending(), 0U) << "each report was confirmed";
  keeper.lose_session();
  world.settle(Seconds{3});
  EXPECT_EQ(keeper.reports.size(), 4U) << "a new session is told again";
  EXPECT_EQ(keeper.reports.back(), "3");
}

TEST(LineStart, AStandbySideIsLeftForTheOther) {
  broker::LineConfig config = line_config();
  config.link.version = 24;
  LineWorld world(config);
  world.side_a->version = world.side_b->version = 24;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kOpenReq) return false;
    ged::OpenConfFixed fixed;
    fixed.invoke_id = load_be<std::uint32_t>(body.data());
    fixed.services_granted = 0x296;
    fixed.session_type = 2;
    world.side_a->send(ged::OpenConfEncoder(world.side_a->room(), 24, fixed));
    return true;
  };
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.shared.status.side(), 1U);
}

TEST(LineStart, MessagesThatNobodyExpectsAreCountedAndLeftOut) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  const std::size_t records = world.records.size();
  const std::uint64_t unknown = world.line->translator_counters().unknown_types;
  for (const std::uint32_t type : {22U, 40U, 99U, 128'000U, 9'999U}) {
    std::vector<std::byte> frame(8 + 12);
    store_be<std::uint32_t>(frame.data(), 12);
    store_be<std::uint32_t>(frame.data() + 4, type);
    world.side_a->send_raw(frame);
  }
  world.settle();
  EXPECT_TRUE(world.line->ready()) << "the session goes on";
  EXPECT_GE(world.line->translator_counters().unknown_types, unknown + 4);
  EXPECT_EQ(world.records.size(), records);
}

}  // namespace
}  // namespace cti::test
