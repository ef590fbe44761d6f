#include "cil/detail/engine/session_core.hpp"

#include "cil/detail/objects/convert.hpp"

#include <algorithm>
#include <chrono>

namespace cti::cil::detail {

using wire::RequestId;

bool works(RequestId request) noexcept {
  constexpr RequestId kWorking[] = {
      RequestId::eSetAgentStateRequest,
      RequestId::eQueryAgentStateRequest,
      RequestId::eLoginRequest,
      RequestId::eLogoutRequest,
      RequestId::eMakeCallRequest,
      RequestId::eAnswerCallRequest,
      RequestId::eHoldCallRequest,
      RequestId::eRetrieveCallRequest,
      RequestId::eClearCallRequest,
      RequestId::eClearConnectionRequest,
      RequestId::eSetCallDataRequest,
      RequestId::eGlobalSettingsDownloadRequest,
      RequestId::eConsultationCallRequest,
      RequestId::eAlternateCallRequest,
      RequestId::eReconnectCallRequest,
      RequestId::eTransferCallRequest,
      RequestId::eConferenceCallRequest,
      RequestId::eSendDTMFSignalRequest,
      RequestId::eSnapshotCallRequest,
      RequestId::eListAgentTeamRequest,
  };
  return std::find(std::begin(kWorking), std::end(kWorking), request) != std::end(kWorking);
}

std::shared_ptr<SessionCore> make_core(std::shared_ptr<core::Io> io, bool own_thread) {
  auto made = std::make_shared<SessionCore>(std::move(io), own_thread);
  made->objects_ = std::make_unique<Objects>(made);
  return made;
}

SessionCore::SessionCore(std::shared_ptr<core::Io> io, bool own_thread)
    : io_(std::move(io)), own_thread_(own_thread) {}

int SessionCore::may_act() const {
  return with([](const State& state) -> int {
    switch (state.link) {
      case Link::kConnected:
        return CIL_OK;
      case Link::kFailover:
        return E_CTIOS_IN_FAILOVER;
      default:
        return E_CTIOS_INVALID_SESSION;
    }
  });
}

int SessionCore::submit(RequestId request, const Arguments& args, const std::string& target,
                        bool login) {
  if (!works(request)) return E_CTIOS_METHOD_NO_IMPLEMENTED;
  if (const int refused = may_act(); refused != CIL_OK) return refused;
  const bool mode = with([](const State& state) { return state.mode != eNotConnected; });
  if (!mode && !target.empty()) return E_CTIOS_MODE_NOT_SET;
  Request made;
  made.request = request;
  made.target = target;
  made.login = login;
  // Room for the frame's head; the target is written behind the program's own arguments.
  std::vector<std::byte> buffer(wire::limits::kClientFrameBytesMax -
                                wire::RequestView::kFixedBytes);
  wire::ArgumentsWriter writer(buffer);
  write(args, writer);
  if (!target.empty()) writer.add_string(wire::Keyword::UniqueObjectID, target);
  const Bytes block = writer.finish();
  if (!writer.ok()) return E_CTIOS_INVALID_ARGUMENT;
  made.arguments.assign(block.begin(), block.end());
  const bool full = with([&](State& state) {
    if (state.requests >= kRequestsMax) return true;
    ++state.requests;
    made.id = state.next_request++;
    return false;
  });
  if (full) return E_CTIOS_SERVICE_SEND_MESSAGE_FAILED;
  return post([made = std::move(made)](Engine& engine) { start(engine, made); })
             ? CIL_OK
             : E_CTIOS_INVALID_SESSION;
}

void SessionCore::finished() {
  with([](State& state) { --state.requests; });
}

bool SessionCore::post(Work work, bool ahead) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    if (ahead) {
      work_.push_front(std::move(work));
    } else {
      work_.push_back(std::move(work));
    }
  }
  wake();
  return true;
}

bool SessionCore::take_work(Work* work) {
  const std::lock_guard lock(mutex_);
  if (work_.empty()) return false;
  *work = std::move(work_.front());
  work_.pop_front();
  return true;
}

void SessionCore::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  work_.clear();
}

bool SessionCore::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

CWaitObject* SessionCore::make_wait_object(const Arguments& mask) {
  Ref<CWaitObject> made(new CWaitObject(weak_from_this()));
  if (!made->SetMask(mask)) return nullptr;
  dispatcher_.add_waiter(made->waiter_);
  made->AddRef();
  return made.get();
}

WaitResult SessionCore::wait(Waiter& waiter, int milliseconds) {
  if (dispatcher_.inside_handler()) return WAIT_FAILED;
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + std::chrono::milliseconds(std::max(milliseconds, 0));
  const auto take = [&] {
    waiter.trigger = std::exchange(waiter.pending, int{eUnknownEvent});
    return waiter.trigger != eUnknownEvent;
  };
  std::unique_lock lock(waiter.mutex);
  const auto slice = std::chrono::seconds(1);  // the session may be destroyed meanwhile
  if (own_thread_) {
    const auto came = [&] { return waiter.pending != eUnknownEvent; };
    while (!came() && (milliseconds < 0 || steady_clock::now() < end)) {
      if (stopped()) return WAIT_FAILED;
      const auto until = steady_clock::now() + slice;
      waiter.signalled.wait_until(lock, milliseconds < 0 ? until : std::min(until, end), came);
    }
    return take() ? EVENT_SIGNALED : EVENT_WAIT_TIMEDOUT;
  }
  for (;;) {  // the caller's loop: nobody but us can bring the event
    if (take()) return EVENT_SIGNALED;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
    if (milliseconds >= 0 && left.count() <= 0) return EVENT_WAIT_TIMEDOUT;
    lock.unlock();
    if (!drive || stopped()) return WAIT_FAILED;
    drive(milliseconds < 0 ? 1000 : static_cast<int>(left.count()));
    lock.lock();
  }
}

}  // namespace cti::cil::detail
