// switch_control.hpp - the control connection of ringside-sim: calls asked for, answers matched to them.
//
// Shape    commands go out as they come, many before the first is answered; answers come in the same order, a line each.
// Bounds   kWaitingMax commands unanswered: beyond it the simulator cannot keep up, and nothing more is asked of it.
// Threads  the Io's.
#pragma once

#include "core/io.hpp"
#include "core/send_buffer.hpp"
#include "tools/load/recorder.hpp"

#include <deque>
#include <string>

namespace cti::load {

class SwitchControl {
 public:
  static constexpr std::size_t kWaitingMax = 50'000;
  static constexpr std::size_t kUnsentBytesMax = std::size_t{16} << 20;

  SwitchControl(core::Io& io, Recorder& recorder) : io_(io), recorder_(recorder) {}

  void connect(const core::Endpoint& to) { connection_ = io_.connect(to); }
  bool open() const noexcept { return open_; }
  /// The connection has ended, or never came to be.
  bool gone() const noexcept { return gone_; }
  std::size_t waiting() const noexcept { return asked_.size(); }
  /// Commands that the simulator answered with an error, and the first such answer.
  std::uint64_t refused() const noexcept { return refused_; }
  const std::string& first_refusal() const noexcept { return first_refusal_; }

  /// A call that was to arrive at `intended`. False: too many are unanswered, or unsent.
  bool call(const std::string& ani, std::uint32_t group, const std::string& stamp,
            TimePoint intended);
  /// False: not this connection's.
  bool on_completion(const core::Completion& completion);
  void close() { io_.close(connection_, core::CloseHow::kOrderly); }

 private:
  void flush();
  void on_line(std::string_view line);

  core::Io& io_;
  Recorder& recorder_;
  core::ConnectionId connection_{};
  core::SendBuffer out_{kUnsentBytesMax, core::SendBuffer::Memory::kGrows};
  std::string in_;
  struct Asked {
    TimePoint intended, sent;
  };
  std::deque<Asked> asked_;
  std::uint64_t refused_ = 0;
  std::string first_refusal_;
  bool open_ = false, gone_ = false;
};

}  // namespace cti::load
