// translator.hpp - GED-188 messages in, update records out.
//
// Why      the CTI Server tells what happened on the switch; clients want it as changes of named objects.
// Shape    one message is decoded in place, its fields are laid on a sheet (arg_sheet.hpp) under their CTI OS keywords,
//          the sheet becomes a record in the log, and the object map applies the record. Nothing else changes the map.
// Order    CTI OS promises OnCallBegin first and OnCallEnd last: a call that is heard of without its begin gets an
//          artificial one, an end of an unknown call is dropped and counted (kUnknownCall). Such a call is asked about; a
//          begin that comes late adds what nothing else has told, and takes nothing away.
// Hands    when a record leaves a call with another agent than its records were told to, the former one is told its end and
//          the new one the whole call, in the same breath: whoever follows one agent has a true picture.
// Minimal  with minimize_event_args, call events carry what CTI OS leaves in them (the lists of its MinimizeEventArgs,
//          plus what identifies the connection in the begin event); without, every field of the message.
// Threads  the line. Cost: no allocation.
#pragma once

#include "broker/meet/agent_rules.hpp"
#include "broker/model/clean_text.hpp"
#include "broker/model/hearing.hpp"
#include "broker/model/name_book.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/model/recording.hpp"
#include "broker/model/state_askers.hpp"
#include "broker/translate/arg_sheet.hpp"
#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/ged188_floating.hpp"
#include "wire/ged188_limits.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cti::broker {

struct TranslatorCounters {
  std::uint64_t messages = 0;  ///< translated
  std::uint64_t unknown_types =
      0;  ///< message types that nobody knows, or that say nothing to clients
  std::uint64_t unknown_calls = 0;  ///< events of calls that were never seen or have ended, dropped
  std::uint64_t made_calls = 0;     ///< calls made by an event other than their begin
  std::uint64_t nameless_agents = 0;  ///< agent events without an AgentID, dropped
  std::uint64_t ended_by_sync = 0;    ///< calls that were gone after a loss
  std::uint64_t teams_left_out = 0;   ///< memberships beyond TeamList::kMax
  std::uint64_t agents_left =
      0;  ///< made room for others: logged out, in no configuration, held by nobody
  std::uint64_t domains_left_out = 0;  ///< media domains beyond kDomainsMax of one agent
};

/// A call connection as messages name it.
struct CallName {
  std::uint32_t peripheral_id = 0;
  std::uint32_t call_id = 0;
  std::uint16_t device_type = 0;
  std::string_view device;  ///< ConnectionDeviceID, cleaned
};

/// What the list of its device's calls said of a connection.
struct ListedCall {
  std::uint16_t status = 0xFFFF;  ///< 0xFFFF: no list named it, or none with a state
  bool overtaken = false;         ///< something was heard of it since: the list says nothing any more
};

/// One agent of a team, a configuration record, or a query's answer.
struct TeamMember {
  std::uint32_t peripheral_id = 0;
  std::uint32_t team = 0;
  std::uint16_t operation = 1;  ///< ctios ConfigOperation
  std::string_view agent_id;
  std::uint16_t flags = 0;
  std::optional<std::uint16_t> state;
  std::optional<std::uint32_t> state_duration;
};
struct AgentNames {
  std::uint32_t peripheral_id = 0;
  std::string_view agent_id;
  std::string_view first_name, last_name, login_name, extension;
  bool supervisor = false;
};

class Translator {
 public:
  using Version = wire::ged188::Version;
  using Outcome = Result<void, wire::DecodeError>;

  /// `default_peripheral` is whose the events are that name no peripheral (precall, translation route).
  /// `voice_mrd` is the media routing domain whose states are the agent's. `rules` are what agents' desktops are told.
  Translator(ObjectMap& map, RecordSink& sink, bool minimize, std::uint32_t default_peripheral,
             std::int32_t voice_mrd = 1, std::vector<AgentRules> rules = {})
      : map_(map),
        sink_(sink),
        minimize_(minimize),
        default_peripheral_(default_peripheral),
        voice_mrd_(voice_mrd),
        rules_(std::move(rules)) {}

  /// An event of the CTI Server (not an answer to a request). Types that say nothing to clients are counted.
  Outcome event(std::uint32_t message_type, Bytes body, Version version);

  /// Whom the record of an answer is for.
  enum class For : std::uint8_t {
    kEverybody,  ///< OnQueryAgentStateConf: the agents are told anew
    kOne,  ///< whoever asked is told apart: others hear only what is news, as a change of the agent's state
  };
  // Answers to the line's own questions, which name no object themselves.
  void agent_answer(std::uint32_t peripheral_id, std::string_view agent_id,
                    const wire::ged188::QueryAgentStateConfView& view, For whom = For::kEverybody);
  void desk_settings_answer(std::uint64_t agent_key,
                            const wire::ged188::AgentDeskSettingsConfView& view);
  /// The connection that was asked about.
  void call_answer(const CallName& asked, const ListedCall& listed,
                   const wire::ged188::SnapshotCallConfView& view);
  /// The calls at a device: those that the list leaves out are gone, unless something was heard of them since.
  [[nodiscard]] bool device_answer(std::uint32_t peripheral_id, std::string_view device,
                                   std::uint64_t asked_after,
                                   const wire::ged188::SnapshotDeviceConfView& view);
  /// This server was asked to consult; the call that came of it, which may not have begun yet.
  void consult_confirmed(std::uint32_t peripheral_id, std::uint32_t call_id,
                         std::string_view device, std::uint16_t consult_type);
  /// A recorder has said so; nothing when the call is gone, or nothing has changed.
  void recording(std::uint64_t call_key, const Recording& now);
  /// The session is lost: what was confirmed in it and has not begun will not begin.
  void forget_consultations() noexcept {
    consults_ = {};
    consults_waiting_ = 0;
  }
  /// Teams are told whole from here on until team_lists_came(); who joins one later is noted too. finish_team_roll(), when
  /// nothing is missing any more, takes out who is in none of the lists that came. Nobody when they did not come `whole`,
  /// or one of them could not be read.
  void begin_team_roll();
  void team_lists_came(bool whole);
  void finish_team_roll();
  void forget_team_roll() noexcept;
  /// "There is no such call."
  void call_gone(const CallName& asked);

  /// What has been heard. Whoever applies an answer looks here first: what events have overtaken is no news.
  Hearing& hearing() noexcept { return hearing_; }
  bool agent_heard_since(std::uint32_t peripheral_id, std::string_view agent_id,
                         std::uint64_t frame) noexcept;
  bool call_heard_since(const CallName& name, std::uint64_t frame) noexcept;

  /// System status, with a text for people. `argument` is the peripheral where the event has one.
  void system_event(std::uint32_t system_event_id, std::uint32_t argument, std::string_view text,
                    std::uint32_t peripheral_id);
  /// An agent of whom nothing is known but that the CTI Server says not to be logged on.
  void agent_unknown(std::uint32_t peripheral_id, std::string_view agent_id, std::uint16_t state,
                     For whom = For::kEverybody);
  /// A call that is gone although its end was not heard.
  void end_call(const CallEntry& call);

  /// Applies the record that the map found no memory for. Before anything else is done with the map: it is the fold of all
  /// records, and the table leaves nothing half done.
  void settle() {
    if (!owed_) return;
    const Effect effect = map_.apply(*owed_);
    const std::uint64_t key = owed_->object_key();
    const std::uint64_t whose = owed_->agent_key();
    owed_.reset();
    if (effect.any()) follow(effect, key, owed_is_answer_);
    if (notes_agents_) note_touched(whose);
  }

  /// An agent of whom a record has made something known that no event tells the rest of.
  struct Newcomer {
    std::uint64_t key = 0;
    bool unasked = false;  ///< made by something else than the answer to a question about the agent
  };
  /// Hands those since the last call to take(const Newcomer&). True: there were more than are kept, look at everybody.
  template <class Take>
  bool take_newcomers(Take&& take) {
    const std::size_t count = std::exchange(newcomer_count_, 0);
    for (std::size_t i = 0; i < std::min(count, newcomers_.size()); ++i) take(newcomers_[i]);
    return count > newcomers_.size();
  }
  /// Likewise, calls of which something was heard, but not their begin.
  template <class Take>
  bool take_made_calls(Take&& take) {
    const std::size_t count = std::exchange(made_count_, 0);
    for (std::size_t i = 0; i < std::min(count, made_.size()); ++i) take(made_[i]);
    return count > made_.size();
  }
  void forget_newcomers() noexcept { newcomer_count_ = made_count_ = 0; }
  /// Somebody's buttons depend on what agents and their calls are: agents of whom something is said are noted.
  void note_agents(bool on) noexcept { notes_agents_ = on; }
  template <class Take>
  bool take_touched(Take&& take) {
    const std::size_t count = std::exchange(touched_count_, 0);
    for (std::size_t i = 0; i < std::min(count, touched_.size()); ++i) take(touched_[i]);
    return count > touched_.size();
  }
  bool has_members() const noexcept { return (member_count_ | touched_count_) != 0; }
  void forget_members() noexcept { member_count_ = touched_count_ = 0; }
  /// Likewise, all of them at once or, when there were more than are kept, none: agents whose teams, whose role or whose
  /// presence has changed. Who watches whom is to be looked at.
  template <class Take>
  bool take_members(Take&& take) {
    const std::size_t count = std::exchange(member_count_, 0);
    if (count > members_.size()) return true;
    if (count != 0) take(std::span<const std::uint64_t>(members_).first(count));
    return false;
  }

  /// Where agents may sit of whom a message says no peripheral; the first alone unless this is said.
  void set_peripherals(const std::vector<std::uint32_t>& peripherals) {
    CTI_CHECK(!peripherals.empty());
    peripherals_ = peripherals;
  }
  /// Who has asked for changes of agents' states: they are told with the changes.
  StateAskers& askers() noexcept { return askers_; }
  /// How the CTI Server spells the names that have been rewritten for clients.
  NameBook& names() noexcept { return names_; }
  const NameBook& names() const noexcept { return names_; }
  /// An agent who stays known although logged out and in no configuration: a session is, or was, that agent.
  void hold_agent(std::uint64_t key);

  const TranslatorCounters& counters() const noexcept { return counters_; }
  std::uint64_t texts_rewritten() const noexcept { return room_.rewritten(); }

 private:
  Outcome call_event(std::uint32_t message_type, Bytes body, Version version);
  Outcome rare_call_event(std::uint32_t message_type, Bytes body, Version version);
  Outcome media_event(std::uint32_t message_type, Bytes body, Version version);
  Outcome agent_event(std::uint32_t message_type, Bytes body, Version version);
  Outcome config_event(std::uint32_t message_type, Bytes body, Version version);

  template <class View>
  Outcome plain_call_event(wire::EventId event, Bytes body, Version version);
  template <class View>
  Outcome party_event(wire::EventId event, Bytes body, Version version);
  Outcome begin_call(Bytes body, Version version);
  CallEntry after_answer(const CallEntry* known, bool same,
                         const wire::ged188::SnapshotCallConfView& view, const CallName& asked,
                         std::string_view device) const;
  void late_begin(const CallEntry& call, const AgentEntry* agent, ArgSheet& sheet);
  Outcome data_update(Bytes body, Version version);
  Outcome end_call_event(Bytes body, Version version);
  Outcome precall(Bytes body, Version version);
  Outcome precall_abort(Bytes body, Version version);
  Outcome translation_route(Bytes body, Version version);
  Outcome emergency(Bytes body, Version version);
  const AgentEntry* sitting_at(std::string_view instrument, std::uint32_t target) const;
  std::uint32_t icm_agent_of(const AgentEntry& agent) const;
  std::uint32_t peripheral_of(const AgentEntry* agent) const noexcept {
    return agent == nullptr ? default_peripheral_ : agent->peripheral_id;
  }
  template <class View>
  Outcome network_recording(RecordingState state, Bytes body, Version version);
  template <class View>
  Outcome rtp_event(wire::EventId event, Bytes body, Version version);

  Outcome agent_state(Bytes body, Version version);
  template <class Extra>
  void tell_state(const RecordInfo& info, const AgentEntry* known, std::uint16_t state,
                  const ArgSheet& sheet, Extra&& extra);
  void add_rules(ArgSheet& sheet, std::uint32_t team) const;
  void tell_rule_lists(std::uint64_t agent_key);
  Outcome other_domain(std::uint32_t peripheral, std::uint64_t key, std::int32_t domain,
                       std::uint16_t state, const ArgSheet& sheet);
  void keep_domain(std::uint64_t key, std::int32_t domain, std::uint16_t state);
  /// NULL, 0 and the voice domain itself.
  bool is_voice(std::int32_t domain) const noexcept { return domain <= 0 || domain == voice_mrd_; }
  Outcome team_config(Bytes body, Version version);
  Outcome config_agents(Bytes body, Version version);
  Outcome config_skill_groups(Bytes body, Version version);
  Outcome system_message(Bytes body, Version version);
  void team_member(const TeamMember& member);
  bool add_role(ArgSheet& sheet, const AgentEntry* known, bool supervisor);
  void add_seat(ArgSheet& sheet, const AgentEntry* known, std::string_view instrument,
                std::string_view extension, bool logged_in);
  void agent_names(const AgentNames& names);
  void agent_deleted(const AgentNames& names);
  bool agent_leaves(const AgentEntry& agent);
  void note_newcomer(const Newcomer& newcomer) noexcept {
    if (newcomer_count_ < newcomers_.size()) newcomers_[newcomer_count_] = newcomer;
    ++newcomer_count_;
  }

  /// Finds the call, or makes it with an artificial begin when `make`; nullptr when it is to be dropped.
  const CallEntry* find_or_make(const CallName& name, const ObjectId& id, std::uint64_t key,
                                bool make, std::uint16_t peripheral_type);
  void finish_call(const CallEntry& call, std::uint16_t flags);
  void note_made(std::uint64_t call_key) noexcept {
    if (made_count_ < made_.size()) made_[made_count_] = call_key;
    ++made_count_;
  }
  void note_touched(std::uint64_t agent_key) noexcept {
    const std::size_t kept = std::min(touched_count_, touched_.size());
    if (agent_key == 0 || (kept != 0 && touched_[kept - 1] == agent_key)) return;
    if (touched_count_ < touched_.size()) touched_[touched_count_] = agent_key;
    ++touched_count_;
  }
  void note_member(std::uint64_t agent_key) noexcept {
    if (member_count_ < members_.size()) members_[member_count_] = agent_key;
    ++member_count_;
  }
  void follow(const Effect& effect, std::uint64_t key, bool answer);
  void hand_over_calls(const AgentEntry& agent);
  void hand_over(std::uint64_t call_key);
  void end_for(std::uint64_t agent_key, const CallEntry& call);
  std::uint16_t take_consult_type(std::uint64_t call_key) noexcept;
  void refresh_masks(const AgentEntry& agent, std::uint64_t changed_call);
  void add_call_status(ArgSheet& sheet, const CallEntry& call, std::uint16_t status);
  std::string_view text(Bytes bytes) noexcept;
  /// Of what the CTI Server is asked about later: clean, and kept as it was when that was not the same.
  std::string_view named(std::optional<std::string_view> found) noexcept {
    const std::string_view raw = found.value_or("");
    const std::string_view clean = room_.clean(raw);
    if (clean.data() != raw.data()) [[unlikely]] names_.note(clean, raw);
    return clean;
  }
  std::string_view text(std::optional<std::string_view> found) noexcept {
    return found ? room_.clean(*found) : "";
  }
  bool emit(const RecordInfo& info, const ArgSheet& sheet);
  template <class Extra>
  bool emit(const RecordInfo& info, const ArgSheet& sheet, Extra&& extra);

  ObjectMap& map_;
  RecordSink& sink_;
  const bool minimize_;
  const std::uint32_t default_peripheral_;
  std::vector<std::uint32_t> peripherals_{default_peripheral_};
  const std::int32_t voice_mrd_;
  const std::vector<AgentRules> rules_;
  struct ConsultBegun {
    std::uint64_t call_key = 0;  ///< of the asker's connection: the other end begins too, maybe first
    std::uint16_t type = 0;      ///< 0: free
  };
  static_assert(wire::ctios::CT_TRANSFER != 0 && wire::ctios::CT_CONFERENCE != 0);
  struct RollEntry {
    std::uint64_t agent_key = 0;  ///< 0: the team itself was told
    std::uint32_t team = 0;
  };
  bool makes_room(const RecordInfo& info);

  static constexpr std::size_t kDomainsMax = limits::kDomainsMax;
  static constexpr std::size_t kHeldMax = limits::kAgentsMax;
  static constexpr std::uint64_t kFutileFrames = 1000;
  static constexpr std::size_t kConsultsMax = limits::kConsultsMax;
  static constexpr std::size_t kNewcomersMax = 256;
  static constexpr std::size_t kRollMax = limits::kRollMax;
  static_assert(kRollMax * sizeof(RollEntry) <= std::size_t{4} << 20, "a roll costs 4 MiB at most");
  static_assert(kConsultsMax * sizeof(ConsultBegun) <= 1024);
  static_assert((kConsultsMax & (kConsultsMax - 1)) == 0, "their order outlives the count's wrap");
  static_assert(kHeldMax >= limits::kAgentsDefault, "whoever is in the map can be held there");

  CleanTextRoom room_;
  NameBook names_;
  Hearing hearing_;
  StateAskers askers_;
  std::optional<wire::UpdateView> owed_;  // written and not applied yet; good until the next write
  bool owed_is_answer_ = false;
  std::array<ConsultBegun, kConsultsMax> consults_{};
  std::uint32_t next_consult_ = 0;
  std::uint32_t consults_waiting_ = 0;  // those of a type: mostly none, and then none is looked for
  std::array<Newcomer, kNewcomersMax> newcomers_{};
  std::size_t newcomer_count_ = 0;  // more than there is room for: some were not kept
  std::array<std::uint64_t, kNewcomersMax> made_{};
  std::size_t made_count_ = 0;  // likewise
  std::array<std::uint64_t, kNewcomersMax> members_{};
  std::size_t member_count_ = 0;  // likewise
  std::array<std::uint64_t, kNewcomersMax> touched_{};
  std::size_t touched_count_ = 0;  // likewise
  bool notes_agents_ = false;
  std::vector<RollEntry> roll_;
  std::unordered_set<std::uint64_t> held_;
  std::size_t idle_cursor_ = 0;
  std::uint64_t futile_until_ = 0;  // frame before which nobody is looked for again
  enum class Roll : std::uint8_t { kNone, kLists, kLater };
  Roll calling_roll_ = Roll::kNone;
  bool roll_whole_ = true;  // every list of it could be read
  TranslatorCounters counters_;
};

template <class Extra>
bool Translator::emit(const RecordInfo& info, const ArgSheet& sheet, Extra&& extra) {
  CTI_CHECK(!owed_);
  if (info.object_key != 0 && !map_.has_room(info.object_key, info.topics) &&
      !sheet.has<wire::Keyword::OldUniqueObjectID>() && !makes_room(info)) {
    map_.note_no_room();
    return false;
  }
  const auto written = sink_.write(info, [&](wire::ArgumentsWriter& writer) {
    sheet.write(writer);
    extra(writer);
  });
  if (!written) return false;
  CTI_CHECK(written->object_key() == info.object_key && written->topics() == info.topics);
  Effect effect;
  try {
    effect = map_.apply(*written);
  } catch (const std::bad_alloc&) {
    owed_ = *written;  // see settle()
    owed_is_answer_ = info.answer;
    throw;
  }
  if (effect.any()) [[unlikely]]
    follow(effect, info.object_key, info.answer);
  if (notes_agents_) [[unlikely]]
    note_touched(info.agent_key);
  return true;
}
inline bool Translator::emit(const RecordInfo& info, const ArgSheet& sheet) {
  return emit(info, sheet, [](wire::ArgumentsWriter&) {});
}

inline std::string_view Translator::text(Bytes bytes) noexcept {
  std::string_view raw = as_text(bytes);
  if (!raw.empty() && raw.back() == '\0') raw.remove_suffix(1);
  return room_.clean(raw);
}

}  // namespace cti::broker
