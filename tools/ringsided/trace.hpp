// trace.hpp - what passes on the wire for one agent, call, session or address, into a file of its own, while all others work.
//
// Why      a complaint about one desktop must be looked into at nine in the morning: no restart, no log level for everybody.
// Shape    the [trace] table says for whom; a reload (SIGHUP) turns it on, changes it, or ends it. Lines and reactors copy what
//          may be wanted (broker/meet/trace_lane.hpp); this thread takes it every kLook, cuts it into frames, keeps those
//          that are wanted, and writes them in words, passwords masked.
// Bounds   trace.max_mib of file, then it ends by itself and says so. Streams that are cut apart: kStreamsMax. What did not
//          fit on its way is counted, and told in the file.
// Threads  apply, the destructor: the main thread. The rest: its own.
#pragma once

#include "broker/meet/trace_lane.hpp"
#include "broker/server_config.hpp"
#include "core/base/result.hpp"
#include "core/socket.hpp"
#include "tools/ringsided/trace_text.hpp"
#include "wire/mhdr.hpp"
#include "wire/session_cutter.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace cti::tools {

class Tracer {
 public:
  static constexpr std::size_t kStreamsMax = 4096;

  /// The lanes outlive it.
  explicit Tracer(std::vector<broker::TraceLane*> lanes) : lanes_(std::move(lanes)) {}
  ~Tracer() { stop(); }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Ends the trace that runs and begins the one that is wished for, if any. An error: there is none now.
  Result<void, std::string> apply(const broker::ServerConfig& config);

 private:
  struct Upstream {
    wire::ged188::FrameCutter cutter;
  };
  struct Client {
    wire::SessionFrameCutter cutter{wire::limits::kFrameBytesMax};
  };
  void stop() noexcept;
  void run();
  std::size_t look();
  void take(std::size_t lane, const broker::TraceHead& head, Bytes bytes);
  void take_upstream(std::size_t lane, const broker::TraceHead& head, Bytes bytes);
  void take_client(std::size_t lane, const broker::TraceHead& head, Bytes bytes);
  void write(const broker::TraceHead& head, const std::string& where, const std::string& text);
  void put(const std::string& text);
  void tell_losses();

  const std::vector<broker::TraceLane*> lanes_;
  broker::TraceTargets targets_;
  TraceWishes wishes_;
  std::vector<wire::ged188::Version> versions_;  // by line: the first lanes are lines'
  core::Descriptor file_;
  std::uint64_t bytes_left_ = 0;
  std::uint64_t lost_told_ = 0;
  std::map<std::pair<std::size_t, broker::TraceKind>, Upstream> upstreams_;
  std::map<std::tuple<std::size_t, std::uint64_t, broker::TraceKind>, Client> clients_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace cti::tools
