// A result as a file, and back.
#include "tools/load/report.hpp"
#include "tools/load/verdict.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace cti::load {
namespace {

constexpr int kFormat = 1;
constexpr const char* kPathKeys[] = {"agent", "supervisor", "monitor", "request", "switch"};
constexpr const char* kEndings[] = {"whole", "interrupted", "own schedule not kept", "server gone",
                                    "simulator behind"};

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

/// Both ways with one list of members: `visit(key, member)`.
template <class Of, class Visit>
void visit_latency(Of& latency, Visit&& visit) {
  visit("count", latency.count);
  visit("mean_ms", latency.mean_ms);
  visit("p50_ms", latency.p50_ms);
  visit("p90_ms", latency.p90_ms);
  visit("p99_ms", latency.p99_ms);
  visit("p999_ms", latency.p999_ms);
  visit("max_ms", latency.max_ms);
}

template <class Of, class Visit>
void visit_faults(Of& faults, Visit&& visit) {
  visit("lost", faults.lost);
  visit("doubled", faults.doubled);
  visit("disordered", faults.disordered);
  visit("overtaken", faults.overtaken);
  visit("restarted", faults.restarted);
}

template <class Of, class Visit>
void visit_step(Of& step, Visit&& visit) {
  visit("rate", step.rate);
  visit("seconds", step.seconds);
  visit("rate_reached", step.rate_reached);
  visit("sent", step.sent);
  visit("no_agent", step.no_agent);
  visit("unseen", step.unseen);
  visit("refused", step.refused);
  visit("unknown", step.unknown);
  visit("updates_per_second", step.updates_per_second);
  visit("sessions_ended", step.sessions_ended);
  visit("server_cores", step.server_cores);
  visit("switch_cores", step.switch_cores);
  visit("own_cores", step.own_cores);
  visit("server_mib", step.server_mib);
  visit("why_not", step.why_not);
  visit("void_because", step.void_because);
}

template <class Of, class Visit>
void visit_supervised(Of& done, Visit&& visit) {
  visit("watched", done.watched);
  visit("barged_in", done.barged_in);
  visit("left", done.left);
  visit("states_changed", done.states_changed);
  visit("refused", done.refused);
}

template <class Of, class Visit>
void visit_setup(Of& setup, Visit&& visit) {
  visit("agents", setup.agents);
  visit("monitors", setup.monitors);
  visit("supervisors", setup.supervisors);
  visit("calls", setup.calls);
  visit("command", setup.command);
  visit("machine", setup.machine);
  visit("server", setup.server);
  visit("started_at", setup.started_at);
  visit("habits", setup.habits);
  visit("team_monitoring", setup.team_monitoring);
  visit("opening_seconds", setup.opening_seconds);
  visit("server_idle_mib", setup.server_idle_mib);
  visit("server_sessions_mib", setup.server_sessions_mib);
  visit("p99_limit_ms", setup.p99_limit_ms);
  visit("late_limit_ms", setup.late_limit_ms);
}

template <class Of, class Visit>
void visit_verdict(Of& verdict, Visit&& visit) {
  visit("holds", verdict.holds);
  visit("held_rate", verdict.held_rate);
  visit("held_p99_ms", verdict.held_p99_ms);
  visit("has_knee", verdict.has_knee);
  visit("knee_rate", verdict.knee_rate);
  visit("text", verdict.text);
}

struct Put {
  Writer& to;
  void operator()(const char* key, const std::string& value) const {
    to.Key(key);
    to.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
  }
  void operator()(const char* key, double value) const {
    to.Key(key);
    to.Double(std::isfinite(value) ? value : 0);
  }
  void operator()(const char* key, bool value) const { to.Key(key), to.Bool(value); }
  void operator()(const char* key, std::uint64_t value) const { to.Key(key), to.Uint64(value); }
  void operator()(const char* key, std::uint32_t value) const { to.Key(key), to.Uint(value); }
};

/// Remembers the first thing that is missing or of another kind.
struct Get {
  const rapidjson::Value& from;
  std::string& problem;

  const rapidjson::Value* member(const char* key) const {
    const auto found =
        from.IsObject() ? from.FindMember(key) : rapidjson::Value::ConstMemberIterator();
    if (from.IsObject() && found != from.MemberEnd()) return &found->value;
    if (problem.empty()) problem = std::string("\"") + key + "\" is missing";
    return nullptr;
  }
  template <class Value, class Is, class As>
  void take(const char* key, Value& value, Is is, As as) const {
    const rapidjson::Value* const found = member(key);
    if (found == nullptr) return;
    if (is(*found)) {
      value = as(*found);
    } else if (problem.empty()) {
      problem = std::string("\"") + key + "\" is of another type than expected";
    }
  }
  void operator()(const char* key, std::string& value) const {
    take(
        key, value, [](auto& v) { return v.IsString(); },
        [](auto& v) { return std::string(v.GetString(), v.GetStringLength()); });
  }
  void operator()(const char* key, double& value) const {
    take(
        key, value, [](auto& v) { return v.IsNumber(); }, [](auto& v) { return v.GetDouble(); });
  }
  void operator()(const char* key, bool& value) const {
    take(
        key, value, [](auto& v) { return v.IsBool(); }, [](auto& v) { return v.GetBool(); });
  }
  void operator()(const char* key, std::uint64_t& value) const {
    take(
        key, value, [](auto& v) { return v.IsUint64(); }, [](auto& v) { return v.GetUint64(); });
  }
  void operator()(const char* key, std::uint32_t& value) const {
    take(
        key, value, [](auto& v) { return v.IsUint(); }, [](auto& v) { return v.GetUint(); });
  }
};

void put_step(Writer& to, const StepResult& step) {
  const Put put{to};
  to.StartObject();
  visit_step(step, put);
  to.Key("late");
  to.StartObject();
  visit_latency(step.late, put);
  to.EndObject();
  to.Key("simulator_answered");
  to.StartObject();
  visit_latency(step.answered, put);
  to.EndObject();
  to.Key("faults");
  to.StartObject();
  visit_faults(step.faults, put);
  to.EndObject();
  to.Key("latency");
  to.StartObject();
  for (std::size_t i = 0; i < kPaths; ++i) {
    to.Key(kPathKeys[i]);
    to.StartObject();
    visit_latency(step.latency[i], put);
    to.EndObject();
  }
  to.EndObject();
  to.EndObject();
}

void get_step(const rapidjson::Value& from, StepResult& step, std::string& problem) {
  const Get get{from, problem};
  visit_step(step, get);
  if (const auto* late = get.member("late")) visit_latency(step.late, Get{*late, problem});
  if (from.IsObject() && from.HasMember("simulator_answered"))  // older files have none
    visit_latency(step.answered, Get{from["simulator_answered"], problem});
  if (const auto* faults = get.member("faults")) visit_faults(step.faults, Get{*faults, problem});
  const auto* latency = get.member("latency");
  for (std::size_t i = 0; latency != nullptr && i < kPaths; ++i) {
    if (const auto* path = Get{*latency, problem}.member(kPathKeys[i]))
      visit_latency(step.latency[i], Get{*path, problem});
  }
}

Result<void, std::string> write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Err{"writing " + path.string() + ": " + std::strerror(errno)};
  return {};
}

}  // namespace

std::string to_json(const LoadResult& result) {
  rapidjson::StringBuffer buffer;
  Writer to(buffer);
  to.SetIndent(' ', 1);
  to.SetMaxDecimalPlaces(4);
  const Put put{to};
  to.StartObject();
  put("ringside_load", std::uint32_t{kFormat});
  to.Key("verdict");
  to.StartObject();
  visit_verdict(result.verdict, put);
  put("held_path", std::string(kPathKeys[static_cast<std::size_t>(result.verdict.held_path)]));
  to.EndObject();
  to.Key("setup");
  to.StartObject();
  visit_setup(result.setup, put);
  to.EndObject();
  to.Key("faults");
  to.StartObject();
  visit_faults(result.faults, put);
  to.EndObject();
  to.Key("supervised");
  to.StartObject();
  visit_supervised(result.supervised, put);
  to.EndObject();
  put("compared", result.compared);
  put("records", result.records);
  put("ending", std::string(kEndings[static_cast<std::size_t>(result.ending)]));
  put("ending_text", result.ending_text);
  to.Key("steps");
  to.StartArray();
  for (const StepResult& step : result.steps) put_step(to, step);
  to.EndArray();
  to.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

Result<LoadResult, std::string> from_json(const std::string& text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseFullPrecisionFlag>(text.c_str(), text.size());
  if (document.HasParseError()) {
    return Err{std::string(rapidjson::GetParseError_En(document.GetParseError())) + " (at byte " +
               std::to_string(document.GetErrorOffset()) + ")"};
  }
  LoadResult result;
  std::string problem;
  const Get get{document, problem};
  std::uint32_t format = 0;
  get("ringside_load", format);
  if (!problem.empty() || format != kFormat)
    return Err{
        std::string("not a result of this ringside-load (\"ringside_load\": 1 is expected)")};
  std::string path, ending;
  if (const auto* verdict = get.member("verdict")) {
    visit_verdict(result.verdict, Get{*verdict, problem});
    Get{*verdict, problem}("held_path", path);
  }
  if (const auto* setup = get.member("setup")) visit_setup(result.setup, Get{*setup, problem});
  if (const auto* faults = get.member("faults")) visit_faults(result.faults, Get{*faults, problem});
  // Results of earlier days have none.
  const auto* const done = document.HasMember("supervised") ? get.member("supervised") : nullptr;
  if (done != nullptr) visit_supervised(result.supervised, Get{*done, problem});
  get("compared", result.compared);
  get("records", result.records);
  get("ending", ending);
  get("ending_text", result.ending_text);
  const auto* steps = get.member("steps");
  if (steps != nullptr && !steps->IsArray()) problem = "\"steps\" is not a list";
  if (!problem.empty()) return Err{problem};
  for (const auto& step : steps->GetArray()) get_step(step, result.steps.emplace_back(), problem);
  for (std::size_t i = 0; i < kPaths; ++i) {
    if (path == kPathKeys[i]) result.verdict.held_path = Path(i);
  }
  for (std::size_t i = 0; i < std::size(kEndings); ++i) {
    if (ending == kEndings[i]) result.ending = Ending(i);
  }
  if (!problem.empty()) return Err{problem};
  return result;
}

Result<void, std::string> check_folder(const std::string& folder) {
  const std::filesystem::path probe = std::filesystem::path(folder) / ".ringside-load";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Err{"making " + folder + ": " + error.message()};
  if (auto written = write_file(probe, "\n"); !written.ok()) return written;
  std::filesystem::remove(probe, error);
  return {};
}

Result<void, std::string> write_reports(const LoadResult& result, const std::string& folder) {
  const std::filesystem::path to(folder);
  std::error_code error;
  std::filesystem::create_directories(to, error);
  if (error) return Err{"making " + folder + ": " + error.message()};
  if (auto written = write_file(to / "result.json", to_json(result)); !written.ok()) return written;
  if (auto written = write_file(to / "report.html", to_html(result)); !written.ok()) return written;
  for (const StepResult& step : result.steps) {
    for (std::size_t i = 0; i < kPaths; ++i) {
      if (step.histograms[i].count() == 0 || !step.void_because.empty()) continue;
      char name[64];
      std::snprintf(name, sizeof name, "%g-%s.hgrm", step.rate, kPathKeys[i]);
      if (auto written = write_file(to / name, step.histograms[i].hgrm()); !written.ok())
        return written;
    }
  }
  return {};
}

}  // namespace cti::load
