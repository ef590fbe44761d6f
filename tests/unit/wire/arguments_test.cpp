// arguments_test.cpp - Arguments: reading, writing, owning, and what is refused.
#include "wire/arguments.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace cti::wire {
namespace {

std::vector<std::byte> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

SessionFault fault_of(Bytes bytes) {
  const auto checked = ArgumentsView::check(bytes);
  return checked ? SessionFault{} : checked.error().fault;
}

/// A block of one entry or more, as raw bytes, to be spoilt by the tests.
std::vector<std::byte> sample() {
  Arguments arguments;
  arguments.set(Keyword::AgentID, "22866");
  arguments.set(Keyword::AgentState, std::int16_t{3});
  arguments.set(Keyword::Monitored, true);
  arguments.set("user.Colour", "blue");
  Arguments inner;
  inner.set(Keyword::SkillGroupNumber, 77);
  arguments.set("SkillGroup[0]", inner);
  return copy(arguments.bytes());
}

std::size_t entry_at(const std::vector<std::byte>& block, const ArgKey& key) {
  const auto arg = ArgumentsView::trusted(block).find(key);
  return static_cast<std::size_t>(arg->bytes().data() - block.data());
}

TEST(ArgumentsWriter, SortsWhateverOrderKeysComeIn) {
  std::array<std::byte, 512> one;
  std::array<std::byte, 512> two;
  ArgumentsWriter up(one);
  up.add_string(Keyword::ANI, "5551234");
  up.add_int(Keyword::PeripheralID, 5000);
  up.add_string("a.own", "x");
  up.add_string("B.own", "y");
  ArgumentsWriter down(two);
  down.add_string("B.own", "y");
  down.add_string("a.own", "x");
  down.add_int("peripheralid", 5000);
  down.add_string(" ani\t", "5551234");
  const Bytes left = up.finish();
  const Bytes right = down.finish();
  EXPECT_EQ(copy(left), copy(right));
  EXPECT_TRUE(ArgumentsView::check(left));
  EXPECT_EQ(ArgumentsView::trusted(left).dump(),
            "ANI = 5551234; PeripheralID = 5000; a.own = x; B.own = y;");
}

TEST(ArgumentsWriter, LastValueOfAKeyWins) {
  std::array<std::byte, 512> buffer;
  ArgumentsWriter writer(buffer);
  writer.add_string(Keyword::ANI, "a long text that will be replaced by a shorter one");
  writer.add_string("user.X", "first");
  writer.add_int(Keyword::ANI, 5);
  writer.add_string("USER.x", "second and longer");
  const auto view = ArgumentsView::check(writer.finish());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->size(), 2U);
  EXPECT_EQ(view->integer(Keyword::ANI), 5);
  EXPECT_EQ(view->string("user.x"), "second and longer");
}

TEST(ArgumentsWriter, NestsAndGoesOnOutside) {
  std::array<std::byte, 512> buffer;
  ArgumentsWriter writer(buffer);
  writer.add_int(Keyword::UniqueObjectID, 1);
  writer.begin_nested(Keyword::ECC);
  writer.add_string("user.B", "b");
  writer.begin_nested("user.A");
  writer.add_int("0", 7);
  writer.end_nested();
  writer.add_string("user.C", "c");
  writer.end_nested();
  writer.add_string(Keyword::ANI, "behind");
  const auto view = ArgumentsView::check(writer.finish());
  ASSERT_TRUE(view) << describe(view.error());
  EXPECT_EQ(
      view->dump(),
      "ANI = behind; ECC = { user.A = { 0 = 7; }; user.B = b; user.C = c; }; UniqueObjectID = 1;");
}

TEST(ArgumentsWriter, ReplacesANestedArrayWhole) {
  std::array<std::byte, 512> buffer;
  ArgumentsWriter writer(buffer);
  for (const char* value : {"first", "second"}) {
    writer.begin_nested(Keyword::ECC);
    writer.add_string(value, value);
    writer.end_nested();
  }
  EXPECT_EQ(ArgumentsView::check(writer.finish())->dump(), "ECC = { second = second; };");
}

TEST(ArgumentsWriter, ReplacedArraysDoNotCountTowardsTheLimit) {
  std::vector<std::byte> buffer(limits::kArgumentsBytesMax);
  ArgumentsWriter writer(buffer);
  for (int round = 0; round < 5; ++round) {
    writer.begin_nested("again");
    for (std::uint32_t k = 0; k < 2000; ++k) writer.add_int(static_cast<Keyword>(k + 1), round);
    writer.end_nested();
  }
  EXPECT_TRUE(writer.ok()) << describe(writer.error());
}

TEST(ArgumentsWriter, ErasesAndAppendsAfterwards) {
  std::array<std::byte, 512> buffer;
  ArgumentsWriter writer(buffer);
  writer.add_int(Keyword::ANI, 1);
  writer.add_int(Keyword::DNIS, 2);
  writer.add_int("own", 3);
  writer.erase("own");
  writer.erase("never there");
  writer.add_int(Keyword::UniqueObjectID, 4);
  writer.erase(Keyword::ANI);
  EXPECT_EQ(ArgumentsView::check(writer.finish())->dump(), "DNIS = 2; UniqueObjectID = 4;");
}

TEST(ArgumentsWriter, FullBufferIsAStickyErrorThatNamesTheLimit) {
  for (std::size_t size = 0; size < 60; ++size) {
    std::vector<std::byte> buffer(size + 8, std::byte{0xEE});
    ArgumentsWriter writer(MutableBytes(buffer).first(size));
    writer.add_string(Keyword::ANI, "0123456789");
    writer.add_string("own key", "0123456789");
    const bool fits = size >= 8 + 20 + 28;
    EXPECT_EQ(writer.ok(), fits) << size;
    if (fits) continue;
    EXPECT_EQ(writer.error().fault, SessionFault::kBufferFull);
    EXPECT_EQ(writer.error().limit, size);
    writer.add_int(Keyword::ANI, 1);
    EXPECT_TRUE(writer.finish().empty());
    for (std::size_t i = size; i < buffer.size(); ++i)
      EXPECT_EQ(buffer[i], std::byte{0xEE}) << size;
  }
}

TEST(ArgumentsWriter, RefusesKeysThatAreNone) {
  std::array<std::byte, 1024> buffer;
  const auto fault = [&](std::string_view key) {
    ArgumentsWriter writer(buffer);
    writer.add_int(key, 1);
    return writer.error().fault;
  };
  EXPECT_EQ(fault(""), SessionFault::kKeyMissing);
  EXPECT_EQ(fault("  \t "), SessionFault::kKeyMissing);
  EXPECT_EQ(fault("a\nb"), SessionFault::kKeyBad);
  EXPECT_EQ(fault(std::string(255, 'k')), SessionFault{});
  EXPECT_EQ(fault(std::string(256, 'k')), SessionFault::kKeyTooLong);
}

TEST(ArgumentsWriter, RefusesWhatPassesTheLimits) {
  std::vector<std::byte> buffer(limits::kArgumentsBytesMax * 2);
  ArgumentsWriter text(buffer);
  text.add_string(Keyword::ANI, std::string(limits::kStringBytesMax, 'x'));
  EXPECT_TRUE(text.ok());
  text.add_string(Keyword::DNIS, std::string(limits::kStringBytesMax + 1, 'x'));
  EXPECT_EQ(text.error().fault, SessionFault::kStringTooLong);

  ArgumentsWriter deep(buffer);
  for (std::uint32_t i = 1; i < limits::kArgumentsDepthMax; ++i) deep.begin_nested(Keyword::ECC);
  EXPECT_TRUE(deep.ok());
  deep.begin_nested(Keyword::ECC);
  EXPECT_EQ(deep.error().fault, SessionFault::kTooDeep);

  ArgumentsWriter many(buffer);
  for (std::uint32_t i = 0; i < limits::kArgumentsEntriesMax; ++i)
    many.add_int(static_cast<Keyword>(i + 1), 1);
  EXPECT_TRUE(many.ok());
  many.add_int("one more", 1);
  EXPECT_EQ(many.error().fault, SessionFault::kTooManyEntries);

  ArgumentsWriter full(buffer);  // the buffer has room, the block may not have it
  for (int i = 0; i < 3; ++i) full.add_string(std::to_string(i), std::string(30'000, 'x'));
  EXPECT_EQ(full.error().fault, SessionFault::kBufferFull);
  EXPECT_EQ(full.error().limit, limits::kArgumentsBytesMax);
}

TEST(AscendingRun, WritesWhatTheWriterWrites) {
  std::array<std::byte, 512> one, two;
  one.fill(std::byte{0xEE});  // padding must be written, not found
  two.fill(std::byte{0xEE});
  ArgumentsWriter plain(one), fast(two);
  const auto nested = [](ArgumentsWriter& inner) { inner.add_string("user.x", "1"); };
  plain.add_short(Keyword::AgentState, -3);
  plain.begin_nested(Keyword::ECC);
  nested(plain);
  plain.end_nested();
  for (const std::string_view text : {"", "1", "1234", "12345", "12345678", "123456789012345"}) {
    plain.add_string(Keyword::UniqueObjectID, text);
    ArgumentsWriter again(two);
    {
      AscendingRun run(again);
      run.add_number(AscendingRun::head(Keyword::AgentState, ArgType::kShort, 0xFFFFFFFDU));
      run.add_nested(Keyword::ECC, nested);
      run.add_text(AscendingRun::head(Keyword::UniqueObjectID, ArgType::kString,
                                      static_cast<std::uint32_t>(text.size())),
                   as_bytes(text).data());
    }
    again.add_int(Keyword::AgentMode, 1);  // the writer goes on, in any order
    again.erase(Keyword::AgentMode);
    ArgumentsWriter expected(one, plain.finish().size());
    EXPECT_EQ(copy(again.finish()), copy(expected.finish())) << text;
    EXPECT_EQ(fault_of(again.finish()), SessionFault{}) << text;
  }
}

TEST(AscendingRun, LimitsAreTheWritersAndStick) {
  const auto number = [](std::uint16_t keyword) {
    return AscendingRun::head(static_cast<Keyword>(keyword), ArgType::kInt, 1);
  };
  std::vector<std::byte> room(24);
  ArgumentsWriter full(room);
  {
    AscendingRun run(full);
    for (std::uint16_t keyword = 1; keyword <= 3; ++keyword) run.add_number(number(keyword));
  }
  EXPECT_EQ(full.error().fault, SessionFault::kBufferFull);
  EXPECT_TRUE(full.finish().empty());

  room.resize(limits::kArgumentsBytesMax);
  const std::string text(limits::kStringBytesMax + 1, 'x');
  ArgumentsWriter long_text(room);
  {
    AscendingRun run(long_text);
    run.add_text(
        AscendingRun::head(Keyword::ANI, ArgType::kString, static_cast<std::uint32_t>(text.size())),
        as_bytes(text).data());
    run.add_number(number(400));
  }
  EXPECT_EQ(long_text.error().fault, SessionFault::kStringTooLong);

  ArgumentsWriter many(room);
  {
    AscendingRun run(many);
    for (std::uint16_t keyword = 1; keyword <= limits::kArgumentsEntriesMax + 1; ++keyword) {
      run.add_number(number(keyword));
    }
  }
  EXPECT_EQ(many.error().fault, SessionFault::kTooManyEntries);
}

TEST(ArgumentsView, EmptyArrayIsEightBytes) {
  const ArgumentsView view;
  EXPECT_EQ(view.size(), 0U);
  EXPECT_EQ(view.bytes().size(), 8U);
  EXPECT_TRUE(ArgumentsView::check(view.bytes()));
  EXPECT_FALSE(view.find(Keyword::ANI));
  EXPECT_EQ(view.dump(), "");
}

TEST(ArgumentsView, ReadsFromAnyAddress) {
  const auto block = sample();
  std::vector<std::byte> shifted(block.size() + 8);
  for (std::size_t by = 0; by < 8; ++by) {
    std::memcpy(shifted.data() + by, block.data(), block.size());
    const auto view = ArgumentsView::check(Bytes(shifted).subspan(by, block.size()));
    ASSERT_TRUE(view);
    EXPECT_EQ(view->string(Keyword::AgentID), "22866");
    EXPECT_EQ(view->arguments("skillgroup[0]")->integer(Keyword::SkillGroupNumber), 77);
  }
}

TEST(ArgumentsView, NumbersAndTextConvert) {
  Arguments arguments;
  arguments.set("text", " -17 ");
  arguments.set("word", "abc");
  arguments.set("wide", "99999999999999999999");
  arguments.set("small", std::int16_t{-2});
  arguments.set("big", 0xFFFFFFFFU);
  EXPECT_EQ(arguments.integer("text"), -17);
  EXPECT_FALSE(arguments.integer("word"));
  EXPECT_FALSE(arguments.integer("wide"));
  EXPECT_EQ(arguments.integer("small"), -2);
  EXPECT_EQ(arguments.integer("big"), 0xFFFFFFFFLL);
  EXPECT_EQ(arguments.text("small"), "-2");
  EXPECT_FALSE(arguments.string("small"));
  EXPECT_FALSE(arguments.integer("nothing"));
}

TEST(ArgumentsView, DumpEscapesControlCharacters) {
  Arguments arguments;
  arguments.set("user.X", std::string_view("a\0b\n\x7f", 5));
  EXPECT_EQ(arguments.dump(), "user.X = a\\x00b\\x0a\\x7f;");
}

TEST(Arguments, TypeFollowsTheValue) {
  Arguments arguments;
  arguments.set("a", std::int16_t{1});
  arguments.set("b", std::uint16_t{1});
  arguments.set("c", 1);
  arguments.set("d", 1U);
  arguments.set("e", false);
  arguments.set("f", "x");
  arguments.set("g", Arguments());
  EXPECT_TRUE(arguments.set("h", std::int64_t{-5}));
  EXPECT_TRUE(arguments.set("i", std::uint64_t{0xFFFFFFFF}));
  const ArgType expected[] = {ArgType::kShort,     ArgType::kUShort, ArgType::kInt,
                              ArgType::kUInt,      ArgType::kBool,   ArgType::kString,
                              ArgType::kArguments, ArgType::kInt,    ArgType::kUInt};
  std::size_t at = 0;
  for (const Arg arg : arguments) EXPECT_EQ(arg.type(), expected[at++]) << arg.key_name();
  EXPECT_EQ(at, std::size(expected));
  EXPECT_FALSE(arguments.set("j", std::int64_t{1} << 32));
  EXPECT_FALSE(arguments.set("j", ~std::uint64_t{0}));
  EXPECT_FALSE(arguments.find("j"));
}

TEST(Arguments, SetFromItsOwnContents) {
  Arguments arguments;
  arguments.set("a", std::string(100, 'x'));
  for (int i = 0; i < 20; ++i) arguments.set("b" + std::to_string(i), *arguments.string("a"));
  EXPECT_EQ(arguments.string("b19"), std::string(100, 'x'));
  arguments.set("a", arguments.view());
  EXPECT_EQ(arguments.arguments("a")->string("a"), std::string(100, 'x'));
  EXPECT_TRUE(arguments.set(*arguments.arguments("a")->find("b3")));
  EXPECT_TRUE(ArgumentsView::check(arguments.bytes()));
}

TEST(Arguments, RefusedChangeLeavesEverythingAsItWas) {
  Arguments arguments;
  arguments.set("a", std::string(30'000, 'x'));
  arguments.set("b", std::string(30'000, 'y'));
  const Arguments before = arguments;
  EXPECT_FALSE(arguments.set("c", std::string(30'000, 'z')));
  EXPECT_FALSE(arguments.set("", 1));
  EXPECT_FALSE(arguments.set("a", std::string(32 * 1024 + 1, 'z')));
  EXPECT_TRUE(arguments == before);
  EXPECT_FALSE(arguments.erase("c"));
  EXPECT_TRUE(arguments.erase("a"));
  EXPECT_TRUE(arguments.set("c", std::string(30'000, 'z')));
}

// ---- foreign bytes ----

TEST(ArgumentsCheck, C3_LengthsThatLieAreRefused) {
  const auto good = sample();
  for (const std::uint32_t length :
       {0U, 1U, 7U, 8U, 0x7FFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFF8U,
        static_cast<std::uint32_t>(good.size()) + 4, static_cast<std::uint32_t>(good.size()) - 4}) {
    auto bad = good;
    store_le(bad.data(), length);
    EXPECT_EQ(fault_of(bad), SessionFault::kBlockLengthWrong) << length;
  }
  for (const std::uint32_t value : {0x10000U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    auto bad = good;
    store_le(bad.data() + entry_at(good, Keyword::AgentID) + 4, value);
    EXPECT_EQ(fault_of(bad), SessionFault::kStringTooLong) << value;
    bad = good;
    store_le(bad.data() + entry_at(good, "SkillGroup[0]") + 4, value);
    EXPECT_EQ(fault_of(bad), SessionFault::kEntryTruncated) << value;
  }
  auto bad = good;
  store_le(bad.data() + entry_at(good, "user.Colour") + 4, std::uint32_t{5000});
  EXPECT_EQ(fault_of(bad), SessionFault::kEntryTruncated);
}

TEST(ArgumentsCheck, EveryCutIsRefused) {
  const auto good = sample();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::vector<std::byte> cut(good.begin(),
                                     good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(ArgumentsView::check(cut)) << size;
    if (size < 8) {
      EXPECT_EQ(fault_of(cut), SessionFault::kBlockTruncated);
      continue;
    }
    auto patched = cut;  // even when the header says so
    store_le(patched.data(), static_cast<std::uint32_t>(size));
    EXPECT_FALSE(ArgumentsView::check(patched)) << size;
  }
}

TEST(ArgumentsCheck, C3_ThousandArraysDeepIsRefusedAtTheLimit) {
  std::vector<std::byte> block = copy(ArgumentsView().bytes());
  for (int depth = 2; depth <= 1000; ++depth) {
    std::vector<std::byte> outer(16);
    store_le(outer.data(), static_cast<std::uint32_t>(16 + block.size()));
    store_le(outer.data() + 4, std::uint16_t{1});
    store_le(outer.data() + 8, static_cast<std::uint16_t>(Keyword::ECC));
    outer[10] = std::byte{7};
    store_le(outer.data() + 12, static_cast<std::uint32_t>(block.size()));
    outer.insert(outer.end(), block.begin(), block.end());
    block = outer;
    const auto checked = ArgumentsView::check(block);
    EXPECT_EQ(checked.ok(), depth <= 8) << depth;
    if (!checked) {
      EXPECT_EQ(checked.error(), (SessionError{SessionFault::kTooDeep, 8 * 16, 8}));
    }
  }
}

TEST(ArgumentsCheck, C3_MillionKeysAreRefusedAtTheLimit) {
  const auto block_of = [](std::uint32_t keys) {
    std::vector<std::byte> block(8 + std::size_t{keys} * 8);
    store_le(block.data(), static_cast<std::uint32_t>(block.size()));
    store_le(block.data() + 4, static_cast<std::uint16_t>(keys));
    for (std::uint32_t i = 0; i < keys; ++i) {
      store_le(block.data() + 8 + i * 8, static_cast<std::uint16_t>(i + 1));
      block[8 + i * 8 + 2] = std::byte{1};
    }
    return block;
  };
  EXPECT_EQ(fault_of(block_of(4096)), SessionFault{});
  EXPECT_EQ(fault_of(block_of(4097)), SessionFault::kTooManyEntries);
  EXPECT_EQ(fault_of(block_of(1'000'000)), SessionFault::kBlockTooLong);
}

TEST(ArgumentsCheck, C3_ManyKeysSpreadOverNestedArraysAreCountedTogether) {
  std::vector<std::byte> buffer(limits::kArgumentsBytesMax);
  ArgumentsWriter writer(buffer);
  for (int i = 0; i < 4; ++i) {
    writer.begin_nested(std::to_string(i));
    for (std::uint32_t k = 0; k < 1000; ++k) writer.add_int(static_cast<Keyword>(k + 1), 0);
    writer.end_nested();
  }
  ASSERT_TRUE(writer.ok());
  const auto whole = copy(writer.finish());
  ASSERT_TRUE(ArgumentsView::check(whole));
  ArgumentsWriter more(buffer, whole.size());
  for (std::uint32_t k = 0; k < 92; ++k) more.add_int(static_cast<Keyword>(k + 1), 0);
  EXPECT_TRUE(more.ok());  // 4000 + 4 + 92
  more.add_int(Keyword::UniqueObjectID, 0);
  EXPECT_EQ(more.error().fault, SessionFault::kTooManyEntries);
}

TEST(ArgumentsCheck, C14_DoubledAndUnorderedKeysAreRefused) {
  Arguments arguments;
  arguments.set(static_cast<Keyword>(10), 1);
  arguments.set(static_cast<Keyword>(20), 1);
  auto block = copy(arguments.bytes());
  store_le(block.data() + 16, std::uint16_t{10});
  EXPECT_EQ(fault_of(block), SessionFault::kKeyTwice);
  store_le(block.data() + 16, std::uint16_t{9});
  EXPECT_EQ(fault_of(block), SessionFault::kKeyOrder);
  store_le(block.data() + 16, std::uint16_t{60000});  // a keyword of a later version
  const auto view = ArgumentsView::check(block);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->dump(), "AgentFlags = 1; #60000 = 1;");
}

TEST(ArgumentsCheck, C14_OwnKeysInOtherCaseAreTheSameKey) {
  Arguments arguments;
  arguments.set("user.a", 1);
  arguments.set("user.b", 1);
  auto block = copy(arguments.bytes());
  block[entry_at(block, "user.b") + 8 + 5] = std::byte{'A'};
  EXPECT_EQ(fault_of(block), SessionFault::kKeyTwice);
}

TEST(ArgumentsCheck, C14_OddOwnKeysAreRefused) {
  const auto with_key = [](std::string_view key) {
    Arguments arguments;
    arguments.set(std::string(key.size(), '~'), 1);
    auto block = copy(arguments.bytes());
    std::memcpy(block.data() + 16, key.data(), key.size());
    return fault_of(block);
  };
  EXPECT_EQ(with_key("user.X"), SessionFault{});
  EXPECT_EQ(with_key("AgentID"), SessionFault::kKeyIsKeyword);
  EXPECT_EQ(with_key("AGENTid"), SessionFault::kKeyIsKeyword);
  EXPECT_EQ(with_key(" x"), SessionFault::kKeyBad);
  EXPECT_EQ(with_key("x\t"), SessionFault::kKeyBad);
  EXPECT_EQ(with_key("a\x01z"), SessionFault::kKeyBad);
  EXPECT_EQ(with_key("\xC3\xA9t\xC3\xA9"), SessionFault{});
}

TEST(ArgumentsCheck, C14_KeyFieldsThatContradictEachOther) {
  auto block = sample();
  block[entry_at(block, Keyword::AgentState) + 3] = std::byte{4};
  EXPECT_EQ(fault_of(block), SessionFault::kKeyBad);  // a keyword and an own key
  block = sample();
  store_le(block.data() + entry_at(block, Keyword::AgentState), std::uint16_t{0});
  EXPECT_EQ(fault_of(block), SessionFault::kKeyMissing);
  block = sample();
  block[entry_at(block, "user.Colour") + 3] = std::byte{255};
  EXPECT_EQ(fault_of(block), SessionFault::kEntryTruncated);
}

TEST(ArgumentsCheck, C14_WrongTypesAndExtremeNumbers) {
  auto block = sample();
  for (const int type : {0, 8, 255}) {
    block[entry_at(block, Keyword::AgentState) + 2] = static_cast<std::byte>(type);
    EXPECT_EQ(fault_of(block), SessionFault::kTypeUnknown) << type;
    block = sample();
  }
  const std::size_t state = entry_at(block, Keyword::AgentState);
  for (const std::uint32_t value : {0x8000U, 0x10000U, 0xFFFF7FFFU}) {
    store_le(block.data() + state + 4, value);
    EXPECT_EQ(fault_of(block), SessionFault::kValueOutOfRange) << value;
  }
  store_le(block.data() + state + 4, std::uint32_t{0xFFFF8000});  // -32768
  EXPECT_EQ(fault_of(block), SessionFault{});
  block[state + 2] = std::byte{4};  // as USHORT it is none
  EXPECT_EQ(fault_of(block), SessionFault::kValueOutOfRange);
  block = sample();
  store_le(block.data() + entry_at(block, Keyword::Monitored) + 4, std::uint32_t{2});
  EXPECT_EQ(fault_of(block), SessionFault::kValueOutOfRange);
}

TEST(ArgumentsCheck, PaddingCountAndFlagsMustBeExact) {
  auto block = sample();
  block[entry_at(block, Keyword::AgentID) + 8 + 5] = std::byte{1};
  EXPECT_EQ(fault_of(block), SessionFault::kPaddingNotZero);
  block = sample();
  block[entry_at(block, "user.Colour") + 8 + 11] = std::byte{1};
  EXPECT_EQ(fault_of(block), SessionFault::kPaddingNotZero);
  block = sample();
  block[6] = std::byte{1};
  EXPECT_EQ(fault_of(block), SessionFault::kBlockFlagsUnknown);
  block = sample();
  block[4] = std::byte{4};
  EXPECT_EQ(fault_of(block), SessionFault::kCountWrong);
  block[4] = std::byte{6};
  EXPECT_EQ(fault_of(block), SessionFault::kCountWrong);
}

TEST(ArgumentsCheck, EveryFlippedBitIsRefusedOrReadsBackWhole) {
  const auto good = sample();
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const auto view = ArgumentsView::check(bad);
    if (!view) {
      ++refused;
      EXPECT_LE(view.error().offset, good.size());
      continue;
    }
    const Arguments again(
        *view);  // what is accepted is canonical: rebuilding it gives the same bytes
    Arguments rebuilt;
    for (const Arg arg : again) rebuilt.set(arg);
    EXPECT_EQ(copy(rebuilt.bytes()), bad) << "bit " << bit;
  }
  EXPECT_GT(refused, good.size() * 2);
}

TEST(SessionError, SaysWhatWhereAndWhichLimit) {
  EXPECT_EQ(describe({SessionFault::kTooDeep, 128, 8}),
            "Arguments are nested too deep, at byte 128, limit 8");
  EXPECT_EQ(describe({SessionFault::kKeyTwice, 48, 0}), "the same key twice, at byte 48");
  EXPECT_EQ(name_of(SessionFault::kListTooLong), "kListTooLong");
  EXPECT_EQ(name_of(static_cast<SessionFault>(200)), "?");
}

}  // namespace
}  // namespace cti::wire
