// stat_book.cpp - wishes come and go, rows are asked about in turn, and mark those who want them.
#include "broker/stats/stat_book.hpp"

namespace cti::broker {

// ---- wishes ----

StatVerdict StatBook::want(Reader reader, Key key, const StatQuestion& what, Nanos rate,
                           TimePoint now) {
  CTI_CHECK(reader != 0 && key != 0 && rate > Nanos{0} && what.every > Nanos{0});
  const auto known = readers_.find(reader);
  if (known != readers_.end()) {
    const auto at = place(known->second, key);
    if (at != known->second.wishes.end() && at->key == key) {
      known->second.rate = rate;
      return StatVerdict::kAlready;
    }
  }
  const std::size_t has = known == readers_.end() ? 0 : known->second.wishes.size();
  StatVerdict no = StatVerdict::kTaken;
  if (has >= limits_.wishes_per_reader_max) no = StatVerdict::kTooManyOfThisReader;
  if (wishes_ >= limits_.wishes_max) no = StatVerdict::kTooManyWishes;
  if (!rows_.contains(key) && rows_.size() >= limits_.rows_max) no = StatVerdict::kTooManyRows;
  if (no != StatVerdict::kTaken) {
    ++counters_.refused;
    return no;
  }
  ReaderEntry& entry = reader_of(reader);
  Row* row = nullptr;
  try {
    row = &row_of(key, what, now);
    CTI_CHECK(row->row.columns() == what.columns);
    row->readers.push_back(&entry);
    entry.wishes.insert(place(entry, key), Wish{key, row, 0});
  } catch (...) {
    if (row != nullptr) std::erase(row->readers, &entry), end_if_idle(*row);
    end_if_idle(entry);
    throw;
  }
  entry.rate = rate;
  entry.begin = 0;
  ++wishes_;
  if (row->row.revision() != 0) note_news(entry);
  return StatVerdict::kTaken;
}

StatBook::ReaderEntry& StatBook::reader_of(Reader reader) {
  const auto [at, made] = readers_.try_emplace(reader);
  if (!made) return at->second;
  try {
    at->second.number = reader;
    turns_.emplace(kNever, reader);
  } catch (...) {
    readers_.erase(at);
    throw;
  }
  return at->second;
}

StatBook::Row& StatBook::row_of(Key key, const StatQuestion& what, TimePoint now) {
  const auto [at, made] = rows_.try_emplace(key, key, what);
  if (!made) return at->second;
  try {
    at->second.due = now;
    asks_.emplace(now, key);
  } catch (...) {
    rows_.erase(at);
    throw;
  }
  touched_rows_ += what.by_itself ? 0 : 1;
  return at->second;
}

bool StatBook::leave(Reader reader, Key key) noexcept {
  const auto known = readers_.find(reader);
  if (known == readers_.end()) return false;
  ReaderEntry& entry = known->second;
  const auto at = place(entry, key);
  if (at == entry.wishes.end() || at->key != key) return false;
  Row& row = *at->row;
  entry.wishes.erase(at);
  entry.begin = 0;
  drop(entry, row);
  end_if_idle(entry);
  return true;
}

void StatBook::forget(Reader reader) noexcept {
  const auto known = readers_.find(reader);
  if (known == readers_.end()) return;
  ReaderEntry& entry = known->second;
  for (const Wish& wish : entry.wishes) drop(entry, *wish.row);
  entry.wishes.clear();
  end_if_idle(entry);
}

/// One wish for the row less.
void StatBook::drop(ReaderEntry& reader, Row& row) noexcept {
  const auto at = std::find(row.readers.begin(), row.readers.end(), &reader);
  CTI_CHECK(at != row.readers.end() && wishes_ > 0);
  *at = row.readers.back();
  row.readers.pop_back();
  --wishes_;
  end_if_idle(row);
}

void StatBook::end_if_idle(ReaderEntry& reader) noexcept {
  if (!reader.wishes.empty()) return;
  turns_.erase({reader.due, reader.number});
  readers_.erase(reader.number);
}

void StatBook::end_if_idle(Row& row) noexcept {
  if (!row.readers.empty()) return;
  touched_rows_ -= row.what.by_itself ? 0 : 1;
  asks_.erase({row.due, row.key});
  rows_.erase(row.key);
}

// ---- questions ----

StatBook::Row* StatBook::find(Key key) noexcept {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

const StatQuestion* StatBook::ask(TimePoint now, Key& key) noexcept {
  if (asks_.empty() || asks_.begin()->first > now) return nullptr;
  key = asks_.begin()->second;
  Row& row = *find(key);
  if (std::exchange(row.asked, true)) ++counters_.lost;
  row.touched = false;
  set_due(row, now + limits_.patience);
  ++counters_.questions;
  return &row.what;
}

void StatBook::not_asked(Key key, TimePoint again) noexcept {
  Row* const row = find(key);
  if (row == nullptr) return;
  CTI_CHECK(row->asked && counters_.questions > 0);
  row->asked = false;
  --counters_.questions;
  set_due(*row, again);
}

/// Nothing of it is under way any more: when it is asked about next.
void StatBook::answered(Row& row, TimePoint now) noexcept {
  row.asked = false;
  row.not_before = now + row.what.every;
  set_due(row, row.what.by_itself || row.touched ? row.not_before : kNever);
}

bool StatBook::answer(Key key, Bytes counters, TimePoint now) noexcept {
  Row* const row = find(key);
  if (row == nullptr || counters.size() != row->row.columns() * sizeof(std::uint32_t)) return false;
  ++counters_.answers;
  if (row->row.take(counters)) {
    for (StatFrames& each : row->kept) each.to = 0;
    for (ReaderEntry* const reader : row->readers) note_news(*reader);
  } else {
    ++counters_.without_news;
  }
  answered(*row, now);
  return true;
}

void StatBook::refused(Key key, TimePoint now) noexcept {
  Row* const row = find(key);
  if (row == nullptr) return;
  ++counters_.refusals;
  answered(*row, now);
}

void StatBook::unanswered(Key key, TimePoint now) noexcept {
  Row* const row = find(key);
  if (row == nullptr || !row->asked) return;
  ++counters_.lost;
  row->touched = true;  // what it was asked for has not been found out
  answered(*row, now);
}

void StatBook::touch(Key key, TimePoint now) noexcept {
  Row* const row = find(key);
  if (row == nullptr || row->what.by_itself) return;
  row->touched = true;
  if (!row->asked) set_due(*row, std::min(row->due, std::max(now, row->not_before)));
}

void StatBook::touch_all(TimePoint now) noexcept {
  for (const auto& [key, row] : rows_) touch(key, now);
}

void StatBook::lost(TimePoint now) noexcept {
  for (auto& [key, row] : rows_) {
    if (!std::exchange(row.asked, false)) continue;
    set_due(row, now);  // at once, when there is a session again
    ++counters_.lost;
  }
}

// ---- readers ----

/// Its place among the turns, from what it has to be told and when.
void StatBook::set_turn(ReaderEntry& reader) noexcept {
  const bool due = reader.news && !reader.waits;
  move(turns_, reader.number, reader.due, due ? reader.not_before : kNever);
}

void StatBook::note_news(ReaderEntry& reader) noexcept {
  if (std::exchange(reader.news, true)) return;
  set_turn(reader);
}

void StatBook::taken(Reader reader) noexcept {
  const auto known = readers_.find(reader);
  if (known == readers_.end()) return;
  known->second.waits = false;
  set_turn(known->second);
}

void StatBook::lost_for(Reader reader, TimePoint at) noexcept {
  const auto known = readers_.find(reader);
  if (known == readers_.end()) return;
  ReaderEntry& entry = known->second;
  for (Wish& wish : entry.wishes) wish.seen = 0;
  entry.begin = 0;
  entry.waits = false;
  entry.news = std::any_of(entry.wishes.begin(), entry.wishes.end(),
                           [](const Wish& wish) { return wish.row->row.revision() != 0; });
  entry.not_before = at;
  set_turn(entry);
}

void StatBook::check() const {
  std::size_t wanted = 0, wishes = 0, touched = 0;
  for (const auto& [key, row] : rows_) {
    CTI_CHECK(!row.readers.empty() && row.key == key && asks_.contains({row.due, key}));
    wanted += row.readers.size();
    touched += row.what.by_itself ? 0 : 1;
  }
  for (const auto& [number, reader] : readers_) {
    CTI_CHECK(!reader.wishes.empty() && reader.wishes.size() <= limits_.wishes_per_reader_max);
    CTI_CHECK(reader.number == number && turns_.contains({reader.due, number}));
    CTI_CHECK(reader.begin < reader.wishes.size());
    CTI_CHECK(reader.due == kNever || (reader.news && !reader.waits));
    wishes += reader.wishes.size();
    bool unseen = false;
    for (std::size_t i = 0; i < reader.wishes.size(); ++i) {
      const Wish& wish = reader.wishes[i];
      CTI_CHECK(i == 0 || reader.wishes[i - 1].key < wish.key);
      const auto row = rows_.find(wish.key);
      CTI_CHECK(row != rows_.end() && &row->second == wish.row);
      CTI_CHECK(wish.seen <= wish.row->row.revision());
      CTI_CHECK(std::count(wish.row->readers.begin(), wish.row->readers.end(), &reader) == 1);
      unseen = unseen || wish.seen != wish.row->row.revision();
    }
    CTI_CHECK(reader.news || !unseen);
  }
  CTI_CHECK(wanted == wishes_ && wishes == wishes_ && wishes_ <= limits_.wishes_max);
  CTI_CHECK(rows_.size() <= limits_.rows_max && readers_.size() <= wishes_);
  CTI_CHECK(asks_.size() == rows_.size() && turns_.size() == readers_.size());
  CTI_CHECK(touched == touched_rows_);
}

}  // namespace cti::broker
