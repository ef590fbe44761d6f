// unread_result.cpp - the outcome of folding a record must be looked at.
#include "wire/object_table.hpp"

bool right(cti::wire::ObjectTable& table, const cti::wire::UpdateView& update) {
  return table.apply(update).ok();
}

#ifdef MISUSE
void wrong(cti::wire::ObjectTable& table, const cti::wire::UpdateView& update) {
  table.apply(update);
}
#endif
