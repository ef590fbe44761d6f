// recorder.cpp - keeps the events that a client's session raises, and waits for the one that a test wants.
#include "tests/scenario/recorder.hpp"

#include "wire/event_id.hpp"

namespace cti::scenario {

int Seen::integer(const char* key) const {
  int value = -1;
  return args.GetValueInt(key, &value) ? value : -1;
}

std::string Seen::text(const char* key) const {
  std::string value;
  return args.GetValueString(key, &value) ? value : std::string();
}

std::uint32_t Seen::mask() const {
  unsigned int value = 0;
  if (args.GetValueUInt(CTIOS_ENABLEMENTMASK, &value)) return value;
  int number = 0;  // the guide types the mask as INT: its top bit makes it negative
  return args.GetValueInt(CTIOS_ENABLEMENTMASK, &number) ? static_cast<std::uint32_t>(number) : 0;
}

void Recorder::OnEvent(int iEventID, Arguments& rArgs) {
  auto seen = std::make_unique<Seen>();
  seen->id = iEventID;
  seen->args = rArgs;
  std::unique_lock lock(mutex_);
  seen_.push_back(std::move(seen));
  changed_.notify_all();
  changed_.wait(lock, [&] { return hold_at_ != iEventID; });
}

void Recorder::hold_at(int id) {
  const std::lock_guard lock(mutex_);
  hold_at_ = id;
}

void Recorder::release() {
  const std::lock_guard lock(mutex_);
  hold_at_ = 0;
  changed_.notify_all();
}

const Seen* Recorder::wait(int id, const Matches& matches, std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  std::unique_lock lock(mutex_);
  std::size_t at = mark_;
  while (true) {
    for (; at < seen_.size(); ++at) {
      if (seen_[at]->id != id || (matches && !matches(*seen_[at]))) continue;
      mark_ = at + 1;
      return seen_[at].get();
    }
    if (changed_.wait_until(lock, until) == std::cv_status::timeout && at == seen_.size()) {
      return nullptr;
    }
  }
}

const Seen* Recorder::find(int id, const Matches& matches) const {
  const int at = place(id, matches);
  const std::lock_guard lock(mutex_);
  return at < 0 ? nullptr : seen_[static_cast<std::size_t>(at)].get();
}

bool Recorder::none(int id, const Matches& matches) { return wait(id, matches, kQuiet) == nullptr; }

void Recorder::mark() {
  const std::lock_guard lock(mutex_);
  mark_ = seen_.size();
}

std::size_t Recorder::count(int id, const Matches& matches) const {
  const std::lock_guard lock(mutex_);
  std::size_t found = 0;
  for (const auto& seen : seen_) found += seen->id == id && (!matches || matches(*seen));
  return found;
}

int Recorder::place(int id, const Matches& matches) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i]->id == id && (!matches || matches(*seen_[i]))) return static_cast<int>(i);
  }
  return -1;
}

int Recorder::last_id() const {
  const std::lock_guard lock(mutex_);
  return seen_.empty() ? 0 : seen_.back()->id;
}

std::string Recorder::story() const {
  const std::lock_guard lock(mutex_);
  std::string story;
  for (const auto& seen : seen_) {
    story += std::string(wire::name_of(static_cast<wire::EventId>(seen->id))) + " {" +
             seen->args.DumpArgs() + "}\n";
  }
  return story;
}

Recorder::Matches about(std::string unique_object_id) {
  return [id = std::move(unique_object_id)](const Seen& seen) {
    return seen.text(CTIOS_UNIQUEOBJECTID) == id;
  };
}

Recorder::Matches where(const char* key, int value) {
  return [key, value](const Seen& seen) { return seen.integer(key) == value; };
}

}  // namespace cti::scenario
