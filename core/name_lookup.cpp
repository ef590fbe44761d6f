// name_lookup.cpp - a thread per name that is being looked up, counted.
#include "core/name_lookup.hpp"

#include "core/address_race.hpp"
#include "core/base/check.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace cti::core {
namespace {

constinit Places places(kLookupsMax);

/// Every address, of both families: those that lead nowhere cost a quarter of a second at most (race.hpp).
void resolve(const std::string& host, Lookup& lookup) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  std::vector<std::string> all;
  for (const addrinfo* each = failed ? nullptr : found; each; each = each->ai_next) {
    char text[NI_MAXHOST] = "";
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0)
      all.emplace_back(text);
  }
  if (!failed) ::freeaddrinfo(found);
  const std::lock_guard lock(lookup.mutex);
  lookup.addresses = interleaved(all);
  if (failed) lookup.error = ::gai_strerror(failed);
  lookup.done = true;
}

}  // namespace

Places::Place Places::take() noexcept {
  // relaxed: a count, ordered with nothing.
  if (taken_.fetch_add(1, std::memory_order_relaxed) < most_) return Place(this);
  // relaxed: as above.
  taken_.fetch_sub(1, std::memory_order_relaxed);
  return Place();
}

Places::Place::~Place() {
  if (!of_) return;
  // relaxed: a count.
  const int before = of_->taken_.fetch_sub(1, std::memory_order_relaxed);
  CTI_CHECK(before > 0);
}

bool is_numeric(const std::string& host) {
  in6_addr space{};
  return ::inet_pton(AF_INET, host.c_str(), &space) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &space) == 1;
}

std::shared_ptr<Lookup> look_up(const std::string& host, std::function<void()> wake) {
  auto lookup = std::make_shared<Lookup>();
  if (is_numeric(host)) {
    lookup->addresses = {host};
    lookup->done = true;
    return lookup;
  }
  Places::Place place = places.take();
  if (!place) {
    lookup->error = "too many names are being looked up";
    lookup->done = true;
    return lookup;
  }
  try {
    std::thread([host, lookup, wake = std::move(wake), place = std::move(place)] {
      resolve(host, *lookup);
      wake();
    }).detach();
  } catch (const std::system_error&
               error) {  // no thread to be had: the attempt fails, the next one tries again
    lookup->error = error.what();
    lookup->done = true;
  }
  return lookup;
}

}  // namespace cti::core
