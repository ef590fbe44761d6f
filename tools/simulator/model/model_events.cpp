// How what happened is told: once per view, with the state in which that view is.
#include "tools/simulator/model/model.hpp"

namespace cti::simulator {

void Model::tell(const CallEvent& event) {
  for (ModelListener* listener : listeners_) listener->on_call(event);
}

CallEvent Model::event_for(CallEventKind kind, const Call& of, const Connection& view) const {
  CallEvent event;
  event.kind = kind;
  event.call = &of;
  event.number = of.number;
  event.station = view.party.station;
  event.device = view.party.id;
  event.local = view.state;
  if (view.party.station != kNoIndex) event.agent = stations_[view.party.station].agent;
  return event;
}

void Model::tell_views(CallEventKind kind, const Call& of, const Party& subject, Cause cause) {
  for (const Connection& view : of.connections) {
    if (!view.announced) continue;
    CallEvent event = event_for(kind, of, view);
    event.subject = &subject;
    event.cause = cause;
    tell(event);
  }
}

void Model::tell_data(const Call& of, const Connection& view, std::uint32_t items,
                      CallNumber renamed) {
  if (!view.announced) return;
  CallEvent event = event_for(CallEventKind::kDataUpdate, of, view);
  event.items = items;
  event.renamed = renamed;
  tell(event);
}

void Model::announce(Call& of, Connection& c) {
  if (c.announced || !c.view()) return;
  c.announced = true;
  ++counters_.views_begun;
  tell(event_for(CallEventKind::kBegin, of, c));
}

void Model::end_view(const Call& of, Connection& c) {
  if (!c.announced) return;
  end_extras(of, c);
  c.announced = false;
  ++counters_.views_ended;
  tell(event_for(CallEventKind::kEnd, of, c));
}

void Model::set_media(const Call& of, Connection& c, bool on) {
  if (c.media == on) return;
  c.media = on;
  if (c.announced)
    tell(event_for(on ? CallEventKind::kRtpStarted : CallEventKind::kRtpStopped, of, c));
}

void Model::sync_media(Call& of) {
  for (Connection& c : of.connections) {
    if (c.view()) set_media(of, c, of.answered && c.state == ConnectionState::kConnected);
  }
}

}  // namespace cti::simulator
