// line_house.hpp - a LineCore with its outputs, sessions that ask it, a reader of its log, and the books that must balance.
//
// Books    every ask is answered once, in its own kind, by the time that its deadlines have passed; what goes to the CTI
//          Server can be read without a doubt; the log's records are whole, their numbers have no gap, and folded
//          they are the map, as are the records of each image at its position; tables and memory keep to their bounds.
// Threads  one; time is a number.
#pragma once

#include "broker/fanout/log_follower.hpp"
#include "broker/line_core.hpp"
#include "core/base/bytes.hpp"
#include "tests/fuzz/found.hpp"
#include "tests/fuzz/same_objects.hpp"
#include "tests/unit/broker/null_io.hpp"
#include "wire/ged188_table.hpp"
#include "wire/mhdr.hpp"
#include "wire/object_key.hpp"
#include "wire/object_table.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cti::fuzz {

namespace ged = wire::ged188;

/// Takes what is sent, whole and at once.
class CtiSocket final : public broker::NullIo {
 public:
  CtiSocket() : NullIo(1) {}
  void send(core::ConnectionId, Bytes bytes) override {
    sent.insert(sent.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::byte> sent;
};

class LineHouse {
 public:
  static constexpr std::size_t kSessions = 5;  ///< the last is a reactor's own, with the number 0
  static constexpr std::size_t kLogBytes = 128 * 1024;
  static constexpr std::uint32_t kPeripheral = 5000;

  /// What went to the CTI Server and waits for an answer.
  struct Question {
    std::uint32_t type = 0;
    std::uint32_t invoke_id = 0;
  };

  explicit LineHouse(const broker::LineConfig& config_)
      : config(config_),
        upstream(config.link.send_buffer_bytes, config.link.version),
        tells(0, {&fanout_}, 4),
        core(config, {*log_, {7, 1, 0}, upstream, tells, status}, {}),
        folded_({.objects_max = 4096, .bytes_max = 1U << 24U}) {
    for (std::uint32_t i = 0; i + 1 < kSessions; ++i)
      sessions_[i] = {.fanout = 0, .connection = {i, 1}, .session_number = ++numbers_};
  }

  // ---- the session with the CTI Server ----
  void link_up() {
    if (upstream.up() || stopped_) return;
    upstream.set_state(broker::Upstream::State::kOpen);
    core.step(broker::input::LinkUp{now, 0, true, links_++ % 2});
    look();
  }
  void link_trying() {
    if (!upstream.up() && links_ == 0) upstream.set_state(broker::Upstream::State::kTrying);
  }
  void link_down() {
    if (!upstream.up()) return;
    upstream.set_state(broker::Upstream::State::kDown);
    upstream.set_cause({"lost"});
    upstream.out().reset();
    core.step(broker::input::LinkDown{now});
    look();
  }
  void frame(Bytes whole) {
    if (!upstream.up()) return;
    trace("<", whole);
    core.step(broker::input::Frame{now, load_be<std::uint32_t>(whole.data() + 4),
                                   whole.subspan(ged::limits::kHeaderBytes)});
    look();
  }
  /// The CTI Server takes what was sent to it, unless it is deaf.
  void take_upstream() {
    if (deaf || !upstream.up()) return;
    upstream.out().pump(socket_, {0, 1});
    if (socket_.sent.empty()) return;
    upstream.out().on_sent(socket_.sent.size());
    ged::FrameCutter cutter;
    const auto cut = cutter.feed(socket_.sent, [this](const ged::Frame& sent) { asked(sent); });
    if (!cut.ok() || cutter.held_bytes() != 0) found("what goes to the CTI Server is no frame");
    socket_.sent.clear();
  }

  // ---- time ----
  void tick(Nanos later) {
    now = now + later;
    core.step(broker::input::Tick{now, clients});
    look();
    core.publish();
    tells.publish(0);
    take_upstream();
    read();
    judge();
  }

  // ---- sessions ----
  broker::SessionRef& session(std::size_t index) { return sessions_[index]; }
  void ask(std::size_t index, broker::AskKind kind, std::uint64_t id, std::uint64_t token,
           std::uint32_t request, Bytes arguments) {
    broker::Ask ask;
    ask.kind = kind;
    ask.from = sessions_[index];
    ask.request_id = id;
    ask.token = token;
    ask.request = request;
    ask.arguments.assign(arguments.begin(), arguments.end());
    Book& book = books_[{ask.from.session_number, kind, id}];
    if (ask.from.session_number == 0 && book.asked > book.told) return;  // one at a time
    ++book.asked;
    core.step(broker::input::Asked{now, std::move(ask)});
    look();
  }
  /// The session in this place ends; the next one begins there.
  void renew(std::size_t index, const broker::Principal& who) {
    broker::SessionRef& ref = sessions_[index];
    if (ref.session_number == 0) return;
    end_session(ref);
    ref.connection.generation += 1;
    ref.session_number = ++numbers_;
    ref.who = who;
  }

  /// The reader stands still: the log is held where it has come to.
  void stall(bool on) { stalled_ = on; }

  /// All that was asked has been answered.
  std::string unanswered() const {
    std::string open;
    for (const auto& [key, book] : books_) {
      if (book.told == 0)
        open += "session " + std::to_string(key.session) + " kind " +
                std::to_string(static_cast<int>(key.kind)) + " id " + std::to_string(key.id) + "\n";
    }
    return open;
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    link_down();
    upstream.set_state(broker::Upstream::State::kDown);
    core.step(broker::input::Stop{now});
  }

  const broker::LineConfig config;
  broker::LineStatus status;
  broker::Upstream upstream;

 private:
  std::unique_ptr<ring::EventLog> log_ =
      std::move(ring::EventLog::create({.bytes = kLogBytes, .gates = 1})).value();
  broker::FanoutShared fanout_{0, 1, {.tells_per_pair = 8}};

 public:
  broker::TellOut tells;
  broker::LineCore core;
  TimePoint now{Seconds{1}};
  std::optional<std::uint32_t> clients;
  bool deaf = false;
  std::deque<Question> questions;  ///< the newest last, 32 at most
  bool session_cut = false;        ///< some session was

 private:
  struct Entry {
    std::uint64_t session = 0;
    broker::AskKind kind{};
    std::uint64_t id = 0;
    auto operator<=>(const Entry&) const = default;
  };
  struct Book {
    std::uint32_t asked = 0;
    std::uint32_t told = 0;
  };

  /// As the line does after every step.
  void look() {
    if (core.reset_wished() != broker::ResetCause::kNone) {
      if (!upstream.up()) found("a reset without a session");
      resets |= 1U << static_cast<unsigned>(core.reset_wished());
      link_down();
    }
    if (core.pending() > std::bit_ceil(config.pending_max)) found("more pending than may be");
    if (core.map().agents() > config.agents_max || core.map().calls() > config.calls_max)
      found("more objects than may be");
  }

  /// RINGSIDE_TRACE=1: what passes, for reading a finding.
  void trace(const char* way, Bytes frame) const {
    static const bool on = std::getenv("RINGSIDE_TRACE") != nullptr;
    if (!on) return;
    const ged::DecodedMessage message = ged::decode_table(frame, config.link.version);
    std::fprintf(stderr, "%.3f %s %s", static_cast<double>(now.since_start.count()) / 1e9, way,
                 message.name.c_str());
    for (const auto* fields : {&message.fixed, &message.floating}) {
      for (const ged::DecodedField& field : *fields) {
        const bool number = ged::width_of(field.type) != 0;
        if (number ? field.value.number != 0 : !field.value.text.empty())
          std::fprintf(
              stderr, " %s=%s", field.name.c_str(),
              number ? std::to_string(field.value.number).c_str() : field.value.text.c_str());
      }
    }
    std::fprintf(stderr, "%s\n", message.error ? " (broken)" : "");
  }

  void asked(const ged::Frame& sent) {
    trace(">", sent.whole);
    // Leniently: values that the CTI Server itself has named go back as they are.
    const ged::DecodedMessage message = ged::decode_table(sent.whole, config.link.version);
    if (message.refusal || message.error)
      found("what goes to the CTI Server cannot be read",
            message.error ? message.error->text() : message.refusal->text());
    Question question{sent.message_type, 0};
    if (sent.body.size() >= 4) question.invoke_id = load_be<std::uint32_t>(sent.body.data());
    questions.push_back(question);
    if (questions.size() > 32) questions.pop_front();
  }

  void end_session(const broker::SessionRef& ref) {
    broker::Ask gone;
    gone.kind = broker::AskKind::kSessionGone;
    gone.from = ref;
    core.step(broker::input::Asked{now, std::move(gone)});
    drop_books(ref.session_number);
  }
  void drop_books(std::uint64_t number) {
    std::erase_if(books_, [number](const auto& one) { return one.first.session == number; });
  }

  // ---- the reader ----
  void read() {
    follow();
    const auto follow_to = [this](ring::Position) {
      follow();
      return follower_.read();
    };
    fanout_.tells[0]->take_due(64, follow_to, [this](broker::Tell&& tell) { told(tell); });
  }

  void follow() {
    if (stalled_) return;
    std::uint32_t records = 0;
    const auto end = follower_.follow(
        log_->tail(), 64 * 1024, std::size_t{1} << 20U, records,
        [this](Bytes bytes) {
          record(bytes);
          return true;
        },
        [](ring::Position) {});
    if (end == broker::LogFollower::End::kLapped) found("lapped, though it holds the log");
  }

  void record(Bytes bytes) {
    const auto update = wire::UpdateView::check(bytes);
    if (!update) found("a record that is none", describe(update.error()));
    if (update->id() != ++sequence_) found("a gap in the log");
    if (const auto applied = folded_.apply(*update); !applied)
      found("a record that does not fold", std::string(name_of(applied.error().fault)));
  }

  void told(const broker::Tell& tell) {
    using broker::TellKind;
    if (tell.kind == TellKind::kCut) {
      return was_cut(tell.to.session_number);
    }
    look_into(tell);
    if (tell.kind == TellKind::kPrivateEvent) return;
    const broker::AskKind kind = tell.kind == TellKind::kReply       ? broker::AskKind::kRequest
                                 : tell.kind == TellKind::kAgentMode ? broker::AskKind::kAgentMode
                                                                     : broker::AskKind::kSnapshot;
    const auto at = books_.find({tell.to.session_number, kind, tell.request_id});
    if (at == books_.end()) {
      for (const broker::SessionRef& session : sessions_) {
        if (session.session_number == tell.to.session_number && session.session_number != 0)
          found("an answer that nobody asked for");
      }
      return;  // for one that has gone
    }
    if (++at->second.told > at->second.asked) found("two answers to one ask");
  }

  /// As the reactor does: the session ends; what it asked for itself it may ask again.
  void was_cut(std::uint64_t number) {
    session_cut = true;
    if (number == 0) return drop_books(0);
    for (std::size_t i = 0; i < kSessions; ++i) {
      if (sessions_[i].session_number == number) return renew(i, sessions_[i].who);
    }
  }

  void look_into(const broker::Tell& tell) {
    for (std::size_t at = 0; at < tell.frames.size();) {
      const std::size_t bytes = wire::frame_length(tell.frames.data() + at);
      if (bytes == 0 || at + bytes > tell.frames.size()) found("a tell of torn frames");
      const Bytes frame = Bytes(tell.frames).subspan(at, bytes);
      at += bytes;
      const bool whole = tell.kind == broker::TellKind::kReply ? wire::ReplyView::check(frame).ok()
                         : tell.kind == broker::TellKind::kPrivateEvent
                             ? wire::PrivateEventView::check(frame).ok()
                             : wire::SubscribedView::check(frame).ok();
      if (!whole) found("a tell of broken frames");
    }
    if (!tell.image) return;
    if (tell.after_log_position < tell.image->log_position) found("an image before its records");
    wire::ObjectTable image({.objects_max = 4096, .bytes_max = 1U << 24U});
    for (std::size_t at = 0; at < tell.image->bytes.size();) {
      const std::size_t bytes = wire::frame_length(tell.image->bytes.data() + at);
      const auto update = wire::UpdateView::check(Bytes(tell.image->bytes).subspan(at, bytes));
      if (!update || !image.apply(*update)) found("an image of broken records");
      at += bytes;
    }
    const bool all = tell.kind == broker::TellKind::kSnapshot && tell.agent_key == 0;
    if (!all || tell.image->position.sequence != sequence_) return;
    if (const std::string differs = difference(image, folded_); !differs.empty())
      found("an image is not what the records before it make", differs);
  }

  void judge() {
    if (stalled_ || core.held_back()) return;
    if (sequence_ != core.position().sequence) found("records that are nowhere");
    if (std::exchange(judged_, sequence_) == sequence_) return;
    if (folded_.exact_digest() != core.map().properties().exact_digest())
      found("the log, folded, is not the map");
  }

 public:
  unsigned resets = 0;  ///< bit n: ResetCause n has been wished

 private:
  CtiSocket socket_;
  std::array<broker::SessionRef, kSessions> sessions_;
  std::map<Entry, Book> books_;
  std::uint64_t numbers_ = 0;
  std::uint32_t links_ = 0;
  bool stopped_ = false;
  bool stalled_ = false;
  broker::LogFollower follower_{*log_, log_->gate(0), true};
  std::uint64_t sequence_ = 0;
  std::uint64_t judged_ = 0;  // up to here the log was the map
  wire::ObjectTable folded_;
};

}  // namespace cti::fuzz
