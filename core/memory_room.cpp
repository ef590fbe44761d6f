// memory_room.cpp - reading the control groups of this process.
#include "core/memory_room.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace cti::core {
namespace {

std::optional<std::uint64_t> number_in(const std::string& file) {
  std::ifstream from(file);
  std::uint64_t value = 0;
  if (from >> value) return value;
  return std::nullopt;  // "max", or no such file
}

std::uint64_t idle_file_bytes(const std::string& group) {
  std::ifstream stat(group + "/memory.stat");
  std::string key;
  for (std::uint64_t value = 0; stat >> key >> value;) {
    if (key == "inactive_file") return value;
  }
  return 0;
}

std::optional<MemoryRoom> room_of(const std::string& group) {
  const auto most = number_in(group + "/memory.max");
  const auto used = number_in(group + "/memory.current");
  if (!most || !used) return std::nullopt;
  return MemoryRoom{*used - std::min(*used, idle_file_bytes(group)), *most};
}

/// "/system.slice/ringsided.service" of the line "0::/system.slice/ringsided.service".
std::optional<std::string> own_group(const std::string& own) {
  std::ifstream from(own);
  for (std::string line; std::getline(from, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return std::nullopt;
}

}  // namespace

std::optional<MemoryRoom> read_memory_room(const std::string& groups, const std::string& own) {
  auto path = own_group(own);
  if (!path) return std::nullopt;
  std::optional<MemoryRoom> tightest;
  for (;;) {
    const auto room = room_of(groups + *path);
    const auto left = [](const MemoryRoom& r) { return r.most - std::min(r.most, r.used); };
    if (room && (!tightest || left(*room) < left(*tightest))) tightest = room;
    const std::size_t slash = path->rfind('/');
    if (slash == std::string::npos || path->empty()) return tightest;
    path->resize(slash);
  }
}

}  // namespace cti::core
