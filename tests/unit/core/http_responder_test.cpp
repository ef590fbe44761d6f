// http_responder_test.cpp - pages over the simulated network: what is answered, and what is not waited for.
#include "core/http_responder.hpp"

#include "core/random.hpp"
#include "core/sim_io.hpp"
#include "core/sim_world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cti::core {
namespace {

constexpr const char* kServer = "10.0.0.1";

/// A client that sends what it is told and collects what comes.
class Browser {
 public:
  Browser(SimNetwork& network, SimWorld& world, const std::string& host)
      : io_(network.make_io(host)), world_(world) {
    actor_ = world.add(host, [this](TimePoint deadline) { return turn(deadline); });
    connection_ = io_->connect({kServer, 9100});
  }
  ~Browser() { world_.remove(actor_); }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  void send(std::string text) {
    unsent_ += text;
    flush();
  }
  /// Takes so many bytes of the answer, then no more.
  void read_only(std::size_t bytes) { reads_ = bytes; }
  std::string answer;
  bool closed = false;
  std::int32_t error = 0;

 private:
  void flush() {
    if (!connected_ || busy_ || closed || unsent_.empty()) return;
    sending_ = std::move(unsent_);
    unsent_.clear();
    busy_ = true;
    io_->send(connection_, as_bytes(sending_));
  }
  std::uint32_t turn(TimePoint deadline) {
    std::array<Completion, 16> done;
    const std::size_t count = io_->wait(done, deadline);
    for (std::size_t i = 0; i < count; ++i) {
      if (done[i].event == IoEvent::kConnected) connected_ = true;
      if (done[i].event == IoEvent::kSent) busy_ = false;
      if (done[i].event == IoEvent::kClosed) closed = true, error = done[i].error;
      if (done[i].event == IoEvent::kReceived) answer += to_text(done[i].bytes);
      if (answer.size() >= reads_) io_->set_receiving(connection_, false);
    }
    flush();
    return static_cast<std::uint32_t>(count);
  }
  static std::string to_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::unique_ptr<Io> io_;
  SimWorld& world_;
  SimWorld::ActorId actor_;
  ConnectionId connection_;
  std::string unsent_, sending_;
  std::size_t reads_ = SIZE_MAX;
  bool connected_ = false, busy_ = false;
};

struct HttpTest : testing::Test {
  HttpTest() : network(1, {}), world(network, 1) {
    io = network.make_io(kServer, HttpResponder::io_limits());
    responder = std::make_unique<HttpResponder>(
        *io, [this](std::string_view path) -> std::optional<HttpPage> {
          asked = path;
          if (path == "/memory") throw std::bad_alloc();
          if (path == "/metrics") return HttpPage{200, "text/plain", big};
          if (path == "/readyz") return HttpPage{503, "text/plain", "not yet\n"};
          return std::nullopt;
        });
    EXPECT_TRUE(responder->listen({kServer, 9100}).ok());
    world.add(kServer, [this](TimePoint deadline) { return responder->turn(deadline); });
  }
  std::string get(const std::string& request) {
    Browser browser(network, world, "10.0.0.2");
    browser.send(request);
    EXPECT_TRUE(world.run_until([&] { return browser.closed; }, network.now() + Seconds{20}));
    return browser.answer;
  }
  SimNetwork network;
  SimWorld world;
  std::string big = "ringside_x_total 1\n";
  std::string asked;
  std::unique_ptr<Io> io;
  std::unique_ptr<HttpResponder> responder;
};

TEST_F(HttpTest, AnswersAGetWithItsPageAndCloses) {
  const std::string answer = get("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Length: 19\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nringside_x_total 1\n"));
  EXPECT_EQ(asked, "/metrics");
  EXPECT_TRUE(world.run_until([&] { return responder->open() == 0; }, network.now() + Seconds{5}));
}

TEST_F(HttpTest, SaysWhatItDoesNotHaveAndDoesNotDo) {
  EXPECT_TRUE(get("GET /x HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(get("GET /readyz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 503 "));
  const std::string post = get("POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(post.starts_with("HTTP/1.1 405 ")) << post;
  EXPECT_NE(post.find("Allow: GET\r\n"), std::string::npos);
  for (const char* text :
       {"x\r\n\r\n", "GET\r\n\r\n", "GET /metrics\r\n\r\n", "\r\n\r\n", " \r\n\r\n", "  \r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n", " /metrics HTTP/1.1\r\n\r\n", "GET /metrics SIP/2.0\r\n\r\n"}) {
    EXPECT_TRUE(get(text).starts_with("HTTP/1.1 400 ")) << text;
  }
}

TEST_F(HttpTest, BoundsTheHeader) {
  EXPECT_TRUE(get("GET /metrics HTTP/1.1\r\nX: " + std::string(8000, 'x') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(
      get("GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x')).starts_with("HTTP/1.1 431 "));
}

TEST_F(HttpTest, DoesNotWaitForARequestThatDripsIn) {
  Browser browser(network, world, "10.0.0.2");
  browser.send("GET /met");
  const TimePoint begun = network.now();
  for (int i = 0; i < 4; ++i) {
    world.run_for(Millis{450});
    browser.send("r");
  }
  EXPECT_TRUE(world.run_until([&] { return browser.closed; }, network.now() + Seconds{20}));
  EXPECT_LE(network.now() - begun, Nanos(Millis{2500})) << "2 s for the whole of it";
  EXPECT_TRUE(browser.answer.empty());
}

TEST_F(HttpTest, SendsAPageThatIsLongerThanASocketHolds) {
  big.assign(3'000'000, 'y');
  const std::string answer = get("GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, big.size());
}

TEST_F(HttpTest, SixteenIdleConnectionsDoNotShutOthersOutForLongerThanTheirTime) {
  std::vector<std::unique_ptr<Browser>> idle;
  for (int i = 0; i < 40; ++i)
    idle.push_back(std::make_unique<Browser>(network, world, "10.0.1." + std::to_string(i + 1)));
  world.run_for(Millis{100});
  EXPECT_LE(responder->open(), std::size_t{HttpResponder::kConnectionsMax});
  world.run_for(Millis{2500});
  EXPECT_EQ(responder->open(), 0U);
  EXPECT_TRUE(get("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

/// The page fills the socket's buffers, and nobody empties them.
TEST_F(HttpTest, DoesNotWaitForAReaderThatStops) {
  big.assign(3'000'000, 'y');
  Browser browser(network, world, "10.0.0.2");
  browser.read_only(1000);
  browser.send("GET /metrics HTTP/1.1\r\n\r\n");
  world.run_for(Millis{100});
  EXPECT_EQ(responder->open(), 1U);
  world.run_for(Millis{2500});
  EXPECT_EQ(responder->open(), 0U);
}

TEST_F(HttpTest, M3_APageThatFindsNoMemoryCostsItsConnectionOnly) {
  EXPECT_EQ(get("GET /memory HTTP/1.1\r\n\r\n"), "");
  EXPECT_TRUE(get("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

/// Whatever is said, in whatever pieces: an answer or an end, and the next one is served.
TEST_F(HttpTest, AnswersOrEndsWhateverIsSaid) {
  const std::string_view pieces[] = {
      "GET",      " ",    "/metrics", "\r\n", "\n",           "\r",    "HTTP/1.1",
      "\r\n\r\n", "POST", "?",        ":",    "\x16\x03\x01", "HTTP/", "xxxxxxxx"};
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::uint64_t n = random.next() % 12; n > 0; --n) {
      text += pieces[random.next() % std::size(pieces)];
      if (random.next() % 8 == 0) text += static_cast<char>(random.next() % 256);
      if (random.next() % 50 == 0) text.append(9000, 'x');
      if (random.next() % 16 == 0) text.push_back('\0');
    }
    Browser browser(network, world, "10.0.0.2");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random.next() % text.size();
      browser.send(text.substr(at, size));
      at += size;
      world.run_for(Millis{1});
    }
    EXPECT_TRUE(world.run_until([&] { return browser.closed; }, network.now() + Seconds{20}))
        << round;
  }
  EXPECT_TRUE(get("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(world.run_until([&] { return responder->open() == 0; }, network.now() + Seconds{5}));
}

}  // namespace
}  // namespace cti::core
