// object_table_property_test.cpp - random records against a std::map of std::maps.
#include "tests/property/random_arguments.hpp"
#include "wire/object_key.hpp"
#include "wire/object_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace cti::test {
namespace {

using wire::Arguments;
using wire::Keyword;
namespace topic = wire::topic;

/// The obvious fold: UniqueObjectID -> properties.
struct Twin {
  std::map<std::string, Arguments> objects;

  void apply(const std::string& id, const std::string& old, const Arguments& change,
             std::uint32_t topics) {
    const bool was_there = objects.count(id) != 0;
    const bool old_there = !old.empty() && old != id && objects.count(old) != 0;
    if (!was_there && !old_there && (topics & topic::kEnds)) return;
    if (old_there) {
      if (!was_there) objects[id] = objects[old];
      objects.erase(old);
    }
    Arguments& object = objects[id];
    if (topics & topic::kWhole) object.clear();
    for (const wire::Arg arg : change) ASSERT_TRUE(object.set(arg));
    object.set(Keyword::UniqueObjectID, id);
    if (topics & topic::kEnds) objects.erase(id);
  }
};

std::string random_id(Seed& seed, std::uint64_t objects) {
  static constexpr const char* kKinds[] = {"call.5000.",       "agent.5000.", "device.5000.",
                                           "skillgroup.5000.", "team.5000.",  "system."};
  return kKinds[seed.one_in(2) ? 0 : seed.below(6)] + std::to_string(seed.below(objects));
}

void compare(const Twin& twin, const wire::ObjectTable& table, const std::string& replay) {
  ASSERT_EQ(table.size(), twin.objects.size()) << replay;
  std::size_t seen = 0;
  for (int kind = 1; kind <= 6; ++kind) {
    table.for_each(static_cast<wire::ObjectKind>(kind), [&](wire::ObjectHandle handle) {
      ++seen;
      const std::string id(table.unique_object_id(handle));
      EXPECT_EQ(wire::kind_of(id), static_cast<wire::ObjectKind>(kind));
      const auto expected = twin.objects.find(id);
      ASSERT_NE(expected, twin.objects.end()) << id << replay;
      ASSERT_TRUE(table.properties(handle) == expected->second.view())
          << table.properties(handle).dump() << "\n"
          << expected->second.dump() << "\n"
          << replay;
      ASSERT_EQ(table.find(id), handle) << replay;
    });
  }
  ASSERT_EQ(seen, twin.objects.size()) << replay;
}

class Course {
 public:
  Course(Seed& seed, std::uint64_t objects)
      : seed_(seed), objects_(objects), buffer_(wire::limits::kFrameBytesMax) {}

  void step() {
    const std::string id = random_id(seed_, objects_);
    const std::string old = seed_.one_in(12) ? random_id(seed_, objects_) : "";
    std::uint32_t topics = topic::kCall;
    if (seed_.one_in(5)) topics |= topic::kEnds;
    if (seed_.one_in(10)) topics |= topic::kWhole;
    Arguments change;
    TwinArguments ignored;
    for (std::uint64_t n = seed_.below(6); n != 0; --n) random_set(seed_, change, ignored, 1);
    if (const auto blank = change.string(Keyword::CallVariable1); blank && *blank == " ")
      change.erase(Keyword::CallVariable1);
    wire::UpdateWriter writer(buffer_, {.id = ++sequence_,
                                        .peripheral_id = 5000,
                                        .object_key = wire::object_key(id),
                                        .topics = topics});
    writer.arguments().add_all(change);
    writer.arguments().add_string(Keyword::UniqueObjectID, id);
    if (!old.empty()) writer.arguments().add_string(Keyword::OldUniqueObjectID, old);
    const Bytes frame = writer.finish();
    log.emplace_back(frame.begin(), frame.end());
    const auto applied = table.apply(wire::UpdateView::trusted(frame));
    if (twin.objects.count(old) != 0 && wire::kind_of(old) != wire::kind_of(id)) {
      ASSERT_FALSE(applied) << seed_.text();
      ASSERT_EQ(applied.error().fault, wire::FoldFault::kKindMismatch) << seed_.text();
      log.pop_back();
      return;
    }
    ASSERT_TRUE(applied) << seed_.text();
    twin.apply(id, old, change, topics);
  }

  wire::ObjectTable table;
  Twin twin;
  std::vector<std::vector<std::byte>> log;

 private:
  Seed& seed_;
  std::uint64_t objects_;
  std::vector<std::byte> buffer_;
  std::uint64_t sequence_ = 0;
};

TEST(ObjectTableProperty, BehavesLikeAMapOfMaps) {
  Seed seed("ObjectTableProperty.BehavesLikeAMapOfMaps");
  for (const std::uint64_t objects : {3U, 30U, 2000U}) {
    Course course(seed, objects);
    for (int step = 0; step < 4'000; ++step) {
      course.step();
      if (HasFatalFailure()) return;
      if (step % 97 == 0) compare(course.twin, course.table, seed.text());
      if (HasFatalFailure()) return;
    }
    compare(course.twin, course.table, seed.text());
  }
}

TEST(ObjectTableProperty, TablesThatAppliedTheSameRecordsAreEqual) {
  Seed seed("ObjectTableProperty.TablesThatAppliedTheSameRecordsAreEqual");
  Course course(seed, 100);
  for (int step = 0; step < 3'000; ++step) course.step();
  wire::ObjectTable replayed;
  for (const auto& record : course.log) {
    const auto view = wire::UpdateView::check(record);
    ASSERT_TRUE(view) << seed.text();
    ASSERT_TRUE(replayed.apply(*view)) << seed.text();
  }
  EXPECT_EQ(replayed.exact_digest(), course.table.exact_digest()) << seed.text();
  // One object different in one value: another digest.
  const std::string id = course.twin.objects.begin()->first;
  std::vector<std::byte> buffer(1024);
  wire::UpdateWriter writer(buffer, {.object_key = wire::object_key(id), .topics = topic::kCall});
  writer.arguments().add_string(Keyword::UniqueObjectID, id);
  writer.arguments().add_string(Keyword::CallWrapupData, "changed");
  ASSERT_TRUE(replayed.apply(wire::UpdateView::trusted(writer.finish())));
  EXPECT_NE(replayed.exact_digest(), course.table.exact_digest()) << seed.text();
}

TEST(ObjectTableProperty, SnapshotInAnyOrderMakesTheSameTable) {
  Seed seed("ObjectTableProperty.SnapshotInAnyOrderMakesTheSameTable");
  for (int round = 0; round < 20; ++round) {
    Course course(seed, 50);
    Course behind(seed, 50);  // knows other things, some of them wrong
    for (int step = 0; step < 300; ++step) {
      course.step();
      behind.step();
    }
    std::vector<std::string> ids;
    for (const auto& [id, properties] : course.twin.objects) ids.push_back(id);
    for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[seed.below(i)]);
    behind.table.begin_snapshot(5000);
    std::vector<std::byte> buffer(wire::limits::kFrameBytesMax);
    for (const std::string& id : ids) {
      wire::UpdateWriter writer(buffer, {.id = 1,
                                         .snapshot = true,
                                         .peripheral_id = 5000,
                                         .object_key = wire::object_key(id),
                                         .topics = topic::kWhole});
      writer.arguments().add_all(course.twin.objects[id]);
      ASSERT_TRUE(behind.table.apply(wire::UpdateView::trusted(writer.finish()))) << seed.text();
    }
    std::set<std::string> ended;
    behind.table.end_snapshot(5000, [&](wire::ObjectHandle handle) {
      ended.emplace(behind.table.unique_object_id(handle));
    });
    for (const std::string& id : ended)
      EXPECT_EQ(course.twin.objects.count(id), 0U) << id << seed.text();
    compare(course.twin, behind.table, seed.text());
    ASSERT_EQ(behind.table.exact_digest(), course.table.exact_digest()) << seed.text();
  }
}

}  // namespace
}  // namespace cti::test
