// scenario_check.cpp - what clients must have been told and how things must stand. See scenario_player.hpp.
#include "tools/simulator/scenario/scenario_player.hpp"
#include "tools/simulator/scenario/scenario_words.hpp"
#include "tools/simulator/text/command_text.hpp"

#include <algorithm>
#include <cstdio>

namespace cti::simulator {
namespace {

constexpr std::size_t kShown = 20;  ///< messages in a report

std::string seconds(Nanos time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(time.count()) / 1e9);
  return text;
}

std::string word_of(std::span<const std::string_view> words, std::size_t at) {
  return at < words.size() ? std::string(words[at]) : std::to_string(at);
}

}  // namespace

std::string ScenarioPlayer::seen_since(const Client& client, std::size_t from,
                                       const MessageText* wanted) {
  std::string text;
  std::size_t count = 0;
  for (std::size_t i = from; i < client.inbox.size(); ++i) {
    const Received& got = client.inbox[i];
    if (got.used) continue;
    if (++count > kShown) continue;
    text += "\n    " + seconds(got.at) + "  " + brief(got.message);
    if (wanted == nullptr || got.message.name != wanted->rule->name) continue;
    Remembered scratch = remembered_;
    text += "\n             " + mismatch(got.message, wanted->fields, scratch);
  }
  if (count == 0) return "nothing was seen";
  if (count > kShown) text += "\n    and " + std::to_string(count - kShown) + " more";
  return "seen instead:" + text;
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const ExpectStep& step) {
  using What = ExpectStep::What;
  Client& client = clients_[step.client];
  if (step.what == What::kAnyOrder) return expect_any_order(client, step);
  if (step.what == What::kClosed) {
    if (client.closed) return ++report_.checks, Poll::kDone;
    if (late()) fail("the connection is still open; " + seen_since(client, client.cursor, nullptr));
    return Poll::kWaiting;
  }
  if (step.what == What::kNothing) {
    if (client.inbox.size() > mark_) fail(seen_since(client, mark_, nullptr));
    return late() ? (++report_.checks, Poll::kDone) : Poll::kWaiting;
  }
  const MessageText& wanted = step.messages.front();
  for (std::size_t i = client.cursor; i < client.inbox.size(); ++i) {
    Received& got = client.inbox[i];
    if (got.used) continue;
    const bool meets = got.message.name == wanted.rule->name &&
                       mismatch(got.message, wanted.fields, remembered_).empty();
    if (step.what == What::kNext && !meets) {
      fail(seen_since(client, i, &wanted));
      return Poll::kFailed;
    }
    if (!meets) continue;
    if (step.what == What::kNone) {
      fail("seen at " + seconds(got.at) + ": " + brief(got.message));
      return Poll::kFailed;
    }
    got.used = true;
    client.cursor = i + 1;
    ++report_.checks;
    return Poll::kDone;
  }
  if (step.what == What::kNone) return late() ? (++report_.checks, Poll::kDone) : Poll::kWaiting;
  if (client.closed && late())
    fail("the connection was closed; " + seen_since(client, client.cursor, &wanted));
  if (late()) fail(seen_since(client, client.cursor, &wanted));
  return Poll::kWaiting;
}

ScenarioPlayer::Poll ScenarioPlayer::expect_any_order(Client& client, const ExpectStep& step) {
  bool all = true;
  for (std::size_t which = 0; which < step.messages.size(); ++which) {
    const MessageText& wanted = step.messages[which];
    for (std::size_t i = client.cursor; found_[which] == SIZE_MAX && i < client.inbox.size(); ++i) {
      Received& got = client.inbox[i];
      if (got.used || got.message.name != wanted.rule->name) continue;
      if (!mismatch(got.message, wanted.fields, remembered_).empty()) continue;
      got.used = true;
      found_[which] = i;
      ++report_.checks;
    }
    all = all && found_[which] != SIZE_MAX;
  }
  if (all) {
    client.cursor = *std::ranges::max_element(found_) + 1;
    return Poll::kDone;
  }
  if (!late()) return Poll::kWaiting;
  std::string missing;
  const MessageText* first = nullptr;
  for (std::size_t which = 0; which < step.messages.size(); ++which) {
    if (found_[which] != SIZE_MAX) continue;
    if (first == nullptr) first = &step.messages[which];
    missing += (missing.empty() ? "line " : ", line ") + std::to_string(step.lines[which]) + " (" +
               std::string(step.messages[which].rule->name) + ")";
  }
  fail("not seen: " + missing + "; " + seen_since(client, client.cursor, first));
  return Poll::kFailed;
}

std::string ScenarioPlayer::state_now(const StateStep& step, bool& holds) const {
  using What = StateStep::What;
  const Model& model = server_.model();
  const auto is = [&](const std::string& what, std::size_t value) {
    holds = value == step.number;
    return what + " " + std::to_string(value);
  };
  switch (step.what) {
    case What::kCalls:
      return is("calls:", model.calls().size());
    case What::kClients:
      return is("open sessions:", server_.open_sessions());
    case What::kQueue: {
      const GroupIndex group = model.find_group(number_of<std::uint32_t>(step.id).value_or(0));
      if (group == kNoIndex) return "there is no skill group " + step.id;
      return is("calls in the queue:", model.groups()[group].queue.size());
    }
    case What::kAgent: {
      const AgentIndex agent = model.find_agent(step.id);
      if (agent == kNoIndex) return "there is no agent " + step.id;
      const auto state = static_cast<std::size_t>(model.agents()[agent].state);
      holds = state == step.number;
      return "agent " + step.id + " is " + word_of(kAgentStateWords, state);
    }
    case What::kEnded:
    case What::kParties: {
      const Call* call = model.find_call(call_of(step.id));
      holds = step.what == What::kEnded && call == nullptr;
      if (call == nullptr) return "the call has ended";
      const std::string parties = is("parties of the call:", call->connections.size());
      if (step.what == What::kEnded) holds = false;
      return parties;
    }
    case What::kView: {
      const StationIndex station = model.find_station(step.at);
      if (station == kNoIndex) return "there is no station " + step.at;
      const Connection* view = model.find_view(call_of(step.id), station);
      if (view == nullptr) return "the call is not at station " + step.at;
      const auto state = static_cast<std::size_t>(view->state);
      holds = state == step.number;
      return "at station " + step.at + " the call is " + word_of(kConnectionStateWords, state);
    }
  }
  return {};
}

ScenarioPlayer::Poll ScenarioPlayer::poll_step(const StateStep& step) {
  bool holds = false;
  const std::string found = state_now(step, holds);
  if (holds) return ++report_.checks, Poll::kDone;
  if (late()) fail(found);
  return Poll::kWaiting;
}

}  // namespace cti::simulator
