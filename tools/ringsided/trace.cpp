// trace.cpp - what is wished for, taken from the lanes, cut into frames, and written.
#include "tools/ringsided/trace.hpp"

#include "broker/model/object_id.hpp"
#include "core/base/limits.hpp"
#include "core/log.hpp"
#include "wire/object_key.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>
#include <system_error>

namespace cti::tools {
namespace {

namespace log = core::log;
using broker::TraceConfig;
using broker::TraceHead;
using broker::TraceKind;
using broker::TraceTargets;

constexpr Nanos kLook = Millis{20};
constexpr std::size_t kChunksPerLook = 4096;  // of one lane

/// "2026-11-30T15:04:05.678Z".
std::string stamp(WallMillis wall) {
  const std::time_t seconds = wall.since_epoch_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(wall.since_epoch_ms % 1000));
  return text;
}

/// At most kMax of each; what finds no place is found by the writer instead.
class Targets {
 public:
  void add(std::array<std::uint64_t, TraceTargets::kMax>& list, std::uint64_t value) {
    const auto place = std::find(list.begin(), list.end(), std::uint64_t{0});
    if (place == list.end())
      made.everything = true;
    else
      *place = value;
  }
  TraceTargets made;
};

TraceTargets targets_of(const broker::ServerConfig& config) {
  const TraceConfig& wish = config.trace;
  Targets targets;
  for (const std::string& session : wish.sessions) {
    std::uint64_t number = 0;
    std::from_chars(session.data(), session.data() + session.size(), number);
    targets.add(targets.made.sessions, number);
  }
  for (const std::string& address : wish.addresses)
    targets.add(targets.made.addresses, core::host_number(core::parse_address({address, 0})));
  for (const std::string& agent : wish.agents) {
    for (const broker::LineConfig& line : config.lines) {
      for (const std::uint32_t peripheral : line.peripherals) {
        const auto id = broker::agent_object_id(peripheral, agent);
        targets.add(targets.made.agents, wire::object_key(id.view()));
      }
    }
  }
  if (!wish.calls.empty()) targets.made.everything = true;
  return targets.made;
}

}  // namespace

Result<void, std::string> Tracer::apply(const broker::ServerConfig& config) {
  stop();
  const TraceConfig& wish = config.trace;
  if (!wish.wanted()) return {};
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  file_.reset(::open(wish.file.c_str(), flags, S_IRUSR | S_IWUSR));
  if (!file_) return Err{"trace.file: \"" + wish.file + "\": " + std::strerror(errno)};
  bytes_left_ = wish.bytes_max;
  targets_ = targets_of(config);
  wishes_ = {};
  wishes_.agents.insert(wish.agents.begin(), wish.agents.end());
  wishes_.calls.insert(wish.calls.begin(), wish.calls.end());
  versions_.clear();
  for (const broker::LineConfig& line : config.lines)
    versions_.push_back(static_cast<wire::ged188::Version>(line.link.version));
  // relaxed: the thread begins after it.
  stop_.store(false, std::memory_order_relaxed);
  lost_told_ = 0;
  try {
    for (broker::TraceLane* lane : lanes_) {
      lost_told_ += lane->lost();
      lane->turn_on(targets_);
    }
    thread_ = std::thread([this] { run(); });
  } catch (const std::bad_alloc&) {
    stop();
    return Err{std::string("trace: no memory for it")};
  } catch (const std::system_error& refused) {
    stop();
    return Err{std::string("trace: ") + refused.what()};
  }
  return {};
}

void Tracer::stop() noexcept {
  for (broker::TraceLane* lane : lanes_) lane->turn_off();
  // relaxed: join orders everything.
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
  for (broker::TraceLane* lane : lanes_) {
    while (lane->drain(kChunksPerLook, [](const TraceHead&, Bytes) {}) > 0) {
    }
  }
  upstreams_.clear();
  clients_.clear();
  file_.reset();
}

void Tracer::run() {
  ::pthread_setname_np(::pthread_self(), "trace");
  const timespec pause{0, kLook.count()};
  // relaxed: see stop.
  while (!stop_.load(std::memory_order_relaxed)) {
    try {
      if (look() > 0) continue;
      tell_losses();
    } catch (const std::bad_alloc&) {  // M3: what was being cut is given up
      upstreams_.clear();
      clients_.clear();
    }
    ::nanosleep(&pause, nullptr);
  }
  try {
    look();
    tell_losses();
  } catch (const std::bad_alloc&) {
    return;
  }
}

std::size_t Tracer::look() {
  std::size_t taken = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    taken += lanes_[i]->drain(kChunksPerLook,
                              [&](const TraceHead& head, Bytes bytes) { take(i, head, bytes); });
  }
  return taken;
}

void Tracer::take(std::size_t lane, const TraceHead& head, Bytes bytes) {
  if (bytes_left_ == 0) return;
  const bool upstream =
      head.kind == TraceKind::kFromCtiServer || head.kind == TraceKind::kToCtiServer;
  if (upstream) return take_upstream(lane, head, bytes);
  take_client(lane, head, bytes);
}

/// A stream that is met in the middle of a frame, or has lost a chunk, is cut from its next chunk on.
void Tracer::take_upstream(std::size_t lane, const TraceHead& head, Bytes bytes) {
  if (!wishes_.any()) return;
  const auto key = std::pair(lane, head.kind);
  const bool from = head.kind == TraceKind::kFromCtiServer;
  const std::string where = log::text("line ", lane, from ? " <- CTI Server" : " -> CTI Server");
  bool in_step = head.bytes_left == 0;
  const auto cut = upstreams_[key].cutter.feed(bytes, [&](const wire::ged188::Frame& frame) {
    UpstreamText made = upstream_text(frame.whole, versions_.at(lane), wishes_);
    in_step = in_step && made.known;
    if (made.wanted) write(head, where, made.text);
    return in_step;
  });
  if (!cut.ok() || !in_step) upstreams_.erase(key);
}

void Tracer::take_client(std::size_t lane, const TraceHead& head, Bytes bytes) {
  const auto key = std::tuple(lane, head.session, head.kind);
  if (clients_.size() >= kStreamsMax && !clients_.contains(key)) clients_.clear();
  auto exact = targets_;
  exact.everything = false;
  const bool whole_session = exact.wants(head);
  const bool from = head.kind == TraceKind::kFromClient;
  const bool numbered = (head.session >> 63U) == 0;  // see FanoutReactor::trace
  const std::string where =
      log::text(numbered ? log::text("session ", head.session) : std::string("a new session"),
                from ? " <- client: " : " -> client: ");
  const auto cut = clients_[key].cutter.feed(bytes, [&](Bytes frame) {
    const ClientText made = client_text(frame, wishes_);
    if (whole_session || made.wanted) write(head, where, made.text);
  });
  if (!cut.ok() || head.bytes_left != 0) clients_.erase(key);
}

void Tracer::write(const TraceHead& head, const std::string& where, const std::string& text) {
  put(stamp(head.wall) + ' ' + where + text);
}

void Tracer::put(const std::string& text) {
  if (bytes_left_ == 0) return;
  std::string_view rest = text;
  const bool last = text.size() > bytes_left_;
  if (last) rest = "trace.max_mib is reached: the trace has ended\n";
  while (!rest.empty()) {
    const ssize_t put = ::write(file_.get(), rest.data(), rest.size());
    if (put <= 0) break;  // a full disk, or nobody reads
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  bytes_left_ -= std::min<std::uint64_t>(bytes_left_, last ? bytes_left_ : text.size());
  if (!last && rest.empty()) return;
  bytes_left_ = 0;
  for (broker::TraceLane* lane : lanes_) lane->turn_off();
  log::write(
      log::Level::kWarning, "trace",
      last ? "the trace has ended: trace.max_mib is reached"
           : log::text("the trace has ended: its file does not take it: ", std::strerror(errno)));
}

void Tracer::tell_losses() {
  std::uint64_t lost = 0;
  for (const broker::TraceLane* lane : lanes_) lost += lane->lost();
  if (lost == lost_told_) return;
  put(log::text(lost - lost_told_, " chunks were lost on their way to this file\n"));
  lost_told_ = lost;
}

}  // namespace cti::tools
