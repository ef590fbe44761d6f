// array_new.hpp - sends `new[]` and `delete[]` through the plain forms, as they go by default: a sanitizer brings array forms of
// its own, and what a test program's own operator new counts or fails would not come by. Include it in one file of a program,
// one that replaces operator new and operator delete.
#pragma once

#include <cstddef>
#include <new>

void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new[](std::size_t bytes, std::align_val_t align) {
  return operator new(bytes, align);
}
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::align_val_t align) noexcept {
  operator delete(memory, align);
}
void operator delete[](void* memory, std::size_t, std::align_val_t align) noexcept {
  operator delete(memory, align);
}
