// line.cpp - one turn of a line, from the Io's completions to the bells of those who read what came of them.
#include "broker/line.hpp"

#include "broker/meet/admission.hpp"
#include "broker/meet/turn.hpp"
#include "core/base/preempt.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

namespace cti::broker {

Line::Line(const LineConfig& config, LineShared& shared, std::vector<FanoutShared*> fanouts,
           core::Io& io, const RendezvousLimits& limits, core::Random random, Say say)
    : limits_(limits),
      shared_(shared),
      io_(io),
      random_(random),
      completions_(kCompletionsPerTurn),
      upstream_(config.link.send_buffer_bytes, config.link.version),
      link_(config.link, random_, shared.status, upstream_, say),
      tells_(shared.index, std::move(fanouts), limits.tell_backlog_per_fanout),
      core_(config,
            {shared.log, shared.start, upstream_, tells_, shared.status, shared.side.get(),
             limits.side_spill_bytes},
            std::move(say)) {}

Line::~Line() = default;

void Line::start() {
  CTI_CHECK(!started_);
  started_ = true;
  shared_.status.set_driver_online(true);
  link_.start(io_, now());
}

void Line::stop() {
  if (stopped_) return;
  stopped_ = true;
  link_.stop(now());
  core_.step(input::Stop{now()});
  shared_.status.set_driver_online(false);
  end_turn();
}

std::uint32_t Line::turn(TimePoint deadline) {
  const TimePoint until = before_wait(deadline);
  const std::size_t count = io_.wait(completions_, until);
  CTI_CHECK(count <= completions_.size());
  after_wait({completions_.data(), count});
  return static_cast<std::uint32_t>(count) + work();
}

/// Announce, look once more, sleep: see ring/doorbell.hpp. Who will not sleep does not say so: a bell is a system call of
/// the reactor's that rings it.
TimePoint Line::before_wait(TimePoint deadline) {
  CTI_CHECK(started_);
  wait_began_ = io_.now();
  wait_ends_ = std::min(deadline, next_deadline());
  const auto busy = [this] { return !shared_.asks.empty() || tells_.waiting(); };
  if (wait_ends_ <= wait_began_ || busy()) return wait_ends_ = wait_began_;
  shared_.bell.announce();
  may_be_preempted();
  if (busy()) wait_ends_ = wait_began_;
  return wait_ends_;
}

void Line::after_wait(std::span<const core::Completion> completions) {
  shared_.bell.awake();
  if (!completions.empty()) shared_.latency.begin_turn(io_.now());
  if (time_.waited(wait_began_, wait_ends_, io_.now(), io_.counters().stops)) {
    ++stops_survived_;
    link_.after_stop(now());
  }
  for (const core::Completion& completion : completions) on_completion(completion);
}

std::uint32_t Line::work() {
  const std::size_t asks = shared_.asks.drain(limits_.asks_per_turn, [this](Ask&& ask) {
    core_.step(input::Asked{now(), std::move(ask)});
  });
  on_link_event(link_.on_clock(now()));
  tick();
  end_turn();
  return static_cast<std::uint32_t>(asks);
}

void Line::tick() {
  std::optional<std::uint32_t> clients;
  if (shared_.admission != nullptr && !stopped_) clients = shared_.admission->sessions();
  core_.step(input::Tick{now(), clients});
  look_after_reset();
}

void Line::end_turn() {
  const auto& fanouts = tells_.fanouts();
  const auto publish = [this] {
    const bool news = core_.publish();
    if (news) shared_.latency.published(shared_.log.tail());
    return news;
  };
  shared_.status.set_serving(core_.ready());
  show(publish, tells_, fanouts.size(), [&](std::size_t i) { fanouts[i]->wake(); });
  shared_.latency.end_turn();
  link_.set_receiving(!core_.held_back());
  link_.flush();
}

TimePoint Line::next_deadline() const {
  const TimePoint next = time_.io(std::min(link_.next_deadline(), core_.next_deadline()));
  // A gate that opens tells nobody: look again soon.
  return core_.held_back() ? std::min(next, io_.now() + Millis{1}) : next;
}

void Line::on_completion(const core::Completion& completion) {
  if (!link_.owns(completion.connection)) return;
  if (shared_.trace.on()) [[unlikely]]
    trace(completion);
  if (completion.event != core::IoEvent::kReceived)
    return on_link_event(link_.on_completion(completion, now()));
  try {
    receive(completion.bytes);
  } catch (const std::bad_alloc&) {
    // In the middle of a frame: nobody knows where the next one begins.
    on_link_event(link_.give_up(ResetCause::kNoMemory, "is left: no memory for a frame", now()));
  }
}

void Line::trace(const core::Completion& completion) noexcept {
  TraceHead head{.wall = io_.wall(), .session = completion.connection.packed()};
  if (completion.event == core::IoEvent::kReceived)
    return shared_.trace.put(head, completion.bytes);
  if (completion.event != core::IoEvent::kSent) return;
  head.kind = TraceKind::kToCtiServer;
  const Bytes sending = upstream_.out().bytes_in_flight();
  shared_.trace.put(head, sending.first(std::min<std::size_t>(sending.size(), completion.sent)));
}

void Line::receive(Bytes bytes) {
  on_link_event(link_.receive(
      bytes, now(),
      [this] {
        core_.step(input::LinkUp{now(), link_.pg_status(), link_.peripheral_online(),
                                 shared_.status.side(), link_.services_granted()});
        look_after_reset();
      },
      [this](std::uint32_t message_type, Bytes body) {
        core_.step(input::Frame{now(), message_type, body});
        look_after_reset();
      }));
}

void Line::on_link_event(LinkEvent event) {
  if (event == LinkEvent::kDown) core_.step(input::LinkDown{now()});
}

/// The core has had enough of this session.
void Line::look_after_reset() {
  if (core_.reset_wished() == ResetCause::kNone) return;
  on_link_event(link_.give_up(core_.reset_wished(), core_.reset_why(), now()));
  CTI_CHECK(core_.reset_wished() == ResetCause::kNone);
}

}  // namespace cti::broker
