// arguments_test.cpp - keys, values, conversions and failures of Arguments, as CTI OS programs know them.
#include "cil/cil.hpp"
#include "cil/detail/objects/convert.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Arguments, AllSpellingsOfAKeyNameTheSameItem) {
  Arguments args;
  EXPECT_TRUE(args.AddItem("  agentid ", "1"));
  EXPECT_TRUE(args.AddItem(CTIOS_AGENTID, "2"));
  EXPECT_TRUE(args.AddItem(ekwAgentID, "22866"));
  EXPECT_TRUE(args.AddItem(std::string("AGENTID"), std::string("22866")));
  EXPECT_EQ(args.NumElements(), 1);
  EXPECT_EQ(args.GetValueString("AgentID"), "22866");
  EXPECT_EQ(args.GetElementKey(1), "AgentID");
}

TEST(Arguments, OwnKeysIgnoreCaseAndOuterBlanks) {
  Arguments args;
  EXPECT_TRUE(args.AddItem(" My.Key ", 1));
  EXPECT_TRUE(args.AddItem("my.key", 2));
  EXPECT_EQ(args.NumElements(), 1);
  EXPECT_EQ(args.GetValueInt("MY.KEY  "), 2);
  EXPECT_EQ(args.GetElementKey(1), "My.Key");
}

TEST(Arguments, RefusesEmptyAndOverlongKeysAndOverlongText) {
  Arguments args;
  EXPECT_FALSE(args.AddItem("", 1));
  EXPECT_FALSE(args.AddItem("   ", 1));
  EXPECT_FALSE(args.AddItem(static_cast<const char*>(nullptr), 1));
  EXPECT_FALSE(args.AddItem(std::string(256, 'k'), 1));
  EXPECT_TRUE(args.AddItem(std::string(255, 'k'), 1));
  EXPECT_FALSE(args.AddItem("long", std::string(32 * 1024 + 1, 'x')));
  EXPECT_TRUE(args.AddItem("long", std::string(32 * 1024, 'x')));
}

TEST(Arguments, NumbersAndTextConvertIntoEachOther) {
  Arguments args;
  args.AddItem("text", " 42 ");
  args.AddItem("number", 5000);
  args.AddItem("word", "abc");
  args.AddItem("wide", 70000);
  args.AddItem("mask", 0x80000001U);
  EXPECT_EQ(args.GetValueInt("text"), 42);
  EXPECT_EQ(args.GetValueShort("text"), 42);
  EXPECT_EQ(args.GetValueString("number"), "5000");
  EXPECT_TRUE(args.GetValueBool("number"));
  EXPECT_EQ(args.GetValueUInt("mask"), 0x80000001U);
  EXPECT_EQ(static_cast<unsigned>(args.GetValueInt("mask")), 0x80000001U);
  int value = 7;
  EXPECT_FALSE(args.GetValueInt("word", &value));
  EXPECT_EQ(value, 7);
  short small = 7;
  EXPECT_FALSE(args.GetValueShort("wide", &small));
  EXPECT_EQ(small, 7);
}

TEST(Arguments, OneArgumentGettersThrowTwoArgumentGettersReturnFalse) {
  Arguments args;
  args.AddItem("word", "abc");
  EXPECT_THROW(args.GetValueInt("absent"), CCtiosException);
  EXPECT_THROW(args.GetValueInt("word"), CCtiosException);
  EXPECT_THROW(args.GetElementInt(2), CCtiosException);
  EXPECT_THROW(args.GetElementKey(0), CCtiosException);
  std::string text = "kept";
  EXPECT_FALSE(args.GetValueString("absent", &text));
  EXPECT_EQ(text, "kept");
  try {
    args.GetValueInt("absent");
    FAIL();
  } catch (const CCtiosException& e) {
    EXPECT_EQ(e.GetCode(), E_CTIOS_INVALID_ARGUMENT);
    EXPECT_NE(std::string(e.What()).find("absent"), std::string::npos);
    EXPECT_NE(std::string(e.What()).find("-103"), std::string::npos);
  }
}

TEST(Arguments, KeepsTheTypeOfAValue) {
  Arguments args;
  args.AddItem("int", 1);
  args.AddItem("uint", 1U);
  args.AddItem("short", short{1});
  args.AddItem("ushort", static_cast<unsigned short>(1));
  args.AddItem("bool", true);
  args.AddItem("string", "1");
  args.AddItem("enum", eNotReady);
  args.AddItem("array", Arguments());
  const ArgDataType expected[] = {ARG_INT,  ARG_UINT,   ARG_SHORT, ARG_USHORT,
                                  ARG_BOOL, ARG_STRING, ARG_INT,   ARG_ARGARRAY};
  for (int i = 1; i <= args.NumElements(); ++i)
    EXPECT_EQ(args.GetElementArgType(i), expected[i - 1]) << i;
}

TEST(Arguments, IndexCountsFromOne) {
  Arguments args;
  args.AddItem("a", 10);
  args.AddItem("b", 20);
  EXPECT_EQ(args.GetElementInt(1) + args.GetElementInt(2), 30);
  EXPECT_TRUE(args.SetElement(2, 21));
  EXPECT_FALSE(args.SetElement(3, 1));
  EXPECT_FALSE(args.SetElement(0, 1));
  EXPECT_EQ(args.GetElementInt(2), 21);
  EXPECT_TRUE(args.RemoveItem("A"));
  EXPECT_FALSE(args.RemoveItem("A"));
  EXPECT_EQ(args.NumElements(), 1);
}

TEST(Arguments, NestedArraysAreCopiedInAndSharedOut) {
  Arguments inner;
  inner.AddItem("user.x", "1");
  Arguments outer;
  outer.AddItem(CTIOS_ECC, inner);
  inner.AddItem("user.x", "2");
  Ref<Arguments> read(outer.GetValueArray(CTIOS_ECC));
  EXPECT_EQ(read->GetValueString("user.x"), "1");
  read->AddItem("user.y", 3);  // it is the array itself
  Ref<Arguments> again(outer.GetElementArg(1));
  EXPECT_EQ(again->GetValueInt("user.y"), 3);
  Ref<Arguments> copy(outer.Clone());
  again->AddItem("user.y", 4);
  Ref<Arguments> copied(copy->GetValueArray(CTIOS_ECC));
  EXPECT_EQ(copied->GetValueInt("user.y"), 3);
}

TEST(Arguments, DumpsKeyEqualsValue) {
  Arguments args;
  EXPECT_EQ(args.DumpArgs(), "");
  args.AddItem(CTIOS_AGENTID, "22866");
  args.AddItem(CTIOS_PERIPHERALID, 5000);
  EXPECT_EQ(args.DumpArgs(), "AgentID = 22866; PeripheralID = 5000;");
}

TEST(Arguments, CountsReferences) {
  Arguments& args = Arguments::CreateInstance();
  EXPECT_EQ(args.AddRef(), 2U);
  EXPECT_EQ(args.Release(), 1U);
  EXPECT_EQ(args.Release(), 0U);
  Arguments* other = nullptr;
  EXPECT_TRUE(Arguments::CreateInstance(&other));
  EXPECT_EQ(other->Release(), 0U);
  EXPECT_FALSE(Arguments::CreateInstance(nullptr));
}

TEST(Arguments, SetsItsOwnValuesWithoutHarm) {
  Arg arg("text");
  EXPECT_TRUE(arg.SetValue(arg));
  EXPECT_TRUE(arg.SetValue(arg.text()));
  EXPECT_EQ(arg.GetValueString(), "text");
  EXPECT_FALSE(arg.SetValue(static_cast<const char*>(nullptr)));
}

TEST(Convert, ArgumentsSurviveTheWire) {
  Arguments args;
  args.AddItem("int", -5);
  args.AddItem("uint", 0xFFFFFFFFU);
  args.AddItem("short", short{-3});
  args.AddItem("ushort", static_cast<unsigned short>(65535));
  args.AddItem("bool", true);
  args.AddItem(CTIOS_ANI, "5551234");
  Arguments inner;
  inner.AddItem("user.Arr[0]", "a");
  args.AddItem(CTIOS_ECC, inner);
  std::byte buffer[1024];
  cti::wire::ArgumentsWriter writer(buffer);
  cti::cil::detail::write(args, writer);
  const cti::Bytes bytes = writer.finish();
  ASSERT_TRUE(writer.ok());
  const auto view = cti::wire::ArgumentsView::check(bytes);
  ASSERT_TRUE(view.ok());
  Arguments back;
  cti::cil::detail::read(*view, &back);
  EXPECT_EQ(back.NumElements(), args.NumElements());
  EXPECT_EQ(back.GetValueInt("int"), -5);
  EXPECT_EQ(back.GetValueUInt("uint"), 0xFFFFFFFFU);
  EXPECT_EQ(back.GetValueShort("short"), -3);
  EXPECT_EQ(back.GetValueUShort("ushort"), 65535);
  EXPECT_TRUE(back.GetValueBool("bool"));
  EXPECT_EQ(back.GetValueString(ekwANI), "5551234");
  Ref<Arguments> nested(back.GetValueArray(ekwECC));
  EXPECT_EQ(nested->GetValueString("USER.ARR[0]"), "a");
}

TEST(Arguments, AReferenceThatIsAssignedIsCountedOnceForEachWhoHoldsIt) {
  const Ref<CAgent> one(new CAgent);
  const Ref<CAgent> other(new CAgent);
  const auto count = [](const Ref<CAgent>& object) {
    object->AddRef();
    return object->Release();
  };
  {
    CilRefArg left(one.get());
    CilRefArg right(other.get());
    right = left;
    ASSERT_EQ(count(one), 3U);
    ASSERT_EQ(count(other), 1U);
    const CilRefArg& itself = right;
    right = itself;
    EXPECT_EQ(count(one), 3U);
    left = CilRefArg();
    EXPECT_EQ(count(one), 2U);
    EXPECT_EQ(left.GetValue(), nullptr);
    EXPECT_EQ(Ref<CCtiOsObject>(right.GetValue()).get(), one.get());
  }
  EXPECT_EQ(count(one), 1U);
}

TEST(Arguments, AnObjectIsHeldWhicheverWayItsReferenceComesIn) {
  const Ref<CAgent> agent(new CAgent);
  ASSERT_TRUE(agent->SetValue(ekwUniqueObjectID, "agent.5000.1"));
  const auto holds = [&](const Arg* arg) {
    const auto* reference = dynamic_cast<const CilRefArg*>(arg);
    return reference && Ref<CCtiOsObject>(reference->GetValue()).get() == agent.get();
  };
  const CilRefArg reference(agent.get());
  const Arg& as_arg = reference;
  Arguments args;
  EXPECT_TRUE(args.AddItem("one", reference));
  EXPECT_TRUE(args.AddItem("two", as_arg));
  EXPECT_TRUE(args.SetValue("three", as_arg));
  EXPECT_TRUE(args.AddItem("four", 4));
  EXPECT_TRUE(args.SetElement(4, reference));
  EXPECT_FALSE(args.SetElement(5, reference));
  EXPECT_FALSE(args.SetElement(0, 1));
  ASSERT_EQ(args.NumElements(), 4);
  const Arguments copy(args);
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(holds(args.at(i)) && holds(copy.at(i))) << i;
  // An Arg itself holds none: the name of the object at least.
  EXPECT_EQ(Arg(as_arg).GetValueString(), "agent.5000.1");
  Arg set;
  EXPECT_TRUE(set.SetValue(as_arg));
  EXPECT_EQ(set.GetValueString(), "agent.5000.1");
  EXPECT_EQ(set.GetType(), ARG_STRING);
  const Ref<CAgent> other(new CAgent);
  EXPECT_TRUE(other->SetValue("friend", reference));
  EXPECT_EQ(other->GetValueString("friend"), "agent.5000.1");
  EXPECT_TRUE(other->SetValue("itself", CilRefArg(other.get())));  // asks itself: nobody waits for ever
  EXPECT_TRUE(other->IsValid("itself"));
  other->SetValue("itself", 0);  // else it would hold itself for ever
}

template <class T>
concept Addable = requires(Arguments args, T value) { args.AddItem("key", value); };
static_assert(Addable<const char*> && Addable<char*> && Addable<char[4]> && Addable<int> &&
              Addable<bool> && Addable<Arguments> && Addable<Arg> && Addable<CilRefArg>);
static_assert(!Addable<CAgent*> && !Addable<const CCall*> && !Addable<Arguments*> &&
                  !Addable<void*>,
              "none of them becomes a BOOL");

TEST(Convert, C3_ArraysTooDeepOrTooBigAreRefusedByTheWriter) {
  Arguments deep;
  for (int i = 0; i < 9; ++i) {
    Arguments around;
    around.AddItem("x", deep);
    deep = around;
  }
  std::vector<std::byte> buffer(128 * 1024);
  cti::wire::ArgumentsWriter writer(buffer);
  cti::cil::detail::write(deep, writer);
  EXPECT_FALSE(writer.ok());
  Arguments big;
  for (int i = 0; i < 3; ++i) big.AddItem("big" + std::to_string(i), std::string(32 * 1024, 'x'));
  cti::wire::ArgumentsWriter second(buffer);
  cti::cil::detail::write(big, second);
  EXPECT_FALSE(second.ok());
}

}  // namespace
