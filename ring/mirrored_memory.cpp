// mirrored_memory.cpp - one memfd, mapped twice over one reserved stretch of addresses. Each step that fails undoes those
// before it and says which system call it was.
#include "ring/mirrored_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

namespace cti::ring {
namespace {

std::string failure(const char* what, std::size_t bytes) {
  return std::string(what) + " for a mirrored block of " + std::to_string(bytes) +
         " bytes: " + std::strerror(errno);
}

/// The same file twice, on addresses reserved beforehand so that nobody can slip in between. `flags` are for the first
/// appearance: populated, it has all the memory there is, and of the second only what runs over the end is ever
/// touched. Populating both would only have the same pages counted twice.
bool map_twice(std::byte* base, std::size_t bytes, int file, int flags) {
  const auto map = [&](std::byte* at, int more) {
    return ::mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | more, file, 0) !=
           MAP_FAILED;
  };
  return map(base, flags) && map(base + bytes, 0);
}

}  // namespace

Result<MirroredMemory, std::string> MirroredMemory::create(std::size_t bytes, Pages pages) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (!std::has_single_bit(bytes) || bytes < page || bytes > kBytesMax) {
    return Err{"a mirrored block must be a power of two of " + std::to_string(page) + " to " +
               std::to_string(kBytesMax) + " bytes, not " + std::to_string(bytes)};
  }
  const int file = ::memfd_create("ringside-log", MFD_CLOEXEC);
  if (file < 0) return Err{failure("memfd_create", bytes)};
  if (::ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    std::string error = failure("ftruncate", bytes);
    ::close(file);
    return Err{std::move(error)};
  }
  void* const reserved =
      ::mmap(nullptr, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    std::string error = failure("mmap (reserve)", bytes);
    ::close(file);
    return Err{std::move(error)};
  }
  auto* const base = static_cast<std::byte*>(reserved);
  if (!map_twice(base, bytes, file, pages == Pages::kPopulate ? MAP_POPULATE : 0)) {
    std::string error = failure("mmap (map twice)", bytes);
    ::munmap(base, 2 * bytes);
    ::close(file);
    return Err{std::move(error)};
  }
  ::close(file);  // the mappings keep the memory
  return MirroredMemory(base, bytes);
}

MirroredMemory::~MirroredMemory() {
  if (data_ != nullptr) ::munmap(data_, 2 * size_);
}

}  // namespace cti::ring
