// bytes_held.hpp - how many bytes the program holds: what a peer can make it keep has a bound, and a fuzz target looks at it.
//
// Shape    the address sanitizer's own count where there is one, malloc's elsewhere.
#pragma once

#include <malloc.h>

#include <cstddef>

extern "C" [[gnu::weak]] std::size_t __sanitizer_get_current_allocated_bytes();

namespace cti::fuzz {

inline std::size_t bytes_held() {
  if (__sanitizer_get_current_allocated_bytes != nullptr)
    return __sanitizer_get_current_allocated_bytes();
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace cti::fuzz
