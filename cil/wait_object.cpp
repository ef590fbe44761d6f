// wait_object.cpp - the mask of a wait object; the waiting itself is the session core's.
#include "cil/wait_object.hpp"

#include "cil/detail/engine/session_core.hpp"

#include <algorithm>
#include <utility>

namespace cti::cil {
namespace {

constexpr int kMaskMax = 256;  // more than there are events

}  // namespace

CWaitObject::CWaitObject(std::weak_ptr<detail::SessionCore> core)
    : core_(std::move(core)), waiter_(std::make_shared<detail::Waiter>()) {}
CWaitObject::~CWaitObject() = default;

std::string CWaitObject::DumpEventMask() const {
  const std::lock_guard lock(waiter_->mutex);
  std::string text;
  for (const int event : waiter_->mask) text += (text.empty() ? "" : ", ") + std::to_string(event);
  return text;
}

bool CWaitObject::GetMask(Arguments* pMask) const {
  if (!pMask) return false;
  const std::lock_guard lock(waiter_->mutex);
  int number = 0;
  for (const int event : waiter_->mask) pMask->AddItem("Event" + std::to_string(++number), event);
  return true;
}

bool CWaitObject::SetMask(const Arguments& args) {
  std::vector<int> mask;
  for (int i = 1; i <= kMaskMax + 1 && args.IsValid("Event" + std::to_string(i)); ++i) {
    int event = eUnknownEvent;
    if (!args.GetValueInt("Event" + std::to_string(i), &event) || event == eUnknownEvent)
      return false;
    mask.push_back(event);
  }
  if (mask.empty() || mask.size() > kMaskMax) return false;
  const std::lock_guard lock(waiter_->mutex);
  waiter_->mask = std::move(mask);
  waiter_->pending.clear();
  return true;
}

bool CWaitObject::InMask(int iEventId) const {
  const std::lock_guard lock(waiter_->mutex);
  return std::find(waiter_->mask.begin(), waiter_->mask.end(), iEventId) != waiter_->mask.end();
}

int CWaitObject::GetTriggerEvent() const {
  const std::lock_guard lock(waiter_->mutex);
  return waiter_->trigger;
}

WaitResult CWaitObject::WaitOnMultipleEvents(int Milliseconds) {
  const auto session = core_.lock();
  return session ? session->wait(*waiter_, Milliseconds) : WAIT_FAILED;
}

}  // namespace cti::cil
