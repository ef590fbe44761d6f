// arguments_property_test.cpp - random Arguments against a std::map, and every cut and spoilt byte of them.
#include "tests/property/random_arguments.hpp"
#include "wire/arguments_fold.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cti::test {
namespace {

using wire::Arg;
using wire::Arguments;
using wire::ArgumentsView;
using wire::ArgumentsWriter;

TEST(ArgumentsProperty, BehavesLikeAMap) {
  Seed seed("ArgumentsProperty.BehavesLikeAMap");
  for (int round = 0; round < 300; ++round) {
    Arguments arguments;
    TwinArguments twin;
    for (std::uint64_t step = seed.below(60); step != 0; --step) {
      if (seed.one_in(5)) {
        const std::string key = random_key(seed);
        ASSERT_EQ(arguments.erase(key), twin.entries.erase(TwinArguments::normalised(key)) == 1)
            << seed.text();
      } else {
        random_set(seed, arguments, twin, 1);
      }
      const auto checked = ArgumentsView::check(arguments.bytes());
      ASSERT_TRUE(checked) << describe(checked.error()) << seed.text();
      ASSERT_TRUE(twin.equals(*checked)) << arguments.dump() << "\n" << seed.text();
      const std::string key = random_key(seed);
      ASSERT_EQ(arguments.find(key).has_value(),
                twin.entries.count(TwinArguments::normalised(key)) == 1)
          << key << seed.text();
    }
  }
}

/// Writes the entries in random order, arrays by begin_nested.
void write_shuffled(Seed& seed, ArgumentsWriter& writer, const ArgumentsView& view) {
  std::vector<Arg> entries(view.begin(), view.end());
  for (std::size_t i = entries.size(); i > 1; --i)
    std::swap(entries[i - 1], entries[seed.below(i)]);
  for (const Arg& arg : entries) {
    const auto key = arg.keyword() == wire::Keyword::kOwnKey ? wire::ArgKey(arg.own_key())
                                                             : wire::ArgKey(arg.keyword());
    if (!arg.is_arguments()) {
      if (seed.one_in(4)) writer.add_string(key, "soon replaced by the true value");
      writer.add(arg);
      continue;
    }
    writer.begin_nested(key);
    write_shuffled(seed, writer, arg.arguments());
    writer.end_nested();
  }
}

TEST(ArgumentsProperty, DecodeOfEncodeIsTheSameWhateverTheOrder) {
  Seed seed("ArgumentsProperty.DecodeOfEncodeIsTheSameWhateverTheOrder");
  std::vector<std::byte> buffer(wire::limits::kArgumentsBytesMax);
  for (int round = 0; round < 500; ++round) {
    Arguments arguments;
    TwinArguments twin;
    for (std::uint64_t step = seed.below(20); step != 0; --step)
      random_set(seed, arguments, twin, 1);
    ArgumentsWriter writer(buffer);
    write_shuffled(seed, writer, arguments.view());
    const auto checked = ArgumentsView::check(writer.finish());
    ASSERT_TRUE(checked) << seed.text();
    ASSERT_TRUE(*checked == arguments.view()) << checked->dump() << "\n"
                                              << arguments.dump() << "\n"
                                              << seed.text();
  }
}

TEST(ArgumentsProperty, SpoiltBytesAreRefusedOrCanonical) {
  Seed seed("ArgumentsProperty.SpoiltBytesAreRefusedOrCanonical");
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Arguments arguments;
    TwinArguments twin;
    for (std::uint64_t step = 1 + seed.below(8); step != 0; --step)
      random_set(seed, arguments, twin, 1);
    std::vector<std::byte> bytes(arguments.bytes().begin(), arguments.bytes().end());
    for (std::uint64_t n = 1 + seed.below(3); n != 0; --n) {
      bytes[seed.below(bytes.size())] =
          static_cast<std::byte>(seed.one_in(2) ? seed.below(9) : seed.below(256));
    }
    if (seed.one_in(4)) bytes.resize(seed.below(bytes.size() + 1));
    const auto checked = ArgumentsView::check(bytes);
    if (!checked) {
      ++refused;
      ASSERT_LE(checked.error().offset, bytes.size()) << seed.text();
      continue;
    }
    Arguments rebuilt;
    for (const Arg arg : *checked) ASSERT_TRUE(rebuilt.set(arg)) << seed.text();
    ASSERT_TRUE(rebuilt.view() == *checked) << seed.text();
  }
  EXPECT_GT(refused, 5'000);
}

TEST(ArgumentsProperty, FoldIsSettingEveryKeyOfTheChange) {
  Seed seed("ArgumentsProperty.FoldIsSettingEveryKeyOfTheChange");
  std::vector<std::byte> buffer(wire::limits::kArgumentsBytesMax);
  int overwritten = 0;
  for (int round = 0; round < 2'000; ++round) {
    Arguments base;
    Arguments change;
    TwinArguments ignored;
    for (std::uint64_t step = seed.below(12); step != 0; --step) random_set(seed, base, ignored, 1);
    for (std::uint64_t step = seed.below(12); step != 0; --step)
      random_set(seed, change, ignored, 1);
    if (seed.one_in(4)) change.set(wire::Keyword::CallVariable1, " ");
    if (seed.one_in(4)) change.set(wire::Keyword::OldUniqueObjectID, "x");
    const auto folded = wire::fold_arguments(base, change, buffer);
    ASSERT_TRUE(folded) << seed.text();
    Arguments expected = base;
    for (const Arg arg : change) {
      if (arg.keyword() == wire::Keyword::OldUniqueObjectID) continue;
      const bool cleared = arg.keyword() == wire::Keyword::CallVariable1 && arg.string() == " ";
      ASSERT_TRUE(cleared ? expected.set(wire::Keyword::CallVariable1, "") : expected.set(arg));
    }
    const auto checked = ArgumentsView::check(*folded);
    ASSERT_TRUE(checked) << describe(checked.error()) << seed.text();
    ASSERT_TRUE(*checked == expected.view()) << seed.text();
    // In place: the same, or nothing at all. Once more over the result, most of it can be in place.
    for (const Arguments& before : {base, expected}) {
      std::vector<std::byte> block(before.bytes().begin(), before.bytes().end());
      const bool done = wire::overwrite_arguments(block, change);
      overwritten += done;
      ASSERT_TRUE(ArgumentsView::trusted(block) == (done ? expected : before).view())
          << seed.text();
    }
  }
  EXPECT_GT(overwritten, 200);
}

TEST(ArgumentsProperty, SpoiltFramesAreNeverReadPast) {
  Seed seed("ArgumentsProperty.SpoiltFramesAreNeverReadPast");
  std::vector<std::byte> buffer(wire::limits::kFrameBytesMax);
  for (int round = 0; round < 5'000; ++round) {
    Arguments arguments;
    TwinArguments twin;
    for (std::uint64_t step = seed.below(6); step != 0; --step)
      random_set(seed, arguments, twin, 1);
    const std::vector<wire::Position> positions(seed.below(3));
    wire::SubscribeWriter writer(buffer, {.id = seed.next()}, positions);
    writer.arguments().add_all(arguments);
    const Bytes frame = writer.finish();
    std::vector<std::byte> bytes(
        frame.begin(), frame.end());  // exactly as long: a read past the end is seen by ASan
    const auto good = wire::SubscribeView::check(bytes);
    ASSERT_TRUE(good) << seed.text();
    ASSERT_TRUE(good->arguments() == arguments.view()) << seed.text();
    bytes[seed.below(bytes.size())] ^= static_cast<std::byte>(1U << seed.below(8));
    if (seed.one_in(3)) bytes.resize(seed.below(bytes.size()) / 8 * 8);
    if (seed.one_in(2) && bytes.size() >= 4)
      store_le(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    const auto view = wire::SubscribeView::check(bytes);
    if (view) {
      (void)view->arguments().dump();
    }
  }
}

}  // namespace
}  // namespace cti::test
