// session_fuzz.cpp - any bytes as a stream of the session protocol: cut, checked and folded, or refused; never a crash.
//
// The first byte chooses the size of the pieces in which the stream arrives. What must hold: the cut does not depend on the
// pieces; Arguments that pass the check are canonical, so that building them anew gives the same bytes; every view of a
// frame reads inside it; records that pass the check fold, within small limits, or are refused by name.
#include "wire/object_table.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace cti;
using namespace cti::wire;

[[noreturn]] void found() { std::abort(); }

struct Cut {
  std::vector<std::vector<std::byte>> frames;
  bool failed = false;
  std::size_t pending = 0;
};

Cut cut(Bytes stream, std::size_t piece) {
  Cut result;
  SessionFrameCutter cutter(wire::limits::kClientFrameBytesMax);
  for (std::size_t at = 0; at < stream.size() && !result.failed; at += piece) {
    const Bytes chunk = stream.subspan(at, std::min(piece, stream.size() - at));
    result.failed = !cutter.feed(
        chunk, [&](Bytes frame) { result.frames.emplace_back(frame.begin(), frame.end()); });
  }
  result.pending = cutter.pending();
  return result;
}

void rebuild(const ArgumentsView& view) {
  Arguments again;
  for (const Arg arg : view) {
    if (!again.set(arg)) found();
  }
  if (!(again.view() == view)) found();
  std::vector<std::byte> buffer(view.bytes().size());
  ArgumentsWriter writer(buffer);  // the room is exact
  writer.add_all(view);
  if (!(ArgumentsView::trusted(writer.finish()) == view)) found();
  (void)view.dump();
  for (const Arg arg : view) {
    if (!view.find(arg.keyword() == Keyword::kOwnKey ? ArgKey(arg.own_key())
                                                     : ArgKey(arg.keyword())))
      found();
    (void)arg.to_text();
    (void)arg.to_integer();
  }
}

template <class View>
void look(Bytes frame) {
  const auto view = View::check(frame);
  if (!view) {
    if (view.error().offset > frame.size()) found();
    (void)describe(view.error());
    return;
  }
  if constexpr (requires { view->arguments(); }) rebuild(view->arguments());
}

void look_at_all(Bytes frame) {
  look<HelloView>(frame);
  look<WelcomeView>(frame);
  look<HeartbeatReqView>(frame);
  look<HeartbeatConfView>(frame);
  look<CloseView>(frame);
  look<RequestView>(frame);
  look<ReplyView>(frame);
  look<UpdateView>(frame);
  look<SnapshotBeginView>(frame);
  look<SnapshotEndView>(frame);
  look<PrivateEventView>(frame);
  look<SubscribeView>(frame);
  look<SubscribedView>(frame);
}

void fold(ObjectTable& table, Bytes frame) {
  const auto update = UpdateView::check(frame);
  if (!update) return;
  const std::uint32_t before = table.size();
  const auto applied = table.apply(*update);
  if (!applied && table.size() != before) found();
  if (applied && applied->handle && applied->change != Change::kEnded) {
    if (!ArgumentsView::check(table.properties(applied->handle).bytes())) found();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Bytes stream = std::as_bytes(std::span(data + 1, size - 1));
  const Cut whole = cut(stream, stream.size() + 1);
  const Cut pieces = cut(stream, 1 + data[0] % 64);
  if (whole.frames != pieces.frames || whole.failed != pieces.failed) found();
  if (!whole.failed && whole.pending != pieces.pending) found();
  ObjectTable table({.objects_max = 8, .bytes_max = 16 * 1024});
  for (const auto& frame : whole.frames) {
    look_at_all(frame);
    fold(table, frame);
  }
  if (const auto view = ArgumentsView::check(stream)) rebuild(*view);
  (void)table.digest();
  return 0;
}
