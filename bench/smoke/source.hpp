// source.hpp - where the events come from: a scripted CTI Server, or bare records for the floor.
//
// Why      a simulated switch spends more on a call than the server does; here the frames are made beforehand, so that
//          what is measured is the server.
// Shape    one socket. pump(limit) sends prepared frames in a circle until `limit` of them are out or the socket is full.
//          As a CTI Server it answers what ringsided asks (OPEN_REQ, heartbeats, agents, devices, desk settings);
//          answers go out between frames only.
// Threads  one.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/mhdr.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::bench {

/// AGENT_STATE_EVENTs of `agents` agents, each once available and once talking; all of the same length.
struct AgentEvents {
  explicit AgentEvents(std::uint32_t agents);
  static std::string agent_name(std::uint32_t number) { return std::to_string(20'000 + number); }
  std::vector<std::byte> bytes;
  std::size_t frame_bytes = 0;
  std::uint32_t frames = 0;
};

class Source {
 public:
  Source(std::vector<std::byte> frames, std::size_t frame_bytes)
      : frames_(std::move(frames)), frame_bytes_(frame_bytes) {}
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// As a CTI Server: a listening socket on loopback. Gives its port.
  std::uint16_t listen();
  /// As a CTI Server: waits for ringsided to open its session.
  void accept();
  /// For the floor: connects to it.
  void connect(std::uint16_t port);

  int fd() const { return fd_; }
  /// Frames sent completely.
  std::uint64_t sent() const { return sent_bytes_ / frame_bytes_; }
  /// Sends until `limit` frames in all are out, or the socket is full.
  void pump(std::uint64_t limit);
  /// Something is there to read.
  void on_readable();

 private:
  void on_frame(const wire::ged188::Frame& frame);
  bool flush_answers();

  std::vector<std::byte> frames_;
  std::size_t frame_bytes_;
  std::uint64_t sent_bytes_ = 0;
  int listener_ = -1;
  int fd_ = -1;
  wire::ged188::FrameCutter cutter_;
  std::vector<std::byte> answers_;
};

}  // namespace cti::bench
