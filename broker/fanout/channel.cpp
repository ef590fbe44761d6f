// channel.cpp - channels made, shared, filled and given back. Giving back allocates nothing: it is part of every end.
#include "broker/fanout/channel.hpp"

#include <algorithm>
#include <cstring>

namespace cti::broker {

ChannelTable::ChannelTable(std::size_t lines, std::uint32_t channels_max, std::size_t channel_bytes,
                           std::uint32_t cost_max)
    : lines_(lines),
      channels_max_(channels_max),
      channel_bytes_(channel_bytes),
      cost_max_(cost_max) {
  CTI_CHECK(channels_max < kNoChannel);
  channels_.reserve(channels_max);
  claimed_.reserve(channels_max);
  spare_.reserve(channels_max);
  for (Line& line : lines_) line.changed.reserve(channels_max);
}

void ChannelTable::set_line(std::uint16_t line, const ring::EventLog& log, ring::LogGate& gate) {
  lines_[line].log = &log;
  lines_[line].gate = &gate;
}

Result<std::uint16_t, ChannelRefusal> ChannelTable::acquire(std::uint16_t line,
                                                            const MessageFilter* filter) {
  const std::string_view text = filter == nullptr ? std::string_view{} : filter->text();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = *channels_[i];
    if (channel.users == 0 || channel.line != line || channel.filter_text != text) continue;
    ++channel.users;
    return static_cast<std::uint16_t>(i);
  }
  return make(line, filter);
}

Result<std::uint16_t, ChannelRefusal> ChannelTable::make(std::uint16_t line,
                                                         const MessageFilter* filter) {
  if (in_use_ >= channels_max_) {
    return Err{ChannelRefusal{"too many different message filters are in use", channels_max_}};
  }
  const std::uint32_t cost = filter == nullptr ? 0 : filter->cost();
  if (cost > cost_max_ - cost_) {
    return Err{ChannelRefusal{"the message filters in use cost too much together", cost_max_}};
  }
  std::unique_ptr<ring::EventLog> own;
  if (filter != nullptr) {
    if (!spare_.empty()) {
      own = std::move(spare_.back());
      spare_.pop_back();
      own->forget();  // records of a channel are numbered from 1
    } else {
      auto made = ring::EventLog::create({channel_bytes_, 1, ring::MirroredMemory::Pages::kLazy});
      if (!made.ok())
        return Err{ChannelRefusal{"no memory for another message filter", channels_max_}};
      own = std::move(made).value();
    }
  }
  auto free =
      std::find_if(channels_.begin(), channels_.end(), [](const auto& c) { return c->users == 0; });
  if (free == channels_.end()) {
    channels_.push_back(std::make_unique<Channel>());
    free = channels_.end() - 1;
  }
  Channel& channel = **free;
  // What may fail comes first: a channel without users is free, whatever else it holds.
  channel.filter_text = filter == nullptr ? std::string{} : std::string(filter->text());
  channel.filter.reset();
  if (filter != nullptr) channel.filter = *filter;
  channel.hint = filter == nullptr ? IndexHint{} : filter->index_hint();
  channel.line = line;
  channel.users = 1;
  channel.cost = cost;
  channel.records = 0;
  channel.own = std::move(own);
  channel.log = channel.own ? channel.own.get() : lines_[line].log;
  channel.gate = channel.own ? &channel.own->gate(0) : lines_[line].gate;
  channel.shown = end(channel);
  cost_ += cost;
  ++in_use_;
  return static_cast<std::uint16_t>(free - channels_.begin());
}

void ChannelTable::release(std::uint16_t index) {
  Channel& channel = at(index);
  CTI_CHECK(channel.users > 0);
  if (--channel.users > 0) return;
  CTI_CHECK(channel.members.empty());
  // Whoever was being sent from the ring has let go of it: a session gives its channel back when it is closed.
  CTI_CHECK(spare_.size() < spare_.capacity());
  if (channel.own) spare_.push_back(std::move(channel.own));
  channel.filter.reset();
  cost_ -= channel.cost;
  --in_use_;
}

ring::Position ChannelTable::join(std::uint16_t index, std::uint32_t slot, std::uint32_t& member) {
  Channel& channel = at(index);
  // Either both happen or, when memory is short, neither: a channel listed without members would be filled twice.
  channel.members.push_back(slot);
  member = static_cast<std::uint32_t>(channel.members.size() - 1);
  if (member == 0 && channel.own) {
    try {
      list(index);
    } catch (...) {
      channel.members.pop_back();
      throw;
    }
    channel.shown = end(channel);
  }
  return end(channel);
}

/// From here on records are offered to it.
void ChannelTable::list(std::uint16_t index) {
  const Channel& channel = at(index);
  Line& line = lines_[channel.line];
  if (channel.key() == 0) return line.keyless.push_back(index);
  const auto place = line.by_key.try_emplace(channel.key()).first;
  try {
    place->second.push_back(index);
  } catch (...) {
    if (place->second.empty()) line.by_key.erase(place);
    throw;
  }
}

void ChannelTable::deactivate(std::uint16_t index) {
  Channel& channel = at(index);
  Line& line = lines_[channel.line];
  if (std::exchange(channel.changed, false)) {
    channel.own->publish();
    std::erase(line.changed, index);
  }
  if (channel.key() == 0) {
    std::erase(line.keyless, index);
    return;
  }
  const auto found = line.by_key.find(channel.key());
  std::erase(found->second, index);
  if (found->second.empty()) line.by_key.erase(found);
}

bool ChannelTable::claim(const std::vector<std::uint16_t>& indices, const wire::UpdateView& update,
                         std::size_t bytes) {
  for (const std::uint16_t index : indices) {
    Channel& channel = at(index);
    if (!channel.accepts(update)) continue;
    const MutableBytes room = channel.own->claim(bytes);
    if (room.empty()) [[unlikely]] {
      return false;
    }
    claimed_.emplace_back(index, room);
  }
  return true;
}

bool ChannelTable::offer(std::uint16_t number, const wire::UpdateView& update, Bytes record) {
  Line& line = lines_[number];
  claimed_.clear();
  const auto claim_under = [&](std::uint64_t key) {
    const auto found = line.by_key.find(key);
    return found == line.by_key.end() || claim(found->second, update, record.size());
  };
  const std::uint64_t object = update.object_key(), agent = update.agent_key();
  bool room = claim(line.keyless, update, record.size());
  if (room && !line.by_key.empty()) {
    room = (object == 0 || claim_under(object)) &&
           (agent == 0 || agent == object || claim_under(agent));
  }
  if (!room) [[unlikely]] {
    for (const auto& taken : claimed_) at(taken.first).own->abort();
    ++waits_;
    return false;
  }
  for (const auto& [index, bytes] : claimed_) {
    Channel& channel = at(index);
    std::memcpy(bytes.data(), record.data(), record.size());
    channel.own->commit(record.size(), ++channel.records);
    if (!std::exchange(channel.changed, true)) line.changed.push_back(index);
  }
  copied_ += claimed_.size();
  return true;
}

void ChannelTable::publish(std::uint16_t line) {
  for (const std::uint16_t index : lines_[line].changed) {
    at(index).own->publish();
    at(index).changed = false;
  }
  lines_[line].changed.clear();
}

}  // namespace cti::broker
