// request_args.hpp - what a request's Arguments must look like, and what is wrong with them when they do not.
//
// Rule     a key that the request knows must have a value of its type; numbers and text convert into each other as CTI OS
//          documents (text that is no number does not). Keys that the request does not know travel along unseen: that is
//          how CTI OS stays compatible.
// Errors   every refusal names the key, the expected type and, where it applies, the limit.
#pragma once

#include "broker/requests/replies.hpp"
#include "wire/arguments.hpp"
#include "wire/keyword.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cti::broker {

/// One argument of a request.
struct ArgRule {
  enum class Type : std::uint8_t { kNumber, kText, kArray };
  wire::Keyword keyword = wire::Keyword::kOwnKey;
  Type type = Type::kText;
  bool required = false;
  std::int64_t limit =
      0;  ///< text: most characters; number: highest value; 0: only what the type allows
};

/// The first thing that is wrong; nothing when all is well.
std::optional<Refusal> check_args(const wire::ArgumentsView& args, std::span<const ArgRule> rules);

/// Values of arguments that check_args has let through.
std::uint32_t number_or(const wire::ArgumentsView& args, wire::Keyword keyword,
                        std::uint32_t otherwise);
/// Empty when the key is absent. Numbers as text.
std::string text_of(const wire::ArgumentsView& args, wire::Keyword keyword);

/// Call variables, wrap-up data, ECC and the like: the arguments that carry call data.
inline constexpr std::array kCallDataRules = {
    ArgRule{wire::Keyword::CallVariable1, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable2, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable3, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable4, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable5, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable6, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable7, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable8, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable9, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallVariable10, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::CallWrapupData, ArgRule::Type::kText, false, 39},
    ArgRule{wire::Keyword::UserToUserInfo, ArgRule::Type::kText, false, 40},
    ArgRule{wire::Keyword::ECC, ArgRule::Type::kArray, false, 0}};
static_assert(kCallDataRules.size() == 13, "ten variables, wrap-up data, user-to-user, ECC");
constexpr std::span<const ArgRule> call_data_rules() { return kCallDataRules; }
/// ECC: names, values and the limit of all of it together (status 73, 74).
std::optional<Refusal> check_ecc(const wire::ArgumentsView& args);

}  // namespace cti::broker
