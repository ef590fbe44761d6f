// resolver.hpp - host names to addresses, off the event thread.
//
// Why      getaddrinfo may block for half a minute; the event thread never does (N6).
// Shape    a numeric address is answered at once. A name is looked up by a thread of its own that shares nothing but
//          the Lookup; when the session goes away meanwhile, the thread finishes by itself and wakes nobody.
// Bounds   one lookup per side of a session at a time: Transport keeps the Lookup until it is done.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace cti::cil::detail {

struct Lookup {
  std::mutex mutex;  // guards what follows
  bool done = false;
  std::string address;  ///< numeric; empty when the name has none
  std::string error;
};

/// True when `host` is a numeric IPv4 or IPv6 address.
bool is_numeric(const std::string& host);

/// Starts a lookup. `wake` is called from another thread when it is done; it must not refer to anything that may go.
std::shared_ptr<Lookup> look_up(const std::string& host, std::function<void()> wake);

}  // namespace cti::cil::detail
