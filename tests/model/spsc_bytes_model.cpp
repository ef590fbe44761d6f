// spsc_bytes_model.cpp - the ring of records between two threads, in every order.
#include "ring/spsc_bytes.hpp"
#include "tests/model/cases.hpp"

#include <cstring>
#include <memory>

namespace cti::model {
namespace {

template <template <class> class Atom>
struct World {
  ring::BasicSpscBytes<Atom> queue{64};
  std::string got;
  std::string full;

  void put(char mark, std::size_t bytes) {
    std::byte* const at = queue.claim(bytes);
    if (at == nullptr) {
      full += mark;
      return;
    }
    std::memset(at, mark, bytes / 2);
    plain_write(at);
    std::memset(at + bytes / 2, mark, bytes - bytes / 2);
    queue.commit(bytes);
  }
  void look_at(Bytes record) {
    const char first = static_cast<char>(record.front());
    plain_read(record.data());
    const char last = static_cast<char>(record.back());
    got += first == last ? first : '!';
  }
  void take(std::size_t limit) {
    queue.drain(limit, [this](Bytes record) { look_at(record); });
  }
  std::string text() const { return got + (full.empty() ? "" : "-" + full); }
};

template <template <class> class Atom>
Scenario two_records() {
  auto w = std::make_shared<World<Atom>>();
  return {{[=] {
             w->put('a', 8);
             w->queue.publish();
             w->put('b', 8);
             w->queue.publish();
           },
           [=] { w->take(2); }},
          [=] { return w->text(); }};
}

// 48 of 64 bytes are in use; the next record needs padding at the end and the room of the first one in front.
template <template <class> class Atom>
Scenario round_the_end() {
  auto w = std::make_shared<World<Atom>>();
  w->put('a', 16);
  w->put('b', 16);
  w->queue.publish();
  return {{[=] {
             w->put('c', 16);
             w->queue.publish();
           },
           [=] {
             w->take(1);
             w->take(2);
           }},
          [=] { return w->text(); }};
}

// The same, taken one at a time by front and release.
template <template <class> class Atom>
Scenario front_and_release() {
  auto w = std::make_shared<World<Atom>>();
  w->put('a', 16);
  w->put('b', 16);
  w->queue.publish();
  return {{[=] {
             w->put('c', 16);
             w->queue.publish();
           },
           [=] {
             for (int i = 0; i < 3; ++i) {
               const Bytes record = w->queue.front();
               if (record.data() == nullptr) return;
               w->look_at(record);
               w->queue.release();
             }
           }},
          [=] { return w->text(); }};
}

const std::vector<Row> kRoundTheEnd{{"ab-c", kAllowed, "refused: nothing given back yet"},
                                    {"abc", kAllowed, "fits, and is found at once"},
                                    {"ab", kAllowed, "fits, and the consumer was done"},
                                    {"!b", kForbidden, "overwritten while it was read"},
                                    {"a!", kForbidden, "overwritten while it was read"},
                                    {kStuck, kForbidden, "no progress"}};

const InCases kCases{
    {"SpscBytesRecordsArriveWholeAndInOrder",
     {{"", kAllowed, "drain ran first"},
      {"a", kAllowed, "between the publications"},
      {"ab", kAllowed, "after both"},
      {"b", kForbidden, "order lost"},
      {"!", kForbidden, "half a record"}},
     two_records<Scheduled>,
     two_records<Viewed>},
    {"SpscBytesARecordThatGoesRoundTheEndWaitsForTheRoomInFront", kRoundTheEnd,
     round_the_end<Scheduled>, round_the_end<Viewed>},
    {"SpscBytesARecordThatWasShownIsNotOverwrittenBeforeItsRelease", kRoundTheEnd,
     front_and_release<Scheduled>, front_and_release<Viewed>}};

}  // namespace
}  // namespace cti::model
