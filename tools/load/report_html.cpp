// The page: a sentence, the charts, the table, how it was measured.
#include "tools/load/chart.hpp"
#include "tools/load/report.hpp"
#include "tools/load/verdict.hpp"

#include <algorithm>
#include <cmath>

namespace cti::load {
namespace {

constexpr const char* kStyle = R"css(
:root { --paper: #fbfaf7; --ink: #1d2329; --soft: #66707a; --rule: #d9d7d0; --fine: #edebe5;
  --good: #157347; --bad: #b3261e;
  --c0: #8fb4d9; --c1: #1f6fb2; --c2: #0b3c66; --c3: #9a9a94; --c4: #c2570c; --c5: #157347; --c6:
  #7b3fa0; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191c; --ink: #e8e6e1; --soft: #9aa3ab;
  --rule: #3a4046; --fine: #262b30;
  --good: #5fc08f; --bad: #ef8a80; --c0: #5d86ad; --c1: #5ba3de; --c2: #b9daf5; --c3: #7d817f;
  --c4: #f0975a; --c5: #5fc08f; --c6: #c194e0; } }
body { margin: 0 auto; max-width: 1180px; padding: 32px 24px; background: var(--paper); color:
  var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { overflow-wrap: anywhere; font-size: clamp(20px, 5vw, 26px);
  line-height: 1.25; margin: 0 0 6px; font-weight: 650; text-wrap: balance; }
h2 { font-size: 16px; margin: 34px 0 8px; font-weight: 650; }
p { margin: 6px 0; max-width: 80ch; } .soft { color: var(--soft); } .good { color: var(--good); }
  .bad { color: var(--bad); }
.charts { display: grid; gap: 18px 24px;
  grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); }
svg { width: 100%; height: auto; font: 11.5px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .tick { fill: var(--soft); } svg .title { font-size: 13.5px;
  font-weight: 650; }
.grid { stroke: var(--rule); stroke-width: .8; } .grid.fine { stroke: var(--fine); } .axis {
  stroke: var(--soft); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .line.thin { stroke-width: 1.2;
  stroke-dasharray: 2 3; }
.line.s0 { stroke: var(--c0); } .line.s1 { stroke: var(--c1); } .line.s2 { stroke: var(--c2); }
  .line.s3 { stroke: var(--c3); }
.line.s4 { stroke: var(--c4); } .line.s5 { stroke: var(--c5); } .line.s6 { stroke: var(--c6); }
.dot.s0 { fill: var(--c0); } .dot.s1 { fill: var(--c1); } .dot.s2 { fill: var(--c2); } .dot.s3 {
  fill: var(--c3); }
.dot.s4 { fill: var(--c4); } .dot.s5 { fill: var(--c5); } .dot.s6 { fill: var(--c6); }
svg .name { font-weight: 600; }
svg [class$='-name'] { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-
  linejoin: round; } svg .name.s0 { fill: var(--c0); } svg .name.s1 { fill: var(--c1); } svg
  .name.s2 { fill: var(--c2); }
svg .name.s3 { fill: var(--c3); } svg .name.s4 { fill: var(--c4); } svg .name.s5 { fill:
  var(--c5); } svg .name.s6 { fill: var(--c6); }
.limit { stroke: var(--bad); stroke-width: 1; stroke-dasharray: 5 4; } svg .limit-name { fill:
  var(--bad); }
.knee { stroke: var(--c4); stroke-width: 1.6; } svg .knee-name { fill: var(--c4); font-weight:
  650; }
.held { stroke: var(--good); stroke-width: 1.2; stroke-dasharray: 5 4; } svg .held-name { fill:
  var(--good); font-weight: 650; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13.5px; }
th, td { padding: 4px 8px; text-align: right; border-bottom: 1px solid var(--fine); white-space:
  nowrap; }
th { color: var(--soft); font-weight: 550; border-bottom-color: var(--rule); }
td:nth-child(2) { text-align: left; }
li { margin: 2px 0; }
code { font: 12.5px ui-monospace, monospace; overflow-wrap: anywhere; }
)css";

constexpr Path kShown[] = {Path::kAgent, Path::kSupervisor, Path::kMonitor, Path::kRequest,
                           Path::kSwitch};
constexpr int kColourOfPath[] = {1, 6, 4, 5, 3};

const Latency& of(const StepResult& step, Path path) {
  return step.latency[static_cast<std::size_t>(path)];
}

bool measured(const LoadResult& result, Path path) {
  return std::ranges::any_of(result.steps, [path](const StepResult& step) {
    return step.void_because.empty() && of(step, path).count > 0;
  });
}

std::string rate_unit(const LoadResult& result) {
  return result.setup.calls ? "calls per second" : "state changes per second";
}

void add_rate_ticks(const LoadResult& result, Chart& chart) {
  const double most = result.steps.back().rate;
  chart.x_from = 0;
  chart.x_to = most;
  const double rough = most / 6;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double times = rough / power;
  const double by = power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
  for (double at = 0; at <= most * 1.0001; at += by)
    chart.x_ticks.emplace_back(at, short_number(at));
}

/// Percentiles of one path over the rates.
Chart over_rates(const LoadResult& result, Path path) {
  Chart chart;
  chart.title = name_of(path);
  if (path == Path::kSwitch) chart.title += " (no part of the server)";
  chart.x_name = rate_unit(result);
  add_rate_ticks(result, chart);
  chart.series = {
      {"p50", 0, false, {}}, {"p99", 1, false, {}}, {"p99.9", 2, false, {}}, {"max", 3, true, {}}};
  for (const StepResult& step : result.steps) {
    const Latency& latency = of(step, path);
    if (latency.count == 0 || !step.void_because.empty()) continue;
    const double values[] = {latency.p50_ms, latency.p99_ms, latency.p999_ms, latency.max_ms};
    for (std::size_t i = 0; i < 4; ++i) chart.series[i].points.emplace_back(step.rate, values[i]);
  }
  chart.level.push_back({result.setup.p99_limit_ms,
                         "p99 limit " + short_number(result.setup.p99_limit_ms) + " ms", "limit"});
  const Verdict& verdict = result.verdict;
  if (verdict.holds && !(verdict.has_knee && verdict.knee_rate == verdict.held_rate)) {
    chart.upright.push_back({verdict.held_rate, "held " + short_number(verdict.held_rate), "held"});
  }
  if (verdict.has_knee)
    chart.upright.push_back({verdict.knee_rate, "knee " + short_number(verdict.knee_rate), "knee"});
  return chart;
}

/// One rate, all paths: how the tail grows.
Chart distribution(const LoadResult& result, const StepResult& step) {
  Chart chart;
  chart.title = "All percentiles at " + short_number(step.rate) + " " + rate_unit(result);
  chart.x_name = "percentile";
  chart.dots = false;
  chart.names_width = 124;
  std::uint64_t most = 1;
  for (const Path path : kShown) {
    const Histogram& histogram = step.histograms[static_cast<std::size_t>(path)];
    if (histogram.count() == 0) continue;
    most = std::max(most, histogram.count());
    Series series{
        name_of(path), kColourOfPath[static_cast<std::size_t>(path)], path == Path::kSwitch, {}};
    const double nines = std::log10(static_cast<double>(histogram.count()));
    for (double x = 0; x <= nines; x += 0.05) {
      const double ms =
          static_cast<double>(histogram.at(100 * (1 - std::pow(10, -x))).count()) * 1e-6;
      series.points.emplace_back(x, ms);
    }
    chart.series.push_back(std::move(series));
  }
  chart.x_to = std::max(1.0, std::log10(static_cast<double>(most)));
  constexpr const char* kNines[] = {"0", "90", "99", "99.9", "99.99", "99.999", "99.9999"};
  for (std::size_t i = 0; i < std::size(kNines) && static_cast<double>(i) <= chart.x_to; ++i)
    chart.x_ticks.emplace_back(static_cast<double>(i), kNines[i]);
  chart.level.push_back({result.setup.p99_limit_ms,
                         "p99 limit " + short_number(result.setup.p99_limit_ms) + " ms", "limit"});
  return chart;
}

std::string charts(const LoadResult& result) {
  std::vector<Chart> drawn;
  const auto good = std::ranges::count_if(
      result.steps, [](const StepResult& step) { return step.void_because.empty(); });
  for (const Path path : kShown) {
    if (good > 1 && measured(result, path)) drawn.push_back(over_rates(result, path));
  }
  const StepResult* shown = nullptr;
  for (const StepResult& step : result.steps) {
    const bool wanted = !result.verdict.holds || step.rate <= result.verdict.held_rate;
    if (step.void_because.empty() && (shown == nullptr || wanted)) shown = &step;
  }
  if (shown != nullptr && worst_p99(*shown).count > 0 &&
      shown->histograms[static_cast<std::size_t>(worst_p99(*shown).path)].count() > 0) {
    drawn.push_back(distribution(result, *shown));
  }
  // The very fastest of the last chart would stretch all of them: it may lie on the edge.
  std::vector<Series> all;
  for (const Chart& chart : drawn) {
    if (chart.dots || drawn.size() == 1)
      all.insert(all.end(), chart.series.begin(), chart.series.end());
  }
  const auto [low, high] = decades_around(all, result.setup.p99_limit_ms);
  std::string text = "<div class='charts'>\n";
  for (Chart& chart : drawn) {
    chart.y_from_ms = low;
    chart.y_to_ms = high;
    text += to_svg(chart);
  }
  return text + "</div>\n";
}

std::string cell(const std::string& text) { return "<td>" + text + "</td>"; }
std::string plain(double value) { return value < 0 ? "–" : short_number(value); }
std::string number(double value) { return cell(plain(value)); }

std::string table(const LoadResult& result) {
  std::string text = "<div class='wide'><table><thead><tr><th>" +
                     std::string(result.setup.calls ? "calls/s" : "changes/s") +
                     "</th><th></th><th>reached</th><th>updates/s</th>";
  for (const Path path : kShown) {
    if (measured(result, path))
      text += "<th>" + std::string(name_of(path)) + "<br>p50 / p99 / p99.9</th>";
  }
  text +=
      "<th>server<br>MiB</th><th>cores: server /<br>simulator / this</th>"
      "<th>sent late<br>p99 ms</th></tr></thead><tbody>\n";
  std::string reasons;
  for (const StepResult& step : result.steps) {
    const bool good = step.void_because.empty() && step.why_not.empty();
    const std::string& why = step.void_because.empty() ? step.why_not : step.void_because;
    const char* const judged = good ? "held" : step.void_because.empty() ? "not held" : "void";
    if (!good) reasons += "<li>" + short_number(step.rate) + ": " + escaped(why) + "</li>\n";
    text += "<tr>" + number(step.rate) + "<td class='" + (good ? "good" : "bad") + "'>" + judged +
            "</td>" + number(step.rate_reached) + number(step.updates_per_second);
    for (const Path path : kShown) {
      if (!measured(result, path)) continue;
      const Latency& latency = of(step, path);
      text += cell(latency.count == 0
                       ? "–"
                       : short_number(latency.p50_ms) + " / " + short_number(latency.p99_ms) +
                             " / " + short_number(latency.p999_ms));
    }
    text += number(step.server_mib) +
            cell(plain(step.server_cores) + " / " + plain(step.switch_cores) + " / " +
                 plain(step.own_cores)) +
            number(step.late.p99_ms) + "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  return reasons.empty() ? text : text + "<ul class='bad'>\n" + reasons + "</ul>\n";
}

std::string soundness(const LoadResult& result) {
  const PositionFaults& faults = result.faults;
  return "<p class='" + std::string(faults.wrong() == 0 ? "good" : "bad") + "'>" +
         thousands(faults.lost) + " updates lost, " + thousands(faults.doubled) + " doubled, " +
         thousands(faults.disordered) + " out of order, of " + thousands(result.records) +
         " at all sessions.</p>\n<p class='soft'>" + "Monitors see every position; " +
         thousands(result.compared) +
         " agents' sessions were compared with what one more session, which sees everything, saw "
         "for them. " +
         thousands(faults.overtaken) +
         " times a session was given a snapshot in place of updates.</p>\n";
}

}  // namespace

std::string to_html(const LoadResult& result) {
  const Setup& setup = result.setup;
  std::string text =
      "<!doctype html><html lang='en'><meta charset='utf-8'>"
      "<meta name='viewport' content='width=device-width, initial-scale=1'>"
      "<title>ringside-load</title><style>";
  text += kStyle;
  std::string verdict = result.verdict.text;
  if (!verdict.empty() && verdict[0] >= 'a') verdict[0] = static_cast<char>(verdict[0] - 'a' + 'A');
  text += "</style>\n<h1 class='" + std::string(result.verdict.holds ? "" : "bad") + "'>" +
          escaped(verdict) + "</h1>\n<p class='soft'>" + escaped(setup.server) + " &middot; " +
          escaped(setup.machine) + " &middot; " + escaped(setup.started_at) + "</p>\n";
  if (result.ending != Ending::kWhole)
    text += "<p class='bad'>Ended early: " + escaped(result.ending_text) + "</p>\n";
  text += "<h2>Latency</h2>\n" + charts(result);
  text += "<h2>Every rate</h2>\n" + table(result);
  text += "<h2>Every position</h2>\n" + soundness(result);
  text += "<h2>How it was measured</h2>\n<p><code>" + escaped(setup.command) + "</code></p>\n<p>" +
          thousands(setup.agents) + " agents, " + thousands(setup.supervisors) + " supervisors, " +
          thousands(setup.monitors) + " monitors, open after " +
          short_number(setup.opening_seconds) + " s. " + escaped(setup.habits) +
          (setup.habits.empty() ? "" : ".") + "</p>\n";
  if (setup.server_sessions_mib > 0) {
    text += "<p>Server's memory: " + short_number(setup.server_idle_mib) + " MiB alone, " +
            short_number(setup.server_sessions_mib) + " MiB with all sessions.</p>\n";
  }
  text +=
      "<p class='soft'>Open loop: the moments at which calls arrive are fixed beforehand, and "
      "latency counts from "
      "there, whether or not anybody was ready. A call's way goes through the simulator; what that "
      "takes alone is "
      "shown as &ldquo;switch alone&rdquo;. A rate is held when it is reached, no p99 is above the "
      "limit, and no "
      "update is wrong. The knee is the first rate from which on p99 stays above three times its "
      "floor.</p>\n";
  return text + "</html>\n";
}

}  // namespace cti::load
