// address_race.cpp - starting the next address in time, and closing those that came second.
#include "core/address_race.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <utility>

namespace cti::core {

std::vector<std::string> interleaved(const std::vector<std::string>& addresses) {
  const auto is_v6 = [](const std::string& address) {
    return address.find(':') != std::string::npos;
  };
  std::vector<std::string> families[2];
  for (const std::string& address : addresses) {
    auto& family = families[is_v6(address) != is_v6(addresses.front()) ? 1 : 0];
    if (std::find(family.begin(), family.end(), address) == family.end()) family.push_back(address);
  }
  std::vector<std::string> all;
  const std::size_t most = std::max(families[0].size(), families[1].size());
  for (std::size_t i = 0; i < most; ++i) {
    for (const auto& family : families) {
      if (i < family.size() && all.size() < kAddressesMax) all.push_back(family[i]);
    }
  }
  return all;
}

void AddressRace::begin(std::vector<std::string> addresses, std::uint16_t port) {
  CTI_CHECK(over() && trying_.empty() && !addresses.empty());
  CTI_CHECK(addresses.size() <= kAddressesMax);
  addresses_ = std::move(addresses);
  port_ = port;
  started_ = 0;
  error_ = 0;
  next_ = TimePoint{};
}

bool AddressRace::run(Io& io, TimePoint now) {
  CTI_CHECK(!over());
  while (started_ < addresses_.size() && now >= next_) {
    const ConnectionId connection = io.connect({addresses_[started_++], port_});
    if (!connection)
      continue;  // no slot is free: the next one fails as well, and the attempt with it
    trying_.push_back(connection);
    next_ = now + kStagger;
  }
  if (started_ == addresses_.size()) next_ = kNever;
  return !trying_.empty() || started_ < addresses_.size();
}

bool AddressRace::has(ConnectionId connection) const noexcept {
  return std::find(trying_.begin(), trying_.end(), connection) != trying_.end();
}

void AddressRace::won(Io& io, ConnectionId connection) {
  CTI_CHECK(has(connection));
  std::erase(trying_, connection);
  end(io);
}

void AddressRace::lost(ConnectionId connection, int error) {
  CTI_CHECK(has(connection));
  std::erase(trying_, connection);
  if (error != 0) error_ = error;
  if (started_ < addresses_.size()) next_ = TimePoint{};
}

void AddressRace::end(Io& io) {
  for (const ConnectionId connection : std::exchange(trying_, {}))
    io.close(connection, CloseHow::kReset);
  addresses_.clear();
  started_ = 0;
  next_ = kNever;
}

}  // namespace cti::core
