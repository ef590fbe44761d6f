// cti_source.hpp - the publisher that feeds ringsided: a scripted CTI Server.
//
// Why      a simulated switch spends more on a call than the server does; here the frames are made beforehand, so that
//          what is measured is the server.
// Shape    a Feeder that is connected to, not one that connects. It answers what ringsided asks (OPEN_REQ, heartbeats,
//          agents, devices, desk settings); answers go out between frames only.
// Threads  one.
#pragma once

#include "bench/fanout/feeder.hpp"
#include "wire/mhdr.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::bench {

class CtiSource final : public Feeder {
 public:
  using Feeder::Feeder;
  ~CtiSource() override;

  /// A listening socket on loopback. Gives its port.
  std::uint16_t listen();
  /// Waits for ringsided to come.
  void accept();
  /// Teams of `size` of the first `agents`; those behind them lead one each. Told between frames, and by no frame of the script.
  void tell_teams(std::uint32_t teams, std::uint32_t size, std::uint32_t agents);
  void on_readable() override;

 private:
  void between_frames() override;
  void on_frame(const wire::ged188::Frame& frame);

  int listener_ = -1;
  wire::ged188::FrameCutter cutter_;
  std::vector<std::byte> answers_;
};

}  // namespace cti::bench
