// stat_book.hpp - who wants which statistics: what the CTI Server is asked for, and what each session has not been told.
//
// Why      a thousand wallboards on the same groups must cost the CTI Server one question a group, and each of them only
//          what changed since it was told last, at its own rate.
// Shape    a row per key that somebody wants, with those who do; a reader per session with its wishes, each a revision.
//          Rows stand in the order in which they are to be asked about, readers in that in which they are to be told. None is
//          asked about more often than its question says, nor again before its answer, its refusal, or `patience`.
// News     a row that has changed marks its readers: what nobody has news for is not looked at.
// Flow     a reader that has been told something is told nothing more before it has taken that: taken().
// End      a row that nobody wants any more is forgotten, its answer finds nobody. A reader without wishes is forgotten.
// Bounds   StatLimits, each with a name that says no (StatVerdict). Nothing is queued.
// Cost     a wish: a place among its reader's and one among its row's. A row with news: a step for each who wants it. A
//          reader that is told: a step for each of its wishes.
// Threads  the line. No clock: the time comes in.
#pragma once

#include "broker/stats/stat_row.hpp"
#include "core/base/time.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cti::broker {

struct StatLimits {
  std::size_t rows_max = 10'000;     ///< keys asked about
  std::size_t wishes_max = 250'000;  ///< of all sessions
  std::size_t wishes_per_reader_max = 5'000;
  Nanos patience = Seconds{20};  ///< after which a question counts as lost
};

enum class StatVerdict : std::uint8_t {
  kTaken,
  kAlready,  ///< it has this wish: nothing changed
  kTooManyRows,
  kTooManyWishes,
  kTooManyOfThisReader,
};

struct StatCounters {
  std::uint64_t questions = 0;     ///< for the CTI Server
  std::uint64_t answers = 0;       ///< that somebody still wanted
  std::uint64_t without_news = 0;  ///< of them, nothing had changed
  std::uint64_t lost = 0;          ///< questions without an answer in time
  std::uint64_t refusals = 0;      ///< questions that the CTI Server refused
  std::uint64_t told = 0;          ///< rows that readers were told
  std::uint64_t conflated = 0;  ///< changes of rows that a reader was told together with later ones
  std::uint64_t refused = 0;    ///< wishes past a limit
};

/// What a row is about, and how often.
struct StatQuestion {
  std::size_t columns = 0;
  Nanos every = Seconds{10};  ///< between two questions, at least; CTI OS: PollingIntervalSec
  bool by_itself = true;      ///< false: only when something has happened to it, see touch()
  bool agent = false;         ///< else a skill group
  std::uint32_t peripheral_id = 0;
  std::uint32_t number = 0;  ///< of the skill group
  std::string name;          ///< the AgentID
};

/// What was written for readers who had seen `from` of a row, kept for the next of them: most have seen the same.
struct StatFrames {
  StatRevision from = 0;
  StatRevision to = 0;   ///< 0: nothing is kept
  bool monitor = false;  ///< for whom: which columns these are told
  std::vector<std::byte> bytes;
};

/// Key: what the question is about (an object key). Reader: a session's number.
class StatBook {
 public:
  using Key = std::uint64_t;
  using Reader = std::uint64_t;
  static constexpr std::size_t kKept = 4;

  /// A row for a reader that has not seen all of it.
  struct News {
    Reader reader;
    Key key;
    const StatQuestion& what;
    const StatRow& row;
    StatRevision seen;                    ///< 0: nothing of it yet
    std::array<StatFrames, kKept>& kept;  ///< for the writer's own use, until the row changes
  };

  explicit StatBook(const StatLimits& limits) : limits_(limits) {
    CTI_CHECK(limits_.rows_max > 0 && limits_.wishes_max >= limits_.wishes_per_reader_max);
    CTI_CHECK(limits_.patience > Nanos{0});
  }
  StatBook(const StatBook&) = delete;
  StatBook& operator=(const StatBook&) = delete;

  /// `what` is for a row that is new. `rate`: the reader is told no more often; the last that is said counts for all of
  /// its wishes. Without memory nothing has changed.
  StatVerdict want(Reader reader, Key key, const StatQuestion& what, Nanos rate, TimePoint now);
  /// False: it had no such wish.
  bool leave(Reader reader, Key key) noexcept;
  /// All of it.
  void forget(Reader reader) noexcept;

  /// The row to be asked about next, if one is due: it counts as asked from now on.
  const StatQuestion* ask(TimePoint now, Key& key) noexcept;
  /// There was no room to ask after all: it is due as before.
  void not_asked(Key key, TimePoint again) noexcept;
  /// Its answer: the counters behind the message's head. False: nobody wants it (any more), or the row is of another width.
  bool answer(Key key, Bytes counters, TimePoint now) noexcept;
  /// The CTI Server does not know it, or not now, or has not answered: asked about again when its time has come.
  void refused(Key key, TimePoint now) noexcept;
  void unanswered(Key key, TimePoint now) noexcept;
  /// Something has happened to what the row is about: it is asked about as soon as may be.
  void touch(Key key, TimePoint now) noexcept;
  void touch_all(TimePoint now) noexcept;
  /// The session with the CTI Server is lost: nothing is under way any more.
  void lost(TimePoint now) noexcept;

  /// Tells readers that are due, `most` rows at most: row(const News&) for each row of a reader, which says whether there
  /// was room for it, then end(Reader) when something of it was told. True: more is due.
  template <class TellRow, class End>
  bool tell(TimePoint now, std::size_t most, TellRow&& row, End&& end);
  /// The reader has taken what it was told last.
  void taken(Reader reader) noexcept;
  /// What the reader was told last is lost: it is told everything again, not before `at`.
  void lost_for(Reader reader, TimePoint at) noexcept;

  /// When ask() or tell() next has something to do; kNever: when something is wanted, answered or taken.
  TimePoint next_question() const noexcept { return asks_.empty() ? kNever : asks_.begin()->first; }
  TimePoint next_telling() const noexcept {
    return turns_.empty() ? kNever : turns_.begin()->first;
  }
  TimePoint next() const noexcept { return std::min(next_question(), next_telling()); }

  std::size_t rows() const noexcept { return rows_.size(); }
  std::size_t readers() const noexcept { return readers_.size(); }
  std::size_t wishes() const noexcept { return wishes_; }
  /// Rows that are asked about only when touched: whether anybody need look for that.
  bool wants_touches() const noexcept { return touched_rows_ != 0; }
  bool knows(Reader reader) const noexcept { return readers_.contains(reader); }
  /// Calls visit(Reader) for those who want the row. They must not come or go meanwhile.
  template <class Visit>
  void each_reader(Key key, Visit&& visit) const;
  /// Calls visit(Key, const StatQuestion&) for the reader's wishes, likewise.
  template <class Visit>
  void each_wish(Reader reader, Visit&& visit) const;
  const StatCounters& counters() const noexcept { return counters_; }
  /// The sums and the bounds hold. For tests: it looks at everything.
  void check() const;

 private:
  struct ReaderEntry;
  struct Row {
    Row(Key of, const StatQuestion& about) : key(of), what(about), row(about.columns) {}
    Key key;
    StatQuestion what;
    StatRow row;
    std::vector<ReaderEntry*> readers;  ///< in no order
    TimePoint due{};         ///< to be asked about; while asked: when the question counts as lost
    TimePoint not_before{};  ///< whatever happens to it
    bool asked = false;
    bool touched = false;  ///< while asked
    std::array<StatFrames, kKept> kept;
  };
  struct Wish {
    Key key = 0;
    Row* row = nullptr;
    StatRevision seen = 0;
  };
  struct ReaderEntry {
    Reader number = 0;
    std::vector<Wish> wishes;  ///< by key
    Nanos rate{};
    TimePoint due =
        kNever;  ///< its place among the turns; kNever: there is no news for it, or it waits
    TimePoint not_before{};  ///< by its rate
    std::size_t begin = 0;   ///< the wish that is looked at first
    bool news = false;
    bool waits = false;  ///< has been told something, and has not taken it yet
  };
  using Rows = std::map<Key, Row>;
  using Readers = std::map<Reader, ReaderEntry>;
  template <class Id>
  using Order = std::set<std::pair<TimePoint, Id>>;

  static std::vector<Wish>::iterator place(ReaderEntry& reader, Key key) noexcept {
    return std::lower_bound(reader.wishes.begin(), reader.wishes.end(), key,
                            [](const Wish& wish, Key of) { return wish.key < of; });
  }
  template <class Id>
  static void move(Order<Id>& order, Id id, TimePoint& at, TimePoint to) noexcept;
  void set_due(Row& row, TimePoint due) noexcept { move(asks_, row.key, row.due, due); }
  void set_turn(ReaderEntry& reader) noexcept;
  void note_news(ReaderEntry& reader) noexcept;
  void answered(Row& row, TimePoint now) noexcept;
  ReaderEntry& reader_of(Reader reader);
  Row& row_of(Key key, const StatQuestion& what, TimePoint now);
  void drop(ReaderEntry& reader, Row& row) noexcept;
  void end_if_idle(ReaderEntry& reader) noexcept;
  void end_if_idle(Row& row) noexcept;
  Row* find(Key key) noexcept;
  template <class TellRow>
  bool tell_reader(ReaderEntry& reader, std::size_t& most, TellRow&& tell_row, bool& told);

  const StatLimits limits_;
  Rows rows_;
  Readers readers_;
  Order<Key> asks_;      // every row
  Order<Reader> turns_;  // every reader
  std::size_t wishes_ = 0;
  std::size_t touched_rows_ = 0;  // that are not asked about by themselves
  StatCounters counters_;
};

/// Without asking for memory: the entry is taken out and put in again.
template <class Id>
void StatBook::move(Order<Id>& order, Id id, TimePoint& at, TimePoint to) noexcept {
  if (at == to) return;
  auto node = order.extract({at, id});
  CTI_CHECK(!node.empty());
  at = to;
  node.value().first = to;
  CTI_CHECK(order.insert(std::move(node)).inserted);
}

template <class Visit>
void StatBook::each_reader(Key key, Visit&& visit) const {
  const auto row = rows_.find(key);
  if (row == rows_.end()) return;
  for (const ReaderEntry* const reader : row->second.readers) visit(reader->number);
}

template <class Visit>
void StatBook::each_wish(Reader reader, Visit&& visit) const {
  const auto entry = readers_.find(reader);
  if (entry == readers_.end()) return;
  for (const Wish& wish : entry->second.wishes) visit(wish.key, wish.row->what);
}

/// True: all that it had not seen was told.
template <class TellRow>
bool StatBook::tell_reader(ReaderEntry& reader, std::size_t& most, TellRow&& tell_row, bool& told) {
  const std::size_t count = reader.wishes.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (reader.begin + i) % count;
    Wish& wish = reader.wishes[at];
    Row& row = *wish.row;
    const StatRevision now = row.row.revision();
    if (now == wish.seen) continue;
    if (most == 0 ||
        !tell_row(News{reader.number, row.key, row.what, row.row, wish.seen, row.kept})) {
      reader.begin = at;  // the rest comes first next time
      return false;
    }
    --most;
    ++counters_.told;
    if (wish.seen != 0) counters_.conflated += now - wish.seen - 1;
    wish.seen = now;
    told = true;
  }
  reader.begin = 0;
  return true;
}

template <class TellRow, class End>
bool StatBook::tell(TimePoint now, std::size_t most, TellRow&& row, End&& end) {
  while (!turns_.empty() && turns_.begin()->first <= now) {
    if (most == 0) return true;
    ReaderEntry& reader = readers_.at(turns_.begin()->second);
    CTI_CHECK(reader.news && !reader.waits);
    bool told = false;
    const bool all = tell_reader(reader, most, row, told);
    if (all) reader.news = false;
    // What found no room goes on as soon as the reader has taken the first part.
    if (all || !told) reader.not_before = now + reader.rate;
    if (told) {
      reader.waits = true;
      end(reader.number);
    }
    set_turn(reader);
  }
  return false;
}

}  // namespace cti::broker
