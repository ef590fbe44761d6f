// object_table_test.cpp - the fold: what records make of objects.
#include "wire/object_table.hpp"

#include "tests/array_new.hpp"
#include "wire/arguments_fold.hpp"
#include "wire/object_key.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace {
std::size_t allocations = 0;
std::size_t fails_at = 0;  // the allocation with this number fails; 0: none
}  // namespace

// Counts what the steady state allocates: nothing. And fails when told to.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (++allocations == fails_at) throw std::bad_alloc();
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace cti::wire {
namespace {

/// Builds records and applies them.
class Log {
 public:
  explicit Log(ObjectTable& table) : table_(table), buffer_(limits::kFrameBytesMax) {}

  Result<Applied, FoldError> put(std::string_view id, const Arguments& arguments,
                                 std::uint32_t topics = topic::kCall,
                                 std::uint32_t peripheral = 5000) {
    UpdateWriter writer(buffer_, {.id = ++sequence_,
                                  .peripheral_id = peripheral,
                                  .object_key = object_key(id),
                                  .event_id = EventId::eCallDataUpdateEvent,
                                  .topics = topics});
    writer.arguments().add_all(arguments.view());
    writer.arguments().add_string(Keyword::UniqueObjectID, id);
    return table_.apply(UpdateView::trusted(writer.finish()));
  }
  /// As it is: key and Arguments need not fit each other.
  Result<Applied, FoldError> raw(std::uint64_t key, const Arguments& arguments,
                                 std::uint32_t topics) {
    UpdateWriter writer(buffer_, {.id = ++sequence_, .object_key = key, .topics = topics});
    writer.arguments().add_all(arguments.view());
    return table_.apply(UpdateView::trusted(writer.finish()));
  }

 private:
  ObjectTable& table_;
  std::vector<std::byte> buffer_;
  std::uint64_t sequence_ = 0;
};

template <class T>
Arguments one(const ArgKey& key, const T& value) {
  Arguments arguments;
  arguments.set(key, value);
  return arguments;
}

/// Applies `change` with its first, its second, ... allocation failing, to a table that `prepare` made, until none fails.
/// After each failure the table must be as before, and the change must succeed when it is made again.
template <class Prepare, class ChangeIt>
std::size_t fail_each_allocation(Prepare&& prepare, ChangeIt&& change) {
  for (std::size_t nth = 1;; ++nth) {
    ObjectTable table;
    Log log(table);
    prepare(log);
    const std::uint64_t digest = table.exact_digest();
    const std::uint32_t size = table.size();
    bool failed = false;
    fails_at = allocations + nth;
    try {
      (void)change(log);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    fails_at = 0;
    if (!failed) return nth - 1;
    table.invariants();
    EXPECT_EQ(table.exact_digest(), digest) << "allocation " << nth;
    EXPECT_EQ(table.size(), size) << "allocation " << nth;
    EXPECT_TRUE(change(log)) << "allocation " << nth;
    table.invariants();
  }
}

// Fault M12: the record whose allocation fails is not applied, and nothing of it is left.
TEST(ObjectTable, AFailedAllocationLeavesTheTableAsItWas) {
  const std::string long_text(3000, 'x');
  Arguments large, rename;
  large.set(Keyword::CallVariable1, long_text);
  rename.set(Keyword::OldUniqueObjectID, "call.5000.1.1");
  rename.set(Keyword::CallVariable1, long_text);
  const auto nothing = [](Log&) {};
  const auto crowd =
      [](Log& log) {  // the index is about to split, the first chunk of slots is used up
        for (int i = 1; i <= 64; ++i) {
          ASSERT_TRUE(log.put("call.5000." + std::to_string(i) + ".1", one(Keyword::ANI, "5551")));
        }
      };
  const auto create = [&](Log& log) { return log.put("call.5000.900.1", large).ok(); };
  const auto update = [&](Log& log) { return log.put("call.5000.1.1", large).ok(); };
  const auto take_name = [&](Log& log) { return log.put("call.5000.900.1", rename).ok(); };
  EXPECT_GT(fail_each_allocation(nothing, create), 0u);
  EXPECT_GT(fail_each_allocation(crowd, create), 0u);
  EXPECT_GT(fail_each_allocation(crowd, update), 0u);
  EXPECT_GT(fail_each_allocation(crowd, take_name), 0u);
}

TEST(ObjectTable, AHandleStaysInvalidWhenTheNextObjectCannotBeMade) {
  const Arguments few = one(Keyword::ANI, "5551");
  const auto call = [](std::size_t i) { return "call.5000." + std::to_string(i) + ".1"; };
  // Sooner or later the key of the new object is the one that splits the index.
  for (std::size_t crowd = 80; crowd < 480; ++crowd) {
    const std::string fresh = call(1000 + crowd % 4);
    bool failed = true;
    for (std::size_t nth = 1; failed; ++nth) {
      ObjectTable table;
      Log log(table);
      const auto first = log.put("call.5000.777.1", few);
      ASSERT_TRUE(first);
      for (std::size_t i = 1; i <= crowd; ++i) ASSERT_TRUE(log.put(call(i), few));
      ASSERT_TRUE(log.put("call.5000.777.1", Arguments(), topic::kCall | topic::kEnds));
      ASSERT_TRUE(log.put(call(1), one(Keyword::ANI, "5552")));  // lets the ended one go
      failed = false;
      fails_at = allocations + nth;
      try {
        (void)log.put(fresh, few);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      fails_at = 0;
      EXPECT_FALSE(table.valid(first->handle)) << "crowd " << crowd << ", allocation " << nth;
    }
  }
}

TEST(ObjectTable, LaterKeysReplaceEarlierOnes) {
  ObjectTable table;
  Log log(table);
  const auto first = log.put("call.5000.1.23901", one(Keyword::ANI, "555"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->change, Change::kCreated);
  const auto second = log.put("call.5000.1.23901", one(Keyword::CallStatus, std::int16_t{2}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->change, Change::kUpdated);
  EXPECT_EQ(second->handle, first->handle);
  ASSERT_TRUE(log.put("call.5000.1.23901", one(Keyword::CallStatus, std::int16_t{3})));
  EXPECT_EQ(table.properties(first->handle).dump(),
            "ANI = 555; CallStatus = 3; UniqueObjectID = call.5000.1.23901;");
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.size(ObjectKind::kCall), 1U);
  EXPECT_EQ(table.kind(first->handle), ObjectKind::kCall);
  EXPECT_EQ(table.last_sequence(first->handle), 3U);
  EXPECT_EQ(table.last_event(first->handle), EventId::eCallDataUpdateEvent);
  EXPECT_EQ(table.peripheral_id(first->handle), 5000U);
  EXPECT_EQ(table.unique_object_id(first->handle), "call.5000.1.23901");
  EXPECT_EQ(table.find("call.5000.1.23901"), first->handle);
  EXPECT_FALSE(table.find("call.5000.2.23901"));
}

TEST(ObjectTable, EndedObjectCanBeReadUntilTheNextRecord) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("call.5000.1.1", one(Keyword::ANI, "1")));
  const auto ended = log.put("call.5000.1.1", one(Keyword::CallStatus, std::int16_t{0}),
                             topic::kCall | topic::kEnds);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->change, Change::kEnded);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.find("call.5000.1.1"));
  EXPECT_EQ(table.properties(ended->handle).integer(Keyword::CallStatus), 0);
  ASSERT_TRUE(log.put("call.5000.2.1", {}));
  EXPECT_FALSE(table.valid(ended->handle));
  EXPECT_EQ(table.properties(ended->handle).size(), 0U);
  EXPECT_EQ(table.key(ended->handle), 0U);
}

TEST(ObjectTable, EndOfAnUnknownObjectIsIgnoredAndCounted) {
  ObjectTable table;
  Log log(table);
  const auto applied = log.put("call.5000.1.1", {}, topic::kCall | topic::kEnds);
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->change, Change::kNone);
  EXPECT_FALSE(applied->handle);
  EXPECT_EQ(table.counters().ignored, 1U);
}

TEST(ObjectTable, RecordAboutNoObjectChangesNothing) {
  ObjectTable table;
  Log log(table);
  const auto applied = log.raw(0, one(Keyword::SystemEventID, 4), topic::kSystem);
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->change, Change::kNone);
  EXPECT_EQ(table.size(), 0U);
}

TEST(ObjectTable, WholeRecordReplacesEverything) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("agent.5000.1", one(Keyword::AgentExtension, "23901"), topic::kAgent));
  const auto applied = log.put("agent.5000.1", one(Keyword::AgentState, std::int16_t{1}),
                               topic::kAgent | topic::kWhole);
  ASSERT_TRUE(applied);
  EXPECT_EQ(table.properties(applied->handle).dump(),
            "AgentState = 1; UniqueObjectID = agent.5000.1;");
}

TEST(ObjectTable, NestedArrayIsReplacedWholeAndBlankClearsAVariable) {
  ObjectTable table;
  Log log(table);
  Arguments first;
  first.set(Keyword::CallVariable1, "keep");
  first.set(Keyword::CallVariable3, "clear me");
  Arguments ecc = one("user.A", "a");
  ecc.set("user.B", "b");
  first.set(Keyword::ECC, ecc);
  ASSERT_TRUE(log.put("call.5000.1.1", first));
  Arguments change;
  change.set(Keyword::CallVariable3, " ");
  change.set(Keyword::CallVariable4, "  ");
  change.set(Keyword::ECC, one("user.B", "c"));
  const auto applied = log.put("call.5000.1.1", change);
  ASSERT_TRUE(applied);
  EXPECT_EQ(table.properties(applied->handle).dump(),
            "CallVariable1 = keep; CallVariable3 = ; CallVariable4 =   ; ECC = { user.B = c; }; "
            "UniqueObjectID = call.5000.1.1;");
}

TEST(ObjectTable, RenameKeepsTheObject) {
  ObjectTable table;
  Log log(table);
  const auto first = log.put("call.5000.1.1", one(Keyword::ANI, "1"));
  ASSERT_TRUE(first);
  const auto renamed = log.put("call.5000.2.1", one(Keyword::OldUniqueObjectID, "call.5000.1.1"));
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->change, Change::kRenamed);
  EXPECT_EQ(renamed->handle, first->handle);
  EXPECT_FALSE(table.find("call.5000.1.1"));
  EXPECT_EQ(table.find("call.5000.2.1"), first->handle);
  EXPECT_EQ(table.properties(first->handle).dump(), "ANI = 1; UniqueObjectID = call.5000.2.1;");
  EXPECT_EQ(table.counters().renamed, 1U);
  ASSERT_TRUE(log.put("call.5000.1.1", one(Keyword::ANI, "another")));
  EXPECT_EQ(table.size(), 2U);
}

TEST(ObjectTable, RenameOntoAnExistingObjectEndsTheOldOne) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("call.5000.1.1", one(Keyword::ANI, "old")));
  const auto kept = log.put("call.5000.2.1", one(Keyword::ANI, "new"));
  const auto renamed = log.put("call.5000.2.1", one(Keyword::OldUniqueObjectID, "call.5000.1.1"));
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->handle, kept->handle);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_FALSE(table.find("call.5000.1.1"));
  EXPECT_EQ(table.properties(kept->handle).string(Keyword::ANI), "new");
}

TEST(ObjectTable, RenameThatAlsoEndsLeavesNothingBehind) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("call.5000.1.1", {}));
  const auto ended = log.put("call.5000.2.1", one(Keyword::OldUniqueObjectID, "call.5000.1.1"),
                             topic::kCall | topic::kEnds);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->change, Change::kEnded);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.find("call.5000.1.1"));
  EXPECT_FALSE(table.find("call.5000.2.1"));
  EXPECT_EQ(table.exact_digest(), ObjectTable().exact_digest());
}

TEST(ObjectTable, AnObjectKeepsItsKindUnderEveryName) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("agent.5000.1", one(Keyword::AgentID, "1"), topic::kAgent));
  ASSERT_TRUE(log.put("call.5000.9.1", one(Keyword::ANI, "9")));
  ASSERT_TRUE(log.put("what.1", {}, topic::kSystem));
  const std::uint64_t before = table.digest();
  const auto refused = [&](std::string_view id, std::string_view old, std::uint32_t topics) {
    const auto applied = log.put(id, one(Keyword::OldUniqueObjectID, old), topics);
    return !applied && applied.error().fault == FoldFault::kKindMismatch;
  };
  EXPECT_TRUE(refused("call.5000.2.1", "agent.5000.1", topic::kCall));   // onto a new name
  EXPECT_TRUE(refused("call.5000.9.1", "agent.5000.1", topic::kCall));   // onto one that is taken
  EXPECT_TRUE(refused("call.5000.2.1", "agent.5000.1", topic::kAgent));  // the name decides
  EXPECT_TRUE(refused("agent.5000.1", "call.5000.9.1", topic::kAgent | topic::kEnds));
  EXPECT_TRUE(refused("call.5000.2.1", "what.1", topic::kSystem));
  EXPECT_TRUE(refused("what.2", "what.1", topic::kTeam));  // no name that says: the topics decide
  EXPECT_EQ(table.digest(), before);
  EXPECT_EQ(table.counters().refused, 6U);
  EXPECT_EQ(table.kind(*table.find("agent.5000.1")), ObjectKind::kAgent);
  EXPECT_TRUE(log.put("what.2", one(Keyword::OldUniqueObjectID, "what.1"), topic::kSystem));
}

TEST(ObjectTable, AUniqueObjectIdThatIsNoTextIsRefused) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("call.1.1.1", {}));
  Arguments number;
  ASSERT_TRUE(number.set(Keyword::UniqueObjectID, 7));
  for (const std::uint32_t topics : {topic::kCall, topic::kCall | topic::kWhole}) {
    const auto applied = log.raw(object_key("call.1.1.1"), number, topics);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().fault, FoldFault::kNoUniqueObjectId);
  }
  EXPECT_EQ(table.unique_object_id(*table.find("call.1.1.1")), "call.1.1.1");
}

TEST(ObjectTable, RefusesRecordsThatContradictThemselves) {
  ObjectTable table;
  Log log(table);
  const auto fault = [](const Result<Applied, FoldError>& r) {
    return r ? FoldFault{} : r.error().fault;
  };
  EXPECT_EQ(fault(log.raw(7, one(Keyword::ANI, "1"), topic::kCall)), FoldFault::kNoUniqueObjectId);
  EXPECT_EQ(fault(log.raw(7, one(Keyword::UniqueObjectID, "call.1.1.1"), topic::kCall)),
            FoldFault::kKeyMismatch);
  EXPECT_EQ(fault(log.put("what.1", {}, 0)), FoldFault::kKindUnknown);
  EXPECT_TRUE(log.put("what.1", {}, topic::kSystem));
  ASSERT_TRUE(log.put("call.1.1.1", {}));
  EXPECT_EQ(fault(log.raw(object_key("call.1.1.1"), one(Keyword::ANI, "1"),
                          topic::kCall | topic::kWhole)),
            FoldFault::kNoUniqueObjectId);
  EXPECT_EQ(table.counters().refused, 4U);
  EXPECT_EQ(name_of(FoldFault::kKeyMismatch), "kKeyMismatch");
}

// The name has as many bytes as the one that is known: a change in place must not let it through.
TEST(ObjectTable, AnotherNameUnderAKnownKeyIsRefused) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("call.1.1.1", {}));
  const auto other =
      log.raw(object_key("call.1.1.1"), one(Keyword::UniqueObjectID, "call.1.1.2"), topic::kCall);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().fault, FoldFault::kKeyMismatch);
  EXPECT_EQ(table.unique_object_id(*table.find("call.1.1.1")), "call.1.1.1");
}

TEST(ObjectTable, LimitsHaveNamesAndLeaveTheTableAsItWas) {
  ObjectTable table({.objects_max = 2, .bytes_max = 64 * 1024});
  Log log(table);
  ASSERT_TRUE(log.put("call.1.1.1", {}));
  ASSERT_TRUE(log.put("call.1.2.1", {}));
  const std::uint64_t before = table.exact_digest();
  const auto third = log.put("call.1.3.1", {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().fault, FoldFault::kTooManyObjects);
  EXPECT_EQ(third.error().limit, 2U);
  const auto heavy = log.put("call.1.1.1", one("user.X", std::string(32'740, 'x')));
  ASSERT_TRUE(heavy);  // one such block fits
  const auto heavier = log.put("call.1.2.1", one("user.X", std::string(32'740, 'x')));
  ASSERT_FALSE(heavier);
  EXPECT_EQ(heavier.error().fault, FoldFault::kOutOfMemory);
  EXPECT_EQ(heavier.error().limit, 64U * 1024);
  const auto too_long = log.put("call.1.1.1", one("user.Y", std::string(32'768, 'x')));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().fault, FoldFault::kObjectTooLong);
  ASSERT_TRUE(log.put("call.1.1.1", {}, topic::kCall | topic::kWhole));
  EXPECT_EQ(table.exact_digest(), before);
}

TEST(ObjectTable, KeysAlikeInTheirFirstBitsFillTheIndexNotTheMemory) {
  ObjectIndex index;
  std::uint32_t number = 0;
  while (index.insert(std::uint64_t{number}, number)) ASSERT_LT(++number, 1000U);
  EXPECT_EQ(number, 48U);
  EXPECT_LT(index.bytes_held(), std::size_t{48} << 20);
  for (std::uint32_t i = 0; i < number; ++i) EXPECT_EQ(index.find(i), i);
}

TEST(ObjectTable, SnapshotEndsWhatItDidNotName) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("call.5000.1.1", {}));
  ASSERT_TRUE(log.put("call.5000.2.1", {}));
  ASSERT_TRUE(log.put("agent.5000.9", {}, topic::kAgent));
  ASSERT_TRUE(log.put("call.5001.1.1", {}, topic::kCall, 5001));
  table.begin_snapshot(5000);
  ASSERT_TRUE(log.put("call.5000.2.1", {}, topic::kCall | topic::kWhole));
  table.begin_snapshot(5000);  // the first one broke off
  ASSERT_TRUE(log.put("call.5000.1.1", {}, topic::kCall | topic::kWhole));
  std::set<std::string> gone;
  EXPECT_EQ(
      table.end_snapshot(5000, [&](ObjectHandle h) { gone.emplace(table.unique_object_id(h)); }),
      2U);
  EXPECT_EQ(gone, (std::set<std::string>{"call.5000.2.1", "agent.5000.9"}));
  EXPECT_EQ(table.size(), 2U);
  EXPECT_TRUE(table.find("call.5001.1.1"));
}

TEST(ObjectTable, DigestIsOfTheStateNotOfTheWay) {
  ObjectTable one_way;
  ObjectTable other_way;
  Log a(one_way);
  Log b(other_way);
  EXPECT_EQ(one_way.exact_digest(), other_way.exact_digest());
  ASSERT_TRUE(a.put("call.1.1.1", one(Keyword::ANI, "1")));
  ASSERT_TRUE(a.put("agent.1.1", one(Keyword::EventTime, 17), topic::kAgent));
  EXPECT_NE(one_way.exact_digest(), other_way.exact_digest());
  ASSERT_TRUE(b.put("agent.1.1", {}, topic::kAgent));
  ASSERT_TRUE(b.put("call.1.1.1", one(Keyword::ANI, "0")));
  ASSERT_TRUE(b.put("call.1.2.1", one(Keyword::ANI, "7")));
  ASSERT_TRUE(b.put("call.1.1.1", one(Keyword::ANI, "1")));
  EXPECT_NE(one_way.exact_digest(), other_way.exact_digest());
  ASSERT_TRUE(b.put("call.1.2.1", {}, topic::kCall | topic::kEnds));
  EXPECT_EQ(one_way.exact_digest(), other_way.exact_digest());
  other_way.clear();
  EXPECT_EQ(other_way.size(), 0U);
  EXPECT_EQ(other_way.exact_digest(), ObjectTable().exact_digest());
}

TEST(ObjectTable, ForEachGoesByKindInOrderOfArrival) {
  ObjectTable table;
  Log log(table);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(log.put("call.1." + std::to_string(i) + ".1", {}));
  ASSERT_TRUE(log.put("team.1.1", {}, topic::kTeam));
  for (int i = 0; i < 200; i += 2) {
    ASSERT_TRUE(log.put("call.1." + std::to_string(i) + ".1", {}, topic::kCall | topic::kEnds));
  }
  int expected = 1;
  table.for_each(ObjectKind::kCall, [&](ObjectHandle handle) {
    EXPECT_EQ(table.unique_object_id(handle), "call.1." + std::to_string(expected) + ".1");
    expected += 2;
  });
  EXPECT_EQ(expected, 201);
  EXPECT_EQ(table.size(ObjectKind::kTeam), 1U);
  EXPECT_EQ(table.size(ObjectKind::kDevice), 0U);
}

TEST(ObjectTable, SteadyStateAllocatesNothing) {
  ObjectTable table;
  std::vector<std::vector<std::byte>> records;
  const auto record = [&](int call, std::uint32_t topics, std::size_t text) {
    std::vector<std::byte> buffer(2048);
    const std::string id = "call.5000." + std::to_string(call) + ".23901";
    UpdateWriter writer(buffer, {.object_key = object_key(id), .topics = topics});
    writer.arguments().add_string(Keyword::UniqueObjectID, id);
    writer.arguments().add_string(Keyword::CallVariable1, std::string(text, 'v'));
    writer.arguments().add_int(Keyword::CallStatus, call);
    buffer.resize(writer.finish().size());
    records.push_back(buffer);
  };
  for (int call = 0; call < 300; ++call) {
    record(call, topic::kCall, 5);
    record(call, topic::kCall, 400);
    record(call, topic::kCall, 40);
    if (call >= 100) record(call - 100, topic::kCall | topic::kEnds, 1);
  }
  for (int call = 200; call < 300; ++call) record(call, topic::kCall | topic::kEnds, 1);
  const auto run = [&] {
    for (const auto& bytes : records) ASSERT_TRUE(table.apply(UpdateView::trusted(bytes)));
  };
  run();
  run();
  const std::size_t held = table.bytes_held();
  const std::size_t before = allocations;
  run();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(table.bytes_held(), held);
  EXPECT_EQ(table.size(), 0U);
}

TEST(ObjectTable, SmallTablesStaySmall) {
  ObjectTable table;
  Log log(table);
  ASSERT_TRUE(log.put("agent.5000.1", one(Keyword::AgentExtension, "23901"), topic::kAgent));
  EXPECT_LT(table.bytes_held(), 8U * 1024);
}

TEST(ObjectTable, GrowsWithoutAPause) {
  // No insert may pay for the rest: the index splits segments of 64, it never moves everything.
  ObjectIndex index;
  std::size_t most = 0;
  std::size_t held = index.bytes_held();
  std::uint64_t key = 0x9E3779B97F4A7C15;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    key ^= key << 13;
    key ^= key >> 7;
    key ^= key << 17;
    ASSERT_TRUE(index.insert(key, i));
    most = std::max(most, index.bytes_held() - held);
    held = index.bytes_held();
  }
  EXPECT_LE(most, 64U * 1024);  // a doubled directory of 4 bytes a segment, not a table
}

TEST(BlobPool, ClassesFitWithLittleWaste) {
  for (std::size_t bytes = 1; bytes <= BlobPool::kLargest; ++bytes) {
    const std::uint8_t size_class = BlobPool::class_of(bytes);
    ASSERT_GE(BlobPool::bytes_of(size_class), bytes);
    if (size_class > 0) {
      ASSERT_LT(BlobPool::bytes_of(static_cast<std::uint8_t>(size_class - 1)), bytes);
    }
  }
  EXPECT_EQ(BlobPool::class_of(BlobPool::kLargest), BlobPool::kClasses - 1);
}

TEST(BlobPool, SaysNullAtItsLimitAndRecovers) {
  BlobPool pool(1000);
  std::vector<std::byte*> blocks;
  while (std::byte* block = pool.take(0)) blocks.push_back(block);
  EXPECT_EQ(blocks.size(), 15U);  // 960 of 1000 bytes
  EXPECT_EQ(std::set<std::byte*>(blocks.begin(), blocks.end()).size(), 15U);
  EXPECT_LE(pool.bytes_held(), 1000U);
  pool.give(blocks.back(), 0);
  EXPECT_EQ(pool.take(0), blocks.back());
  EXPECT_EQ(pool.take(3), nullptr);
}

}  // namespace
}  // namespace cti::wire
