// session_frame_test.cpp - the frames of the session protocol and the cutting of the stream.
#include "wire/session_frame.hpp"

#include "wire/object_key.hpp"
#include "wire/session_cutter.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace cti::wire {
namespace {

std::vector<std::byte> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

std::vector<std::byte> hello() {
  std::array<std::byte, 256> buffer;
  HelloWriter writer(buffer, {.features = feature::kResume, .heartbeat_ms = 5000});
  writer.arguments().add_string(Keyword::ClientID, "desk 7");
  return copy(writer.finish());
}

std::vector<std::byte> update(bool snapshot = false) {
  std::array<std::byte, 512> buffer;
  UpdateWriter writer(buffer, {.id = 1234567890123,
                               .snapshot = snapshot,
                               .flags = update_flag::kArtificial,
                               .lineage = 0xFEDCBA9876543210,
                               .epoch = 3,
                               .peripheral_id = 5000,
                               .object_key = object_key("agent.5000.22866"),
                               .agent_key = 77,
                               .event_id = EventId::eAgentStateEvent,
                               .topics = topic::kAgent});
  writer.arguments().add_string(Keyword::UniqueObjectID, "agent.5000.22866");
  writer.arguments().add_short(Keyword::AgentState, 3);
  return copy(writer.finish());
}

template <class View>
SessionFault fault_of(Bytes frame) {
  const auto checked = View::check(frame);
  return checked ? SessionFault{} : checked.error().fault;
}

TEST(SessionFrame, UpdateStandsAtItsDocumentedOffsets) {
  const auto frame = update();
  EXPECT_EQ(frame.size() % 8, 0U);
  EXPECT_EQ(load_le<std::uint32_t>(frame.data()), frame.size());
  EXPECT_EQ(load_le<std::uint16_t>(frame.data() + 4), 8);
  EXPECT_EQ(load_le<std::uint16_t>(frame.data() + 6), 2);
  EXPECT_EQ(load_le<std::uint64_t>(frame.data() + 8), 1234567890123U);
  EXPECT_EQ(load_le<std::uint64_t>(frame.data() + 16), 0xFEDCBA9876543210U);
  EXPECT_EQ(load_le<std::uint32_t>(frame.data() + 24), 3U);
  EXPECT_EQ(load_le<std::uint32_t>(frame.data() + 28), 5000U);
  EXPECT_EQ(load_le<std::uint64_t>(frame.data() + 32), object_key("agent.5000.22866"));
  EXPECT_EQ(load_le<std::uint64_t>(frame.data() + 40), 77U);
  EXPECT_EQ(load_le<std::uint32_t>(frame.data() + 48), 30U);
  EXPECT_EQ(load_le<std::uint32_t>(frame.data() + 52), 1U);
  EXPECT_TRUE(
      ArgumentsView::check(Bytes(frame).subspan(56, load_le<std::uint32_t>(frame.data() + 56))));
}

TEST(SessionFrame, UpdateReadsBack) {
  const auto frame = update(true);
  const auto view = UpdateView::check(frame);
  ASSERT_TRUE(view) << describe(view.error());
  EXPECT_TRUE(view->is_snapshot());
  EXPECT_EQ(view->flags(), update_flag::kSnapshot | update_flag::kArtificial);
  EXPECT_EQ(view->sequence(), 1234567890123U);
  EXPECT_EQ(view->position(), (Position{0xFEDCBA9876543210, 3, 5000, 1234567890123}));
  EXPECT_EQ(view->event_id(), EventId::eAgentStateEvent);
  EXPECT_EQ(view->topics(), topic::kAgent);
  EXPECT_EQ(view->arguments().dump(), "AgentState = 3; UniqueObjectID = agent.5000.22866;");
  EXPECT_EQ(view->bytes().size(), frame.size());
}

TEST(SessionFrame, ObjectKeyIsXxh3) {
  EXPECT_EQ(object_key(""), 0x2D06800538D394C2U);  // the published XXH3-64 of nothing
  EXPECT_NE(object_key("agent.5000.1"), object_key("agent.5000.2"));
}

TEST(SessionFrame, EveryFrameSurvivesTheWayThrough) {
  std::array<std::byte, 1024> buffer;
  const auto greeting = hello();
  const auto h = HelloView::check(greeting);
  ASSERT_TRUE(h);
  EXPECT_EQ(h->role(), Role::kClient);
  WelcomeWriter welcome(
      buffer, {.features = 1, .heartbeat_ms = 60000, .session = 9, .server = 8, .lineage = 7});
  welcome.arguments().add_string(Keyword::ServerName, "A");
  const auto w = WelcomeView::check(welcome.finish());
  ASSERT_TRUE(w);
  EXPECT_EQ(w->version(), kSessionVersion);
  EXPECT_EQ(w->session(), 9U);
  EXPECT_EQ(w->server(), 8U);
  EXPECT_EQ(w->lineage(), 7U);
  HeartbeatReqWriter beat(buffer, {.id = 5});
  const auto b = HeartbeatReqView::check(beat.finish());
  ASSERT_TRUE(b);
  EXPECT_EQ(b->bytes().size(), 16U);
  EXPECT_EQ(b->id(), 5U);
  HeartbeatConfWriter answer(buffer, {.id = 5});
  EXPECT_TRUE(HeartbeatConfView::check(answer.finish()));
  CloseWriter close(buffer, {.reason = CloseReason::kTooSlow});
  close.arguments().add_string(Keyword::ErrorMessage, "slow");
  const auto c = CloseView::check(close.finish());
  ASSERT_TRUE(c);
  EXPECT_EQ(c->reason(), CloseReason::kTooSlow);
  EXPECT_EQ(name_of(c->reason()), "kTooSlow");
  RequestWriter request(buffer, {.id = 6, .request = RequestId::eAnswerCallRequest, .token = 99});
  const auto q = RequestView::check(request.finish());
  ASSERT_TRUE(q);
  EXPECT_EQ(q->request(), RequestId::eAnswerCallRequest);
  EXPECT_EQ(q->token(), 99U);
  ReplyWriter reply(
      buffer, {.id = 6, .event_id = EventId::eControlFailureConf, .outcome = Outcome::kRefused});
  const auto r = ReplyView::check(reply.finish());
  ASSERT_TRUE(r);
  EXPECT_EQ(r->outcome(), Outcome::kRefused);
  SnapshotBeginWriter begin(buffer, {.id = 44,
                                     .lineage = 1,
                                     .epoch = 2,
                                     .peripheral_id = 5000,
                                     .reason = SnapshotReason::kLapped});
  const auto sb = SnapshotBeginView::check(begin.finish());
  ASSERT_TRUE(sb);
  EXPECT_EQ(sb->position(), (Position{1, 2, 5000, 44}));
  EXPECT_EQ(sb->reason(), SnapshotReason::kLapped);
  SnapshotEndWriter end(buffer, {.id = 44, .records = 12});
  const auto se = SnapshotEndView::check(end.finish());
  ASSERT_TRUE(se);
  EXPECT_EQ(se->records(), 12U);
  PrivateEventWriter event(buffer, {.event_id = EventId::eSetAgentModeEvent});
  EXPECT_TRUE(PrivateEventView::check(event.finish()));
  SubscribedWriter subscribed(buffer, {.id = 3, .outcome = Outcome::kRefused});
  EXPECT_TRUE(SubscribedView::check(subscribed.finish()));
}

TEST(SessionFrame, SubscribeCarriesPositions) {
  std::array<std::byte, 4096> buffer;
  for (const std::size_t count : {0U, 1U, 2U, 64U}) {
    std::vector<Position> positions(count);
    for (std::size_t i = 0; i < count; ++i)
      positions[i] = {i, 2, static_cast<std::uint32_t>(5000 + i), i * 1000};
    SubscribeWriter writer(buffer, {.id = 3, .mode = SubscribeMode::kMonitor}, positions);
    writer.arguments().add_string(Keyword::MessageFilter, "MessageID=30");
    const auto view = SubscribeView::check(writer.finish());
    ASSERT_TRUE(view) << describe(view.error());
    ASSERT_EQ(view->count(), count);
    for (std::uint16_t i = 0; i < count; ++i) EXPECT_EQ(view->position(i), positions[i]);
    EXPECT_EQ(view->arguments().string(Keyword::MessageFilter), "MessageID=30");
  }
}

TEST(SessionFrame, WriterSaysWhenTheBufferIsTooSmall) {
  for (std::size_t size = 0; size < 120; ++size) {
    std::vector<std::byte> buffer(size + 16, std::byte{0xEE});
    UpdateWriter writer(MutableBytes(buffer).first(size), {.id = 1});
    writer.arguments().add_string(Keyword::ANI, "123456789");  // 56 + 8 + 8 + 12 = 84, padded 88
    const Bytes frame = writer.finish();
    EXPECT_EQ(frame.size(), size >= 88 ? 88U : 0U) << size;
    EXPECT_EQ(writer.ok(), size >= 88) << size;
    for (std::size_t i = size; i < buffer.size(); ++i)
      ASSERT_EQ(buffer[i], std::byte{0xEE}) << size;
  }
  std::array<std::byte, 15> tiny;
  HeartbeatReqWriter writer(tiny, {});
  EXPECT_TRUE(writer.finish().empty());
}

TEST(SessionFrame, C3_FramesThatLieAreRefused) {
  auto frame = hello();
  EXPECT_EQ(fault_of<HelloView>(Bytes(frame).first(15)), SessionFault::kFrameTruncated);
  EXPECT_EQ(fault_of<HelloView>(Bytes(frame).first(24)), SessionFault::kFrameLengthWrong);
  EXPECT_EQ(fault_of<WelcomeView>(frame), SessionFault::kFrameTypeUnexpected);
  frame[16] = std::byte{'X'};
  EXPECT_EQ(fault_of<HelloView>(frame), SessionFault::kMagicWrong);
  frame = hello();
  store_le(frame.data() + 40, std::uint32_t{0xFFFFFFFF});
  EXPECT_EQ(fault_of<HelloView>(frame), SessionFault::kBlockLengthWrong);
  store_le(frame.data() + 40, std::uint32_t{8});
  EXPECT_EQ(fault_of<HelloView>(frame), SessionFault::kCountWrong);
  store_le(frame.data() + 44, std::uint16_t{0});
  EXPECT_EQ(fault_of<HelloView>(frame), SessionFault::kFrameTail);

  std::vector<std::byte> short_one(24);
  store_le(short_one.data(), std::uint32_t{24});
  store_le(short_one.data() + 4, std::uint16_t{8});
  EXPECT_EQ(fault_of<UpdateView>(short_one), SessionFault::kFrameTruncated);
  std::vector<std::byte> long_one(limits::kFrameBytesMax + 8);
  EXPECT_EQ(fault_of<UpdateView>(long_one), SessionFault::kFrameTooLong);
}

TEST(SessionFrame, C3_PaddingBehindArgumentsIsFourZeroBytesAtMost) {
  std::array<std::byte, 128> buffer;
  PrivateEventWriter writer(buffer, {});
  writer.arguments().add_string(Keyword::ANI, "1");  // 24 + 8 + 8 + 4 = 44
  auto frame = copy(writer.finish());
  ASSERT_EQ(frame.size(), 48U);
  EXPECT_EQ(fault_of<PrivateEventView>(frame), SessionFault{});
  frame[47] = std::byte{1};
  EXPECT_EQ(fault_of<PrivateEventView>(frame), SessionFault::kFrameTail);
  frame[47] = std::byte{0};
  frame.resize(56);
  store_le(frame.data(), std::uint32_t{56});
  EXPECT_EQ(fault_of<PrivateEventView>(frame), SessionFault::kFrameTail);
}

TEST(SessionFrame, C3_CountOfPositionsThatLiesIsRefused) {
  std::array<std::byte, 128> buffer;
  SubscribeWriter writer(buffer, {}, std::vector<Position>(1));
  auto frame = copy(writer.finish());
  store_le(frame.data() + 18, std::uint16_t{65535});
  const auto checked = SubscribeView::check(frame);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error(), (SessionError{SessionFault::kListTooLong, 18, limits::kPositionsMax}));
  store_le(frame.data() + 18, std::uint16_t{64});
  EXPECT_EQ(fault_of<SubscribeView>(frame), SessionFault::kFrameTruncated);
  store_le(frame.data() + 18, std::uint16_t{0});
  EXPECT_NE(fault_of<SubscribeView>(frame), SessionFault{});
}

TEST(SessionFrame, C3_FaultInsideArgumentsHasItsPlaceInTheFrame) {
  auto frame = update();
  frame[56 + 6] = std::byte{1};
  const auto checked = UpdateView::check(frame);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error(), (SessionError{SessionFault::kBlockFlagsUnknown, 62, 0}));
}

TEST(SessionFrame, C5_EachSideHasItsFrames) {
  EXPECT_TRUE(client_may_send(FrameType::kHello));
  EXPECT_TRUE(client_may_send(FrameType::kRequest));
  EXPECT_TRUE(client_may_send(FrameType::kHeartbeatConf));
  EXPECT_FALSE(client_may_send(FrameType::kUpdate));
  EXPECT_FALSE(client_may_send(FrameType::kSnapshotRecord));
  EXPECT_FALSE(client_may_send(FrameType::kWelcome));
  EXPECT_FALSE(client_may_send(static_cast<FrameType>(0)));
  EXPECT_FALSE(client_may_send(static_cast<FrameType>(15)));
  EXPECT_TRUE(server_may_send(FrameType::kSnapshotRecord));
  EXPECT_TRUE(server_may_send(FrameType::kClose));
  EXPECT_FALSE(server_may_send(FrameType::kHello));
  EXPECT_FALSE(server_may_send(FrameType::kRequest));
  EXPECT_EQ(name_of(FrameType::kSubscribe), "kSubscribe");
  EXPECT_EQ(name_of(static_cast<FrameType>(99)), "?");
}

// ---- cutting ----

std::vector<std::byte> stream_of(const std::vector<std::vector<std::byte>>& frames) {
  std::vector<std::byte> stream;
  for (const auto& frame : frames) stream.insert(stream.end(), frame.begin(), frame.end());
  return stream;
}

TEST(SessionCutter, EveryCutOfTheStreamGivesTheSameFrames) {
  const std::vector<std::vector<std::byte>> frames{hello(), update(), update(true), hello()};
  const auto stream = stream_of(frames);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    SessionFrameCutter cutter(4096);
    std::vector<std::vector<std::byte>> seen;
    const auto take = [&](Bytes frame) { seen.push_back(copy(frame)); };
    ASSERT_TRUE(cutter.feed(Bytes(stream).first(first), take));
    ASSERT_TRUE(cutter.feed(Bytes(stream).subspan(first), take));
    ASSERT_EQ(seen, frames) << first;
    EXPECT_EQ(cutter.pending(), 0U);
  }
}

TEST(SessionCutter, PiecesOfAnySizeGiveTheSameFrames) {
  const std::vector<std::vector<std::byte>> frames{update(), hello(), update(true), update(),
                                                   hello()};
  const auto stream = stream_of(frames);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    SessionFrameCutter cutter(4096);
    std::vector<std::vector<std::byte>> seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const auto chunk = Bytes(stream).subspan(at, std::min(piece, stream.size() - at));
      ASSERT_TRUE(cutter.feed(chunk, [&](Bytes frame) { seen.push_back(copy(frame)); }));
    }
    ASSERT_EQ(seen, frames) << piece;
  }
}

TEST(SessionCutter, WholeFramesAreNotCopied) {
  const auto stream = stream_of({hello(), update()});
  SessionFrameCutter cutter;
  ASSERT_TRUE(cutter.feed(stream, [&](Bytes frame) {
    EXPECT_GE(frame.data(), stream.data());
    EXPECT_LT(frame.data(), stream.data() + stream.size());
  }));
  EXPECT_EQ(cutter.buffer_bytes(), 0U);
}

TEST(SessionCutter, C3_LengthAboveTheLimitIsRefusedAtItsFourthByte) {
  for (const std::uint32_t length : {4104U, 0x7FFFFFF8U, 0xFFFFFFFFU}) {
    std::array<std::byte, 4> start;
    store_le(start.data(), length);
    SessionFrameCutter cutter(4096);
    ASSERT_TRUE(cutter.feed(Bytes(start).first(3), [](Bytes) { FAIL(); }));
    const auto fed = cutter.feed(Bytes(start).subspan(3), [](Bytes) { FAIL(); });
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error(), (SessionError{SessionFault::kFrameTooLong, 0, 4096}));
    EXPECT_FALSE(cutter.feed(hello(), [](Bytes) { FAIL(); }));  // framing is lost for good
    EXPECT_LT(cutter.buffer_bytes(), 64U);
  }
}

TEST(SessionCutter, C3_LengthsThatCannotBeAreRefused) {
  for (const std::uint32_t length : {0U, 1U, 8U, 15U, 17U, 20U}) {
    std::array<std::byte, 8> start{};
    store_le(start.data(), length);
    SessionFrameCutter cutter;
    const auto fed = cutter.feed(start, [](Bytes) { FAIL(); });
    ASSERT_FALSE(fed) << length;
    EXPECT_EQ(fed.error().fault, SessionFault::kFrameLengthWrong);
  }
}

TEST(SessionCutter, C4_OtherProtocolsAreRefusedAtOnce) {
  for (const std::string_view text :
       {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "SSH-2.0-OpenSSH\r\n"}) {
    SessionFrameCutter cutter;
    EXPECT_FALSE(cutter.feed(as_bytes(text), [](Bytes) { FAIL(); })) << text;
  }
}

TEST(SessionCutter, C3_ClaimedLengthAllocatesNothing) {
  SessionFrameCutter cutter(limits::kFrameBytesMax);
  std::array<std::byte, 16> start{};
  store_le(start.data(), static_cast<std::uint32_t>(limits::kFrameBytesMax));
  ASSERT_TRUE(cutter.feed(start, [](Bytes) { FAIL(); }));
  EXPECT_EQ(cutter.pending(), 16U);
  EXPECT_LT(cutter.buffer_bytes(), 64U);
}

TEST(SessionCutter, GivesBigBuffersBack) {
  std::vector<std::byte> big(64 * 1024);
  store_le(big.data(), static_cast<std::uint32_t>(big.size()));
  SessionFrameCutter cutter(limits::kFrameBytesMax);
  int frames = 0;
  ASSERT_TRUE(cutter.feed(Bytes(big).first(big.size() - 1), [&](Bytes) { ++frames; }));
  EXPECT_GE(cutter.buffer_bytes(), big.size() - 1);
  ASSERT_TRUE(cutter.feed(Bytes(big).last(1), [&](Bytes) { ++frames; }));
  EXPECT_EQ(frames, 1);
  EXPECT_LE(cutter.buffer_bytes(), limits::kHelloBytesMax);
}

TEST(SessionCutter, LimitRisesFromWithinTheCallback) {
  std::vector<std::byte> big(8192);
  store_le(big.data(), static_cast<std::uint32_t>(big.size()));
  const auto stream = stream_of({hello(), big});
  SessionFrameCutter cutter;
  std::vector<std::size_t> sizes;
  ASSERT_TRUE(cutter.feed(stream, [&](Bytes frame) {
    sizes.push_back(frame.size());
    cutter.set_limit(limits::kClientFrameBytesMax);
  }));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{hello().size(), 8192}));
}

TEST(SessionCutter, CallbackThatSaysFalseEndsTheChunk) {
  const auto stream = stream_of({hello(), hello(), hello()});
  SessionFrameCutter cutter;
  int frames = 0;
  ASSERT_TRUE(cutter.feed(stream, [&](Bytes) { return ++frames < 2; }));
  EXPECT_EQ(frames, 2);
  EXPECT_EQ(cutter.pending(), 0U);
}

}  // namespace
}  // namespace cti::wire
