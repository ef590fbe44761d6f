// statistics.cpp - questions that are due become messages, rows that have changed become frames.
#include "broker/requests/statistics.hpp"

#include "broker/stats/stat_columns.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/event_id.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188/statistics.hpp"
#include "wire/object_key.hpp"

#include <new>
#include <span>
#include <string>
#include <string_view>

namespace cti::broker {

namespace ctios = wire::ctios;
namespace ged = wire::ged188;
using ged::MessageType;
using wire::EventId;
using wire::Keyword;

namespace {

constexpr std::size_t kQuestionBytes = 256;
constexpr Nanos kRetry = Millis{100};      // when there was no room for a question
constexpr std::size_t kFrameBytes = 4096;  // of the longest row, and of what is said of a group
static_assert(145 * 8 + 1024 < kFrameBytes);
static_assert(2 * kFrameBytes <= Statistics::kPartBytesMax, "any row fits an empty part");

StatLimits limits_of(const LineConfig& config) {
  return {.rows_max = config.statistics.rows_max,
          .wishes_max = config.statistics.wishes_max,
          .wishes_per_reader_max = config.statistics.session_wishes_max,
          .patience = config.request_timeout + Seconds{1}};  // the pending table is first
}

/// The columns of the grid that desktops are given, and what these are computed from; all where it has none.
ColumnSet told_columns(const LineConfig& config, bool agent, bool monitor) {
  const std::string grid = agent ? "Grid.AgentStatistics." : "Grid.SkillGroupStatistics.";
  const std::string_view off =
      monitor ? "DisableMonitorModeStatsMinimization" : "DisableStatsMinimization";
  std::vector<std::string> shown;
  bool all = false;
  for (const DesktopSetting& setting : config.desktop_settings) {
    if (!setting.path.starts_with(grid)) continue;
    const std::string_view key = std::string_view(setting.path).substr(setting.path.rfind('.') + 1);
    if (key == "Type") shown.push_back(setting.value);
    if (key == off) all = setting.value != "0" && setting.value != "false";
  }
  const ColumnSet needed = columns_for(agent, shown);
  return all || needed.none() ? ~ColumnSet() : needed;
}

}  // namespace

Statistics::Statistics(const Parts& parts)
    : parts_(parts), book_(limits_of(parts.config)), scratch_(kFrameBytes) {
  part_.reserve(kPartBytesMax);
  for (const bool agent : {false, true}) {
    for (const bool monitor : {false, true})
      told_[agent][monitor] = told_columns(parts.config, agent, monitor);
  }
}

// ---- wishes ----

StatVerdict Statistics::want_agent(const SessionRef& session, const AgentEntry& agent, Nanos rate,
                                   TimePoint now) {
  const LineConfig::Statistics& how = parts_.config.statistics;
  return want(session, agent.key,
              {.columns = columns_of(true).size(),
               .every = how.agent_every,
               .by_itself = !how.agents_at_call_end,
               .agent = true,
               .peripheral_id = agent.peripheral_id,
               .name = std::string(agent.agent_id.view())},
              rate, now);
}

StatVerdict Statistics::want_group(const SessionRef& session, std::uint32_t peripheral,
                                   std::uint32_t number, Nanos rate, TimePoint now) {
  const ObjectId id = skill_group_object_id(peripheral, number);
  return want(session, wire::object_key(id.view()),
              {.columns = columns_of(false).size(),
               .every = parts_.config.statistics.group_every,
               .peripheral_id = peripheral,
               .number = number,
               .name = {}},
              rate, now);
}

StatVerdict Statistics::want(const SessionRef& session, std::uint64_t key, const StatQuestion& what,
                             Nanos rate, TimePoint now) {
  const auto sits = places_.find(place_of(session));
  if (sits != places_.end() && sits->second.session_number > session.session_number)
    return StatVerdict::kTaken;  // has left: nobody is told
  if (sits != places_.end() && sits->second.session_number < session.session_number)
    session_gone(sits->second);  // its end has not been heard of yet
  const auto place = places_.try_emplace(place_of(session), session).first;
  try {
    numbers_.try_emplace(session.session_number, place->first);
    const StatVerdict verdict = book_.want(session.session_number, key, what, rate, now);
    forget_if_idle(session);
    return verdict;
  } catch (...) {
    forget_if_idle(session);
    throw;
  }
}

void Statistics::forget_if_idle(const SessionRef& session) noexcept {
  if (book_.knows(session.session_number)) return;
  numbers_.erase(session.session_number);
  places_.erase(place_of(session));
}

bool Statistics::leave(const SessionRef& session, std::uint64_t key) noexcept {
  if (!book_.leave(session.session_number, key)) return false;
  forget_if_idle(session);
  return true;
}

std::size_t Statistics::leave_all(const SessionRef& session, bool agents) {
  std::vector<std::uint64_t> keys;
  book_.each_wish(session.session_number, [&](std::uint64_t key, const StatQuestion& what) {
    if (what.agent == agents) keys.push_back(key);
  });
  for (const std::uint64_t key : keys) leave(session, key);
  return keys.size();
}

void Statistics::session_gone(const SessionRef& session) noexcept {
  const auto sits = places_.find(place_of(session));
  if (sits == places_.end() || sits->second.session_number > session.session_number) return;
  const SessionRef gone = sits->second;
  book_.forget(gone.session_number);
  forget_if_idle(gone);
}

void Statistics::taken(std::uint16_t fanout, std::uint32_t slot) noexcept {
  const auto sits = places_.find(Place{fanout, slot});
  if (sits != places_.end()) book_.taken(sits->second.session_number);
}

void Statistics::invariants() const noexcept {
  CTI_CHECK(in_flight_ <= kWindow);
  CTI_CHECK(places_.size() == book_.readers() && numbers_.size() == places_.size());
  CTI_CHECK(part_.empty());
}

// ---- rights ----

/// Of one's own agent always; of others in monitor mode, and for whoever leads a team of theirs now.
bool Statistics::may_see(const SessionRef& session, const AgentEntry* agent) const noexcept {
  if (session.who.agent_key == 0) return true;
  const AgentEntry* const me = parts_.map.agent(session.who.agent_key);
  if (me == nullptr || agent == nullptr) return false;
  if (me == agent) return true;
  return me->supervisor && me->logged_in() && me->teams.led_with(agent->teams) != 0;
}

void Statistics::look_at(std::uint64_t agent_key) {
  if (places_.empty()) return;
  std::vector<SessionRef> affected;
  book_.each_reader(agent_key, [&](std::uint64_t reader) {
    affected.push_back(places_.at(numbers_.at(reader)));
  });
  for (const auto& [place, session] : places_) {
    if (session.who.agent_key == agent_key) affected.push_back(session);
  }
  for (const SessionRef& session : affected) look_at_wishes(session);
}

void Statistics::look_at_all() {
  std::vector<SessionRef> all;
  for (const auto& [place, session] : places_) all.push_back(session);
  for (const SessionRef& session : all) look_at_wishes(session);
}

void Statistics::look_at_wishes(const SessionRef& session) {
  struct Ended {
    std::uint64_t key;
    std::uint32_t peripheral;
    std::string agent_id;
  };
  if (session.who.agent_key == 0) return;
  std::vector<Ended> ended;
  book_.each_wish(session.session_number, [&](std::uint64_t key, const StatQuestion& what) {
    const bool own = key == session.who.agent_key;
    if (what.agent && !own && !may_see(session, parts_.map.agent(key)))
      ended.push_back({key, what.peripheral_id, what.name});
  });
  for (const Ended& each : ended) end_wish(session, each.key, each.agent_id, each.peripheral);
}

/// The right to it is gone. The session is told by name.
void Statistics::end_wish(const SessionRef& session, std::uint64_t key, const std::string& agent_id,
                          std::uint32_t peripheral) {
  const ObjectId id = agent_object_id(peripheral, agent_id);
  Tell tell;
  tell.kind = TellKind::kPrivateEvent;
  tell.to = session;
  tell.after_log_position = parts_.sink.log_position();
  tell.frames =
      make_private({.event_id = EventId::eControlFailureConf}, [&](wire::ArgumentsWriter& writer) {
        writer.add_string(Keyword::AgentID, agent_id);
        writer.add_string(Keyword::ErrorMessage,
                          std::string(id.view()) + " is in no team that you supervise any more");
        writer.add_short(Keyword::FailureCode,
                         static_cast<std::int16_t>(ctios::eInvalidPriviledge));
        writer.add_int(Keyword::MessageType,
                       static_cast<std::int32_t>(wire::RequestId::eEnableAgentStatisticsRequest));
        writer.add_string(Keyword::UniqueObjectID, id.view());
      });
  parts_.tells.push(std::move(tell));
  leave(session, key);
}

// ---- questions ----

void Statistics::turn(TimePoint now, bool serving) {
  if (places_.empty()) [[likely]]
    return;
  if (serving) ask(now);
  tell(now);
  invariants();
}

TimePoint Statistics::next(bool serving) const noexcept {
  const bool may_ask = serving && in_flight_ < kWindow;
  return std::min(may_ask ? book_.next_question() : kNever, book_.next_telling());
}

void Statistics::ask(TimePoint now) {
  while (in_flight_ < kWindow) {
    std::uint64_t key = 0;
    const StatQuestion* const what = book_.ask(now, key);
    if (what == nullptr) return;
    bool room = true;
    if (put(*what, key, now, room)) {
      ++in_flight_;
    } else if (room) {
      book_.refused(key, now);  // no message of ours can name it
    } else {
      return book_.not_asked(key, now + kRetry);
    }
  }
}

/// False: it was not asked, for want of `room` or because it cannot be said.
bool Statistics::put(const StatQuestion& what, std::uint64_t key, TimePoint now, bool& room) {
  const MutableBytes frame = parts_.link.claim(kQuestionBytes);
  Pending entry;
  entry.kind = PendingKind::kStatistics;
  entry.message =
      static_cast<std::uint16_t>(what.agent ? MessageType::kQueryAgentStatisticsReq
                                            : MessageType::kQuerySkillGroupStatisticsReq);
  entry.peripheral_id = what.peripheral_id;
  entry.object_key = key;
  entry.detail = what.agent ? 1 : 0;
  entry.deadline = now + parts_.config.request_timeout;
  Pending* const kept = frame.empty() ? nullptr : parts_.pending.add(entry);
  room = kept != nullptr;
  if (!room) return false;
  const ged::Version version = parts_.link.version();
  const auto written =
      what.agent
          ? ged::QueryAgentStatisticsReqEncoder(
                frame, version, {.invoke_id = kept->invoke_id, .peripheral_id = what.peripheral_id})
                .agent_id(parts_.names.said(what.name))
                .finish()
          : ged::QuerySkillGroupStatisticsReqEncoder(frame, version,
                                                     {.invoke_id = kept->invoke_id,
                                                      .peripheral_id = what.peripheral_id,
                                                      .skill_group_number = what.number})
                .finish();
  if (!written.ok()) {
    parts_.pending.remove(*kept);
    return false;
  }
  parts_.link.commit(written->size());
  return true;
}

void Statistics::answer(const Pending& pending, const Answer& answer, TimePoint now) noexcept {
  CTI_CHECK(pending.kind == PendingKind::kStatistics && in_flight_ > 0);
  --in_flight_;
  const bool agent = pending.detail != 0;
  const bool fits =
      !answer.error &&
      answer.type == ged::confirmation_of(MessageType{static_cast<std::uint32_t>(pending.message)});
  const Bytes counters = fits ? counters_in(agent, answer.body) : Bytes();
  // Nobody may want it any more. One that is of another kind, or too short, says nothing.
  if (counters.empty()) return book_.refused(pending.object_key, now);
  (void)book_.answer(pending.object_key, counters, now);
}

void Statistics::unanswered(const Pending& pending, TimePoint now) noexcept {
  CTI_CHECK(pending.kind == PendingKind::kStatistics && in_flight_ > 0);
  --in_flight_;
  book_.unanswered(pending.object_key, now);
}

void Statistics::link_lost(TimePoint now) noexcept {
  in_flight_ = 0;
  book_.lost(now);
}

// ---- what is told ----

/// A reader for whom there was no memory is told everything at its next time: what it has been told of is not known.
void Statistics::tell(TimePoint now) {
  if (parts_.tells.waiting()) return;  // the line looks again at once
  try {
    book_.tell(
        now, kRowsPerTurn, [this](const StatBook::News& news) { return write(news); },
        [this](std::uint64_t reader) { send(reader); });
  } catch (const std::bad_alloc&) {
    part_.clear();
    book_.lost_for(telling_, now + parts_.config.statistics.told_every);
  }
}

bool Statistics::write(const StatBook::News& news) {
  if (telling_ != news.reader || part_.empty()) {
    telling_ = news.reader;
    monitor_ = places_.at(numbers_.at(news.reader)).who.agent_key == 0;
  }
  const std::vector<std::byte>& frames = frames_of(news);
  if (part_.size() + frames.size() > kPartBytesMax) return false;
  part_.insert(part_.end(), frames.begin(), frames.end());  // has room for a part
  return true;
}

template <class Fill>
void Statistics::add_frame(std::vector<std::byte>& to, EventId event, Fill&& fill) {
  wire::PrivateEventWriter writer(scratch_, {.event_id = event});
  fill(writer.arguments());
  const Bytes frame = writer.finish();
  to.insert(to.end(), frame.begin(), frame.end());
}

/// What the reader has not seen of the row: written once for all who have seen the same.
const std::vector<std::byte>& Statistics::frames_of(const StatBook::News& news) {
  const StatRevision now = news.row.revision();
  StatFrames* place = &news.kept[0];
  for (StatFrames& each : news.kept) {
    if (each.to == now && each.from == news.seen && each.monitor == monitor_) return each.bytes;
    if (each.to != now) place = &each;  // of an earlier revision: nobody needs it any more
  }
  place->to = 0;  // until it is whole
  place->bytes.clear();
  write_row(news, *place);
  place->from = news.seen;
  place->monitor = monitor_;
  place->to = now;
  return place->bytes;
}

/// The columns that have changed since the revision that the reader has seen, those of them that are told. Nothing: none.
void Statistics::write_row(const StatBook::News& news, StatFrames& to) {
  const StatQuestion& what = news.what;
  const std::span<const Keyword> columns = columns_of(what.agent);
  const ColumnSet& told = told_[what.agent][monitor_];
  bool any = news.seen == 0;
  news.row.changed_since(news.seen,
                         [&](std::size_t column, std::uint32_t) { any = any || told[column]; });
  if (!any) return;
  const wire::ObjectTable& properties = parts_.map.properties();
  const auto handle = properties.find(news.key);
  const auto known = [&](wire::ArgumentsWriter& writer, Keyword keyword) {
    const auto found = handle ? properties.properties(*handle).find(keyword) : std::nullopt;
    if (found) writer.add(*found);
  };
  if (!what.agent && news.seen == 0 && handle) {
    add_frame(to.bytes, EventId::eSkillInfoEvent, [&](wire::ArgumentsWriter& writer) {
      writer.add_all(properties.properties(*handle));
    });
  }
  const ObjectId id = what.agent ? agent_object_id(what.peripheral_id, what.name)
                                 : skill_group_object_id(what.peripheral_id, what.number);
  const EventId event =
      what.agent ? EventId::eNewAgentStatisticsEvent : EventId::eNewSkillGroupStatisticsEvent;
  add_frame(to.bytes, event, [&](wire::ArgumentsWriter& writer) {
    if (what.agent) {
      known(writer, Keyword::AgentExtension);
      writer.add_string(Keyword::AgentID, what.name);
      known(writer, Keyword::AgentInstrument);
    }
    writer.add_int(Keyword::PeripheralID, static_cast<std::int32_t>(what.peripheral_id));
    if (!what.agent) {
      known(writer, Keyword::SkillGroupID);
      writer.add_int(Keyword::SkillGroupNumber, static_cast<std::int32_t>(what.number));
    }
    writer.begin_nested(Keyword::Statistics);
    news.row.changed_since(news.seen, [&](std::size_t column, std::uint32_t value) {
      if (told[column]) writer.add_int(columns[column], static_cast<std::int32_t>(value));
    });
    writer.end_nested();
    writer.add_string(Keyword::UniqueObjectID, id.view());
  });
}

void Statistics::send(std::uint64_t reader) {
  CTI_CHECK(reader == telling_);
  if (part_.empty()) return book_.taken(reader);
  Tell tell;
  tell.kind = TellKind::kStatistics;
  tell.to = places_.at(numbers_.at(reader));
  tell.after_log_position = parts_.sink.log_position();
  tell.frames.assign(part_.begin(), part_.end());
  parts_.tells.push(std::move(tell));
  part_.clear();
}

}  // namespace cti::broker
