// send_buffer_test.cpp - nothing lost, doubled or swapped, whatever part of each send is taken; nothing beyond the bound.
#include "core/send_buffer.hpp"

#include "core/random.hpp"
#include "tests/unit/core/io_world.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cti::core {
namespace {

/// Notes what it is told to send, and takes as much of it as the test likes.
class NotingIo final : public Io {
 public:
  Bytes asked;
  std::string taken;
  void take(SendBuffer& from, std::size_t bytes) {
    taken += as_text(asked.first(bytes));
    asked = {};
    from.on_sent(bytes);
  }

  void send(ConnectionId, Bytes bytes) override { asked = bytes; }
  Result<ListenerId, IoError> listen(const Endpoint&) override { return ListenerId{}; }
  std::uint16_t local_port(ListenerId) const override { return 0; }
  void unlisten(ListenerId) override {}
  ConnectionId connect(const Endpoint&) override { return {}; }
  void set_receiving(ConnectionId, bool) override {}
  void close(ConnectionId, CloseHow) override {}
  std::size_t wait(std::span<Completion>, TimePoint) override { return 0; }
  void wake() noexcept override {}
  TimePoint now() const noexcept override { return {}; }
  WallMillis wall() const noexcept override { return {}; }
  Endpoint peer(ConnectionId) const override { return {}; }
  int pollable_fd() const noexcept override { return -1; }
  std::string_view backend() const noexcept override { return "noting"; }
  const IoCounters& counters() const noexcept override { return counters_; }

 private:
  IoCounters counters_;
};

constexpr ConnectionId kOne{0, 1};

TEST(SendBuffer, PutsWhatComesEarlierBeforeWhatWaits) {
  NotingIo io;
  SendBuffer out(16, SendBuffer::Memory::kGrows);
  ASSERT_TRUE(out.append(as_bytes("ac")));
  ASSERT_TRUE(out.insert(1, as_bytes("b")));
  ASSERT_TRUE(out.insert(3, as_bytes("d")));
  ASSERT_TRUE(out.insert(0, as_bytes("0123456789")));
  EXPECT_FALSE(out.insert(0, as_bytes("xyz"))) << "one more than there is room";
  EXPECT_TRUE(out.insert(14, as_bytes("ef")));
  EXPECT_TRUE(out.pump(io, kOne));
  io.take(out, 16);
  EXPECT_EQ(io.taken, "0123456789abcdef");
}

TEST(SendBuffer, SendsWhatWaitsAndFillsMeanwhile) {
  NotingIo io;
  SendBuffer out(16);
  EXPECT_FALSE(out.pump(io, kOne)) << "nothing waits";
  ASSERT_TRUE(out.append(as_bytes("first")));
  EXPECT_TRUE(out.pump(io, kOne));
  EXPECT_EQ(as_text(io.asked), "first");
  ASSERT_TRUE(out.append(as_bytes("second")));
  EXPECT_FALSE(out.pump(io, kOne)) << "one send at a time";
  io.take(out, 5);
  EXPECT_TRUE(out.pump(io, kOne));
  io.take(out, 6);
  EXPECT_TRUE(out.idle());
  EXPECT_EQ(io.taken, "firstsecond");
}

TEST(SendBuffer, AShortSendWaitsForRoomAndGoesOnWhereItStopped) {
  NotingIo io;
  SendBuffer out(16);
  ASSERT_TRUE(out.append(as_bytes("0123456789")));
  out.pump(io, kOne);
  io.take(out, 4);
  EXPECT_EQ(out.unsent(), 6U);
  EXPECT_FALSE(out.pump(io, kOne)) << "the socket is full";
  out.on_writable();
  EXPECT_TRUE(out.pump(io, kOne));
  EXPECT_EQ(as_text(io.asked), "456789");
}

TEST(SendBuffer, HoldsNoMoreThanItsBoundAndKeepsNothingOfWhatDoesNotFit) {
  for (const auto memory : {SendBuffer::Memory::kAtStart, SendBuffer::Memory::kGrows}) {
    NotingIo io;
    SendBuffer out(8, memory);
    EXPECT_TRUE(out.claim(9).empty());
    EXPECT_TRUE(out.append(as_bytes("12345")));
    EXPECT_FALSE(out.append(as_bytes("6789")));
    EXPECT_TRUE(out.claim(4).empty());
    EXPECT_EQ(out.claim(3).size(), 3U);
    out.commit(0);
    EXPECT_EQ(out.unsent(), 5U);
    out.pump(io, kOne);
    EXPECT_TRUE(out.append(as_bytes("12345678"))) << "a half of its own";
    EXPECT_EQ(out.waiting(), 8U);
    EXPECT_EQ(out.unsent(), 13U);
  }
}

TEST(SendBuffer, ForgetsEverythingWithItsConnection) {
  NotingIo io;
  SendBuffer out(8);
  ASSERT_TRUE(out.append(as_bytes("old")));
  out.pump(io, kOne);
  ASSERT_TRUE(out.append(as_bytes("older")));
  out.reset();
  EXPECT_TRUE(out.idle());
  ASSERT_TRUE(out.append(as_bytes("new")));
  EXPECT_TRUE(out.pump(io, kOne));
  EXPECT_EQ(as_text(io.asked), "new");
}

TEST(SendBuffer, WhateverPartIsTakenNothingIsLostDoubledOrSwapped) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    NotingIo io;
    SendBuffer out(64, round % 2 == 0 ? SendBuffer::Memory::kAtStart : SendBuffer::Memory::kGrows);
    std::string given;
    for (int step = 0; step < 200; ++step) {
      const std::string more(random.below(40), static_cast<char>('a' + step % 26));
      if (random.below(2) == 0) {
        if (out.append(as_bytes(more))) given += more;
      } else if (const MutableBytes room = out.claim(more.size()); room.size() == more.size()) {
        std::copy(more.begin(), more.end(), reinterpret_cast<char*>(room.data()));
        out.commit(more.size());
        given += more;
      }
      out.pump(io, kOne);
      if (!io.asked.empty() && random.below(3) > 0) {
        const std::size_t part = random.below(static_cast<std::uint32_t>(io.asked.size()) + 1);
        io.take(out, part);
      }
      if (random.below(3) == 0) out.on_writable();
      ASSERT_EQ(io.taken + std::string(given, io.taken.size(), out.unsent()), given);
    }
  }
}

}  // namespace
}  // namespace cti::core
