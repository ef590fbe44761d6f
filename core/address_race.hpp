// address_race.hpp - the addresses of one name, tried side by side: the first that connects is the connection.
//
// Why      a name has several addresses, of both families, and the first may lead nowhere: `localhost` is ::1 before it is
//          127.0.0.1, and a packet to a machine that is switched off is answered by nobody.
// Shape    begin() with the addresses, families in turn; run() starts the next one when the last has failed, or has been
//          trying for kStagger. Whoever connects is told to won(), the rest is closed.
// Bounds   kAddressesMax of a name; more are left out.
// Threads  one: whose Io it is.
#pragma once

#include "core/base/time.hpp"
#include "core/io.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cti::core {

inline constexpr Millis kStagger{250};
inline constexpr std::size_t kAddressesMax = 6;

/// Families in turn, the first one's first; each keeps its order. At most kAddressesMax, none twice.
std::vector<std::string> interleaved(const std::vector<std::string>& addresses);

class AddressRace {
 public:
  void begin(std::vector<std::string> addresses, std::uint16_t port);
  /// Starts what is due by the caller's clock. False: all have failed.
  bool run(Io& io, TimePoint now);
  bool has(ConnectionId connection) const noexcept;
  /// It has connected: from now on it is the caller's, and the others are closed.
  void won(Io& io, ConnectionId connection);
  /// It has ended without connecting: run() starts the next one at once.
  void lost(ConnectionId connection, int error);
  /// Closes whatever still tries.
  void end(Io& io);
  bool over() const noexcept { return addresses_.empty(); }
  /// When run() has something to do by itself.
  TimePoint next() const noexcept { return next_; }
  /// The error of the last one that failed; 0: none said.
  int error() const noexcept { return error_; }

 private:
  std::vector<std::string> addresses_;
  std::size_t started_ = 0;  ///< of addresses_
  std::uint16_t port_ = 0;
  std::vector<ConnectionId> trying_;
  TimePoint next_ = kNever;
  int error_ = 0;
};

}  // namespace cti::core
