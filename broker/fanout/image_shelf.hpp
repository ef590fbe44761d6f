// image_shelf.hpp - the snapshot images that one reactor's sessions hold: who waits for one, what they weigh in all.
//
// Why      an image of a large map is megabytes, and whoever does not read holds the one that he was given. Without a bound
//          in all, sessions that do nothing end the server (C19).
// Share    who waits for an image of a line gets the same one: one question to the line at a time, in the name of all who
//          wait when it is asked. Who comes later waits for the next: an image is never older than the question. A question
//          that is lost is given up and put anew under another number; a late answer to it is nobody's.
// Bound    images_max and bytes_max, counted per image, not per session. At the bound nothing is asked for until somebody
//          has taken his, or is cut for not taking it (FanoutConfig::image_timeout); who waits for a first snapshot is
//          given the newest there is meanwhile, if the log still carries on from it.
//          What agents take (an image of one agent, a few KiB, held by one session) has a bound of its own, a quarter
//          beside it: nobody who takes his image of a whole line slowly keeps an agent from his.
//          One image is always allowed, however large; and what an answer weighs is known only when it is there: so at
//          most one image per line above the bound.
// Threads  one: the reactor. All memory is set aside at start; nothing here throws.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace cti::broker {

class ImageShelf {
 public:
  using Image = std::shared_ptr<const SnapshotImage>;
  static constexpr std::size_t kImagesMax = limits::kImagesMax;

  ImageShelf(std::size_t lines, std::uint32_t slots, std::size_t bytes_max)
      : queues_(lines), bytes_max_(bytes_max) {
    for (Queue& queue : queues_) queue.slots.reserve(slots);
    giving_.reserve(slots);
    shelf_.reserve(kImagesMax + lines);
  }

  // ---- waiting ----

  void wait(std::uint16_t line, std::uint32_t slot) noexcept {
    Queue& queue = queues_[line];
    CTI_CHECK(queue.slots.size() < queue.slots.capacity());
    queue.slots.push_back(slot);
  }
  /// Harmless when it does not wait.
  void forget(std::uint32_t slot) noexcept {
    for (Queue& queue : queues_) {
      const auto found = std::find(queue.slots.begin(), queue.slots.end(), slot);
      if (found == queue.slots.end()) continue;
      const auto index = static_cast<std::size_t>(found - queue.slots.begin());
      if (index < queue.asked_for) --queue.asked_for;
      queue.slots.erase(found);
    }
  }
  bool waiting(std::uint16_t line) const noexcept { return !queues_[line].slots.empty(); }
  bool asked(std::uint16_t line) const noexcept { return queues_[line].asked; }
  /// When the question under way was put.
  TimePoint asked_at(std::uint16_t line) const noexcept { return queues_[line].asked_at; }
  /// The number of the next question.
  std::uint64_t next_question() const noexcept { return questions_ + 1; }
  /// One more image of this line would stay within the bounds, as far as is known.
  bool room(std::uint16_t line) const noexcept {
    std::size_t coming = queues_[line].weighs;
    for (const Queue& queue : queues_) coming += queue.asked ? queue.weighs : 0;
    return shelf_.size() < kImagesMax && (bytes_ == 0 || bytes_ + coming <= bytes_max_);
  }
  /// An agent's image may be asked for, or taken.
  bool room_private() const noexcept {
    return private_bytes_ == 0 || private_bytes_ < bytes_max_ / 4;
  }
  /// The line is asked, for all who wait now: each(slot). The question has the number next_question().
  template <class Each>
  void ask(std::uint16_t line, TimePoint now, Each&& each) {
    Queue& queue = queues_[line];
    CTI_CHECK(!queue.asked);
    queue.asked = true;
    queue.asked_at = now;
    queue.question = ++questions_;
    queue.asked_for = queue.slots.size();
    for (const std::uint32_t slot : queue.slots) each(slot);
  }
  /// The question, or its answer, has been lost: it may be asked again.
  void lost(std::uint16_t line) noexcept {
    queues_[line].asked = false;
    queues_[line].asked_for = 0;
  }
  /// The answer to a question: give(slot) for each for whom it was asked, oldest first. False: nobody waits for this one.
  template <class Give>
  bool arrived(std::uint16_t line, std::uint64_t question, const Image& image, Give&& give) {
    Queue& queue = queues_[line];
    if (!queue.asked || queue.question != question) return false;  // given up: another one runs
    queue.asked = false;
    queue.weighs = image->bytes.size();
    const auto end = queue.slots.begin() + static_cast<std::ptrdiff_t>(queue.asked_for);
    giving_.assign(queue.slots.begin(), end);
    queue.slots.erase(queue.slots.begin(), end);
    queue.asked_for = 0;
    for (const std::uint32_t slot : giving_) give(slot);
    return true;
  }
  /// An older image for those who may have it: may(slot) says who, give(slot) gives.
  template <class May, class Give>
  void hand_on(std::uint16_t line, May&& may, Give&& give) {
    Queue& queue = queues_[line];
    for (std::size_t i = queue.asked_for; i < queue.slots.size();) {
      const std::uint32_t slot = queue.slots[i];
      if (!may(slot)) {
        ++i;
        continue;
      }
      queue.slots.erase(queue.slots.begin() + static_cast<std::ptrdiff_t>(i));
      give(slot);
    }
  }

  // ---- holding ----

  /// One more session holds it.
  void take(std::uint16_t line, const Image& image) noexcept {
    const auto found = find(image.get());
    if (found != shelf_.end()) {
      ++found->users;
      return;
    }
    CTI_CHECK(shelf_.size() < shelf_.capacity());
    shelf_.push_back({image, line, 1});
    add(image->bytes.size());
  }
  void give_back(const Image& image) noexcept {
    const auto found = find(image.get());
    CTI_CHECK(found != shelf_.end());
    CTI_CHECK(found->users > 0);
    if (--found->users > 0) return;
    bytes_ -= found->image->bytes.size();
    shelf_.erase(found);
    invariants();
  }
  /// An image that one session alone holds (agent mode): weighed, not kept here.
  void take_private(std::size_t bytes) noexcept {
    private_bytes_ += bytes;
    note_highest();
  }
  void give_back_private(std::size_t bytes) noexcept {
    CTI_CHECK(bytes <= private_bytes_);
    private_bytes_ -= bytes;
  }
  /// The newest image of a line that somebody holds; nullptr: none.
  Image newest(std::uint16_t line) const noexcept {
    for (auto held = shelf_.rbegin(); held != shelf_.rend(); ++held) {
      if (held->line == line) return held->image;
    }
    return nullptr;
  }

  std::size_t images() const noexcept { return shelf_.size(); }
  /// Of both kinds.
  std::size_t bytes() const noexcept { return bytes_ + private_bytes_; }
  std::size_t bytes_highest() const noexcept { return bytes_highest_; }

  void invariants() const noexcept {
    std::size_t weighed = 0;
    for (const Held& held : shelf_) weighed += held.image->bytes.size();
    CTI_CHECK(weighed == bytes_);
    CTI_CHECK(bytes() <= bytes_highest_);
    for (const Queue& queue : queues_) CTI_CHECK(queue.asked_for <= queue.slots.size());
  }

 private:
  struct Held {
    Image image;
    std::uint16_t line;
    std::uint32_t users;
  };
  struct Queue {
    std::vector<std::uint32_t> slots;  // who waits, oldest first
    std::size_t asked_for = 0;         // how many of them the question under way is for
    bool asked = false;
    TimePoint asked_at{};
    std::uint64_t question = 0;  // its number
    std::size_t weighs = 0;  // the last image of the line: what the next will be, about
  };

  std::vector<Held>::iterator find(const SnapshotImage* image) noexcept {
    return std::find_if(shelf_.begin(), shelf_.end(),
                        [image](const Held& held) { return held.image.get() == image; });
  }
  void add(std::size_t bytes) noexcept {
    bytes_ += bytes;
    note_highest();
  }
  void note_highest() noexcept { bytes_highest_ = std::max(bytes_highest_, bytes()); }

  std::vector<Queue> queues_;  // [line]
  std::vector<std::uint32_t> giving_;
  std::vector<Held> shelf_;  // in order of arrival
  std::uint64_t questions_ = 0;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;  // of what lies on the shelf
  std::size_t private_bytes_ = 0;
  std::size_t bytes_highest_ = 0;
};

}  // namespace cti::broker
