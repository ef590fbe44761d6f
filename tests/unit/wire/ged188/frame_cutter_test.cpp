// frame_cutter_test.cpp - a byte stream is cut into the same frames, however it arrives.
#include "tests/unit/wire/ged188/hex.hpp"
#include "wire/mhdr.hpp"

#include <gtest/gtest.h>

namespace cti::wire::ged188 {
namespace {

std::vector<std::byte> frame_of(std::uint32_t type, std::size_t body_bytes, unsigned fill) {
  std::vector<std::byte> frame(limits::kHeaderBytes + body_bytes, static_cast<std::byte>(fill));
  store_be(frame.data(), static_cast<std::uint32_t>(body_bytes));
  store_be(frame.data() + 4, type);
  return frame;
}

std::vector<std::byte> stream_of(const std::vector<std::vector<std::byte>>& frames) {
  std::vector<std::byte> stream;
  for (const auto& frame : frames) stream.insert(stream.end(), frame.begin(), frame.end());
  return stream;
}

/// Frames that come out when `stream` arrives in these pieces.
std::vector<std::string> cut(FrameCutter& cutter, Bytes stream,
                             const std::vector<std::size_t>& pieces) {
  std::vector<std::string> frames;
  const auto keep = [&](const Frame& frame) {
    EXPECT_EQ(frame.body.size() + limits::kHeaderBytes, frame.whole.size());
    EXPECT_EQ(frame.message_type, load_be<std::uint32_t>(frame.whole.data() + 4));
    frames.push_back(to_hex(frame.whole));
  };
  for (const std::size_t piece : pieces) {
    EXPECT_TRUE(cutter.feed(stream.first(piece), keep).ok());
    stream = stream.subspan(piece);
  }
  EXPECT_TRUE(cutter.feed(stream, keep).ok());
  return frames;
}

const std::vector<std::vector<std::byte>> kFrames{frame_of(5, 4, 1), frame_of(6, 0, 0),
                                                  frame_of(30, 70, 7), frame_of(9999, 1, 3),
                                                  frame_of(9, 245, 9)};

std::vector<std::string> expected() {
  std::vector<std::string> frames;
  for (const auto& frame : kFrames) frames.push_back(to_hex(frame));
  return frames;
}

TEST(FrameCutter, U2_EveryCutOfTheStreamGivesTheSameFrames) {
  const auto stream = stream_of(kFrames);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    FrameCutter cutter;
    ASSERT_EQ(cut(cutter, stream, {first}), expected()) << "cut at " << first;
    ASSERT_EQ(cutter.held_bytes(), 0U);
  }
}

TEST(FrameCutter, U2_EveryPairOfCutsGivesTheSameFrames) {
  const auto stream = stream_of({kFrames[0], kFrames[2], kFrames[1], kFrames[3]});
  const std::vector<std::string> frames{to_hex(kFrames[0]), to_hex(kFrames[2]), to_hex(kFrames[1]),
                                        to_hex(kFrames[3])};
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      FrameCutter cutter;
      ASSERT_EQ(cut(cutter, stream, {first, second - first}), frames) << first << ", " << second;
    }
  }
}

TEST(FrameCutter, U2_SingleBytesAndHundredsOfFramesInOneChunkGiveTheSame) {
  std::vector<std::vector<std::byte>> many;
  std::vector<std::string> frames;
  for (unsigned i = 0; i < 300; ++i) {
    many.push_back(frame_of(i, i % 50, i));
    frames.push_back(to_hex(many.back()));
  }
  const auto stream = stream_of(many);
  FrameCutter whole, bytewise;
  EXPECT_EQ(cut(whole, stream, {}), frames);
  EXPECT_EQ(cut(bytewise, stream, std::vector<std::size_t>(stream.size(), 1)), frames);
}

TEST(FrameCutter, HandsOutFramesWhereTheyLie) {
  const auto stream = stream_of(kFrames);
  const std::byte* at = stream.data();
  FrameCutter cutter;
  ASSERT_TRUE(cutter
                  .feed(stream,
                        [&](const Frame& frame) {
                          EXPECT_EQ(frame.whole.data(), at);
                          at += frame.whole.size();
                        })
                  .ok());
  EXPECT_EQ(cutter.buffer_bytes(), 0U);
}

TEST(FrameCutter, U1_RefusesALengthAboveTheLimitAtTheHeader) {
  for (const std::uint32_t length : {12'493U, 65'536U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    auto header = frame_of(30, 0, 0);
    store_be(header.data(), length);
    for (std::size_t piece = 1; piece <= header.size(); ++piece) {
      FrameCutter cutter;
      bool called = false;
      const auto on_frame = [&](const Frame&) { called = true; };
      auto first = cutter.feed(Bytes(header).first(piece), on_frame);
      const auto result =
          piece == header.size() ? first : cutter.feed(Bytes(header).subspan(piece), on_frame);
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error().code, DecodeErrorCode::kFrameTooLong);
      EXPECT_TRUE(result.error().framing_lost());
      EXPECT_EQ(result.error().actual, length);
      EXPECT_EQ(result.error().limit, 12'492U);
      EXPECT_FALSE(called);
      EXPECT_EQ(cutter.buffer_bytes(), 0U);
      EXPECT_FALSE(cutter.feed(Bytes(header), on_frame).ok()) << "the error is final";
    }
  }
}

TEST(FrameCutter, AcceptsTheLargestMessage) {
  const auto frame = frame_of(237, limits::kBodyBytesMax, 5);
  FrameCutter cutter;
  EXPECT_EQ(cut(cutter, frame, {}).size(), 1U);
  EXPECT_EQ(cut(cutter, frame, {6'000}).size(), 1U);
}

TEST(FrameCutter, U1_TheBufferGrowsWithWhatCameNotWithWhatWasClaimed) {
  const auto frame = frame_of(237, limits::kBodyBytesMax, 5);
  FrameCutter cutter;
  std::size_t fed = 0;
  for (; fed + 100 < frame.size(); fed += 100) {
    ASSERT_TRUE(cutter.feed(Bytes(frame).subspan(fed, 100), [](const Frame&) {}).ok());
    ASSERT_LE(cutter.buffer_bytes(), std::max<std::size_t>(64, 2 * (fed + 100)));
  }
  ASSERT_TRUE(cutter.feed(Bytes(frame).subspan(fed), [](const Frame&) {}).ok());
  EXPECT_LE(cutter.buffer_bytes(), FrameCutter::kKeepBytes) << "an idle cutter holds no big buffer";
}

TEST(FrameCutter, TheCallbackMayStop) {
  const auto stream = stream_of(kFrames);
  FrameCutter cutter;
  int frames = 0;
  EXPECT_TRUE(cutter.feed(stream, [&](const Frame&) { return ++frames < 2; }).ok());
  EXPECT_EQ(frames, 2);
  EXPECT_EQ(cutter.held_bytes(), 0U);
  frames = 0;
  FrameCutter straddling;
  ASSERT_TRUE(straddling.feed(Bytes(stream).first(5), [&](const Frame&) { return false; }).ok());
  EXPECT_TRUE(
      straddling.feed(Bytes(stream).subspan(5), [&](const Frame&) { return ++frames < 1; }).ok());
  EXPECT_EQ(frames, 1);
}

TEST(OpenReq, TellsTheVersionBeforeAnythingElseIsRead) {
  const auto body = from_hex("00000001 00000019 00000078");
  EXPECT_EQ(version_of_open_req(body), 25U);
  EXPECT_EQ(version_of_open_req(Bytes(body).first(8)), 25U);
  EXPECT_EQ(version_of_open_req(Bytes(body).first(7)), std::nullopt);
  EXPECT_EQ(version_of_open_req({}), std::nullopt);
}

}  // namespace
}  // namespace cti::wire::ged188
