// dangling_view.cpp - a view must not be made of bytes that are gone at the end of the line.
#include "wire/session_frame.hpp"

#include <vector>

std::vector<std::byte> received();

bool right() {
  const auto bytes = received();
  return cti::wire::UpdateView::check(bytes).ok() && cti::wire::ArgumentsView::check(bytes).ok();
}

#ifdef MISUSE
auto wrong() { return cti::wire::UpdateView::check(received()); }
auto wrong_too() { return cti::wire::ArgumentsView::check(received()); }
#endif
