// rights_test.cpp - the table of rights has a row for every request, and its documentation is what it says.
#include "broker/meet/rights.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

namespace cti::broker {
namespace {

using wire::RequestId;

/// Every request that wire/ knows a name for, wherever its number lies.
std::vector<RequestId> all_requests() {
  std::vector<RequestId> found;
  for (const std::uint32_t base : {0U, 0x20001000U}) {
    for (std::uint32_t i = 0; i < 2048; ++i) {
      const RequestId id{base + i};
      const std::string_view name = wire::name_of(id);
      if (name.empty() || name == "?" || id == RequestId::eNoRequest) continue;
      found.push_back(id);
    }
  }
  return found;
}

constexpr Role kAll[] = {Role::kGuest, Role::kMonitor, Role::kAgent,        Role::kSupervisor,
                         Role::kEdge,  Role::kPeer,    Role::kAdministrator};
static_assert(std::size(kAll) == kRoles);

TEST(Rights, EveryRequestHasARowAndSomebodyWhoMay) {
  const auto requests = all_requests();
  ASSERT_GE(requests.size(), 46u);
  for (const RequestId request : requests) {
    EXPECT_TRUE(has_rule(request)) << wire::name_of(request);
    bool somebody = false;
    for (const Role role : kAll) somebody = somebody || !may_ask(role, request).none();
    EXPECT_TRUE(somebody) << wire::name_of(request);
  }
}

TEST(Rights, WhatHasNoRowIsAllowedToNobody) {
  for (const Role role : kAll) {
    EXPECT_TRUE(may_ask(role, RequestId{4711}).none());
    EXPECT_TRUE(may_ask(role, RequestId::eNoRequest).none());
  }
}

TEST(Rights, OnlyAgentsAndSupervisorsChangeAnything) {
  for (const RequestId request : all_requests()) {
    for (const Role role : {Role::kGuest, Role::kMonitor, Role::kEdge, Role::kPeer}) {
      const Relations may = may_ask(role, request);
      EXPECT_FALSE(may.has(Relation::kOwn) && !may.has(Relation::kOther)) << wire::name_of(request);
    }
    EXPECT_TRUE(may_ask(Role::kAgent, request) == may_ask(Role::kSupervisor, request) ||
                !may_ask(Role::kSupervisor, request).none());
  }
}

TEST(Rights, TheRoleComesFromWhatWasGrantedAndFromWhatIsTrueNow) {
  Principal who;
  EXPECT_EQ(role_of(who), Role::kGuest);
  EXPECT_EQ(role_of(who, true), Role::kGuest) << "supervising needs agent mode";
  who.mode = SessionMode::kAgent;
  EXPECT_EQ(role_of(who), Role::kAgent);
  EXPECT_EQ(role_of(who, true), Role::kSupervisor);
  who.mode = SessionMode::kMonitor;
  EXPECT_EQ(role_of(who, true), Role::kMonitor);
  who.claim = wire::Role::kEdge;
  EXPECT_EQ(role_of(who), Role::kMonitor) << "a mode narrows what an edge server is";
  who.mode = SessionMode::kEverything;
  EXPECT_EQ(role_of(who), Role::kEdge);
  EXPECT_FALSE(may_see(Role::kAgent).has(Relation::kTeam));
  EXPECT_TRUE(may_see(Role::kSupervisor).has(Relation::kTeam));
  EXPECT_TRUE(may_see(Role::kMonitor).has(Relation::kOther));
}

TEST(Rights, TheReadmeHoldsTheTableAsItIs) {
  std::ifstream file(RINGSIDE_RIGHTS_README);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(print_rights()), std::string::npos)
      << "put this into broker/requests/README.md:\n"
      << print_rights();
}

}  // namespace
}  // namespace cti::broker
