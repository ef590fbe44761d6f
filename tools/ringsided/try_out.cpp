// try_out.cpp - trying the log's file, the places to listen on, and the addresses of CTI Servers.
#include "tools/ringsided/try_out.hpp"

#include "core/socket.hpp"

#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace cti::tools {
namespace {

void try_file(const char* key, const std::string& file, TryOut& found) {
  if (file.empty()) return;
  struct stat is {};
  const bool there = ::stat(file.c_str(), &is) == 0;
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : file.substr(0, slash);
  const std::string what = std::string(key) + ": \"" + file + "\": ";
  if (there && S_ISDIR(is.st_mode)) {
    found.wrong.push_back(what + "is a folder");
  } else if (::access(there ? file.c_str() : folder.c_str(), there ? W_OK : W_OK | X_OK) != 0) {
    found.wrong.push_back(what + std::strerror(errno));
  }
}

void try_place(const char* key, const core::Endpoint& at, TryOut& found) {
  const auto listener = core::open_listener(at);
  if (listener.ok()) return;
  const bool in_use = listener.error().error == EADDRINUSE;
  (in_use ? found.notes : found.wrong).push_back(std::string(key) + ": " + listener.error().text);
}

/// Whether there is a way to it: no connection is made.
void try_way(const std::string& key, const core::Endpoint& to, TryOut& found) {
  const core::SocketAddress address = core::parse_address(to);
  if (address.length == 0) {
    addrinfo* all = nullptr;
    const int failed = ::getaddrinfo(to.host.c_str(), nullptr, nullptr, &all);
    if (failed != 0)
      found.notes.push_back(key + ": \"" + to.host + "\": " + ::gai_strerror(failed));
    else
      ::freeaddrinfo(all);
    return;
  }
  const core::Descriptor socket(::socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), &address.any, address.length) == 0) return;
  found.notes.push_back(core::io_error((key + ": no way to").c_str(), to, errno).text);
}

}  // namespace

TryOut try_out(const broker::ServerConfig& config) {
  TryOut found;
  try_file("log.file", config.log_file, found);
  try_file("trace.file", config.trace.file, found);
  try_place("server.listen", config.listen, found);
  for (const core::Endpoint& at : config.listen_also) try_place("server.listen", at, found);
  if (config.metrics_port != 0)
    try_place("metrics.port", {config.metrics_host, config.metrics_port}, found);
  for (std::size_t i = 0; i < config.lines.size(); ++i) {
    for (const core::Endpoint& side : config.lines[i].link.sides)
      try_way("line[" + std::to_string(i) + "].cti_servers", side, found);
  }
  return found;
}

}  // namespace cti::tools
