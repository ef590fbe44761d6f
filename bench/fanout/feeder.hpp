// feeder.hpp - the one publisher: sends prepared frames in a circle, each with its number, as many as it is allowed.
//
// Shape    pump(limit) sends until `limit` frames in all are out or the socket is full. Frames are copied into a small stage
//          where the number is put in; at the end of the stage is always the end of a frame.
// Answers  what the server says is thrown away, unless a derived class (CtiSource) wants it.
// Threads  one.
#pragma once

#include "bench/fanout/protocol.hpp"
#include "core/base/bytes.hpp"

#include <cstdint>
#include <vector>

namespace cti::bench {

class Feeder {
 public:
  explicit Feeder(Frames frames);
  virtual ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  /// To a server that waits for its publisher on loopback. Gives up when it cannot be reached.
  void connect(std::uint16_t port, Protocol protocol);

  int fd() const { return fd_; }
  /// Frames handed to the kernel, the last one perhaps in part.
  std::uint64_t sent() const { return built_; }
  void pump(std::uint64_t limit);
  /// Something is there to read.
  virtual void on_readable();

 protected:
  /// Called when a frame has just been completed and nothing of the next one is out.
  virtual void between_frames() {}
  int fd_ = -1;

 private:
  bool flush();

  const Frames frames_;
  std::vector<std::byte> stage_;
  std::size_t staged_ = 0, flushed_ = 0;  // bytes of the stage: filled, and out
  std::uint64_t built_ = 0;
};

}  // namespace cti::bench
