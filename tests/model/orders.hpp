// orders.hpp - the memory orders that the code under the model asks for, by where they stand; one may be weakened.
//
// Why      an order that can be weakened without anybody noticing is not tested. Viewed<T> and its fences pass every
//          order through here with the file and line of the access (the ring's source, by way of default arguments), so
//          one program runs the real code with any single order weakened: nothing is patched or compiled again.
// Weaker   acquire, release -> relaxed; acq_rel -> either half; a seq_cst fence -> acq_rel; other fences -> none.
#pragma once

#include "core/base/check.hpp"

#include <atomic>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cti::model {

/// An access or a fence whose order could be weaker.
struct Site {
  std::string file;  ///< its name without folders
  std::uint32_t line;
  auto operator<=>(const Site&) const = default;
  [[nodiscard]] std::string text() const { return file + ":" + std::to_string(line); }
};

class Orders {
 public:
  static Orders& instance() {
    static Orders orders;
    return orders;
  }

  /// Every site that an access has passed since clear().
  [[nodiscard]] const std::set<Site>& reached() const { return reached_; }
  void clear() { reached_.clear(); }
  /// From here on this site gets a weaker order; nullopt: none does.
  void weaken(std::optional<Site> site) { weakened_ = std::move(site); }

  /// What an access at this place is to have.
  std::memory_order access(std::memory_order wanted, const char* path, std::uint32_t line) {
    if (wanted == std::memory_order_relaxed) return wanted;
    return weakened_here(path, line) ? std::memory_order_relaxed : wanted;
  }

  /// The same for a fence; relaxed: no fence.
  std::memory_order fence(std::memory_order wanted, const char* path, std::uint32_t line) {
    if (!weakened_here(path, line)) return wanted;
    return wanted == std::memory_order_seq_cst ? std::memory_order_acq_rel
                                               : std::memory_order_relaxed;
  }

 private:
  bool weakened_here(const char* path, std::uint32_t line) {
    if (path != last_path_ || line != last_line_) {
      last_path_ = path;
      last_line_ = line;
      const std::string_view whole = path;
      const std::size_t slash = whole.rfind('/');
      last_ = {std::string(slash == whole.npos ? whole : whole.substr(slash + 1)), line};
    }
    reached_.insert(last_);
    return weakened_ == last_;
  }

  std::set<Site> reached_;
  std::optional<Site> weakened_;
  const char* last_path_ = nullptr;
  std::uint32_t last_line_ = 0;
  Site last_;
};

}  // namespace cti::model
