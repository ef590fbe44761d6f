// session_core.cpp - requests from any thread into the queue, and waiting for events.
#include "cil/detail/engine/session_core.hpp"

#include "cil/detail/engine/turn_owner.hpp"
#include "cil/detail/objects/convert.hpp"
#include "core/base/check.hpp"
#include "wire/served.hpp"

#include <algorithm>
#include <chrono>

namespace cti::cil::detail {

using wire::RequestId;

bool works(RequestId request) noexcept { return wire::served(request); }

std::shared_ptr<SessionCore> make_core(std::shared_ptr<core::Io> io, bool own_thread,
                                       const SessionLimits& limits) {
  auto made = std::make_shared<SessionCore>(std::move(io), own_thread, limits);
  made->objects_ = std::make_unique<Objects>(
      made, wire::ObjectTableLimits{limits.objects_max, limits.object_bytes_max});
  return made;
}

SessionCore::SessionCore(std::shared_ptr<core::Io> io, bool own_thread, const SessionLimits& limits)
    : io_(std::move(io)), own_thread_(own_thread), limits_(limits) {}

int SessionCore::State::may_act() const noexcept {
  if (word.is(Standing::kConnected)) return CIL_OK;
  const bool away = word.is(Standing::kFailover) || word.is(Standing::kQuiet);
  return away ? E_CTIOS_IN_FAILOVER : E_CTIOS_INVALID_SESSION;
}

bool SessionCore::State::count(Request& request) noexcept {
  const std::size_t bytes = request.arguments.size();
  if (requests >= kRequestsMax || request_bytes + bytes > kRequestBytesMax) return false;
  ++requests;
  request_bytes += bytes;
  request.id = next_request++;
  return true;
}

void SessionCore::State::uncount(const Request& request) noexcept {
  CTI_CHECK(requests > 0 && request_bytes >= request.arguments.size());
  --requests;
  request_bytes -= request.arguments.size();
}

void SessionCore::State::invariants() const {
  CTI_CHECK(requests <= kRequestsMax && request_bytes <= kRequestBytesMax);
  CTI_CHECK(work.size() <= kWorkMax);
  CTI_CHECK(requests > 0 || request_bytes == 0);
  CTI_CHECK(mode == eAgentConnection || !agent);
  CTI_CHECK(mode != eNotConnected || (agent_id.empty() && call_id.empty()));
  CTI_CHECK(mode == eAgentConnection || !watching.any());
  CTI_CHECK(mode != eNotConnected || !statistics.any());
  if (!word.is(Standing::kDisconnected) && !word.is(Standing::kConnectAsked)) return;
  CTI_CHECK(mode == eNotConnected && work.empty() && requests == 0);  // nothing outlives a life
}

std::optional<wire::Arguments> mode_arguments(const Arguments& args, std::size_t beside) {
  // It is asked for again after every loss, with as many positions, and whom it watches, as there are by then.
  std::vector<std::byte> buffer(
      wire::limits::kClientFrameBytesMax - wire::SubscribeView::kFixedBytes -
      wire::limits::kPositionsMax * wire::kPositionBytes - beside);
  wire::ArgumentsWriter writer(buffer);
  write(args, writer);
  const Bytes block = writer.finish();
  if (!writer.ok()) return std::nullopt;
  return wire::Arguments(wire::ArgumentsView::trusted(block));
}

int SessionCore::submit(RequestId request, const Arguments& args) {
  Request made;
  made.request = request;
  return submit(std::move(made), args);
}

int SessionCore::submit_to(const std::string& target, RequestId request, const Arguments& args,
                           bool login) {
  Request made;
  made.request = request;
  made.target = target;
  made.of_mode = true;
  made.login = login;
  return submit(std::move(made), args);
}

int SessionCore::submit(Request made, const Arguments& args) {
  CTI_CHECK(made.of_mode || made.target.empty());
  if (!works(made.request)) return E_CTIOS_METHOD_NO_IMPLEMENTED;
  const auto may_ask = [&](const State& state) -> int {
    if (const int refused = state.may_act(); refused != CIL_OK) return refused;
    return state.mode == eNotConnected && made.of_mode ? E_CTIOS_MODE_NOT_SET : CIL_OK;
  };
  if (const int refused = with(may_ask); refused != CIL_OK) return refused;
  // Room for the frame's head; the target is written behind the program's own arguments.
  std::vector<std::byte> buffer(wire::limits::kClientFrameBytesMax -
                                wire::RequestView::kFixedBytes);
  wire::ArgumentsWriter writer(buffer);
  write(args, writer);
  if (!made.target.empty()) writer.add_string(wire::Keyword::UniqueObjectID, made.target);
  const Bytes block = writer.finish();
  if (!writer.ok()) return E_CTIOS_INVALID_ARGUMENT;
  made.arguments.assign(block.begin(), block.end());
  return act([&](State& state) -> int {
    if (const int refused = may_ask(state); refused != CIL_OK) return refused;
    if (!state.room() || !state.count(made)) return E_CTIOS_SERVICE_SEND_MESSAGE_FAILED;
    state.work.emplace_back(std::move(made));
    return CIL_OK;
  });
}

bool SessionCore::take_work(Work* work) {
  const std::lock_guard lock(mutex_);
  const SessionState& word = state_.word;
  if (word.is(Standing::kDisconnectAsked) || word.is(Standing::kAnewAsked)) return false;
  if (state_.work.empty()) return false;
  *work = std::move(state_.work.front());
  state_.work.pop_front();
  return true;
}

void SessionCore::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool SessionCore::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

CWaitObject* SessionCore::make_wait_object(const Arguments& mask) {
  Ref<CWaitObject> made(new CWaitObject(weak_from_this()));
  if (!made->SetMask(mask) || !dispatcher_.add_waiter(made->waiter_)) return nullptr;
  made->AddRef();
  return made.get();
}

WaitResult SessionCore::wait(Waiter& waiter, int milliseconds) {
  if (dispatcher_.inside_handler()) return WAIT_FAILED;
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + std::chrono::milliseconds(std::max(milliseconds, 0));
  const auto take = [&] {
    waiter.trigger = eUnknownEvent;
    if (waiter.pending.empty()) return false;
    waiter.trigger = waiter.pending.front();
    waiter.pending.pop_front();
    return true;
  };
  const auto come = [&] { return waiter.closed || !waiter.pending.empty(); };
  std::unique_lock lock(waiter.mutex);
  if (own_thread_) {
    if (milliseconds < 0) {
      waiter.signalled.wait(lock, come);
    } else {
      waiter.signalled.wait_until(lock, end, come);
    }
    if (take()) return EVENT_SIGNALED;
    return waiter.closed ? WAIT_FAILED : EVENT_WAIT_TIMEDOUT;
  }
  for (;;) {  // the caller's loop: unless another thread runs it, nobody but us can bring the event
    if (take()) return EVENT_SIGNALED;
    if (waiter.closed) return WAIT_FAILED;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
    if (milliseconds >= 0 && left.count() <= 0) return EVENT_WAIT_TIMEDOUT;
    lock.unlock();
    if (!drive || stopped()) return WAIT_FAILED;
    const auto most = milliseconds < 0 ? Millis(1000) : Millis(left);
    const bool ran = drive(most);
    lock.lock();
    if (!ran) waiter.signalled.wait_for(lock, std::min(most, kLookAgain), come);
  }
}

}  // namespace cti::cil::detail
