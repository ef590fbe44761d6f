// request_args.cpp - arguments against their rules; each refusal names key, type and limit.
#include "broker/requests/request_args.hpp"

#include "broker/translate/call_data_out.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188_limits.hpp"

#include <charconv>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::Keyword;

namespace {

Refusal refuse(std::int32_t failure, std::string text) {
  Refusal refusal;
  refusal.failure = failure;
  refusal.text = std::move(text);
  return refusal;
}

std::string expected(const ArgRule& rule) {
  switch (rule.type) {
    case ArgRule::Type::kNumber:
      return "a number (INT)";
    case ArgRule::Type::kText:
      return "a text (STRING)";
    case ArgRule::Type::kArray:
      return "an array (ARGUMENTS)";
  }
  return "";
}

std::string key_of(const ArgRule& rule) { return std::string(wire::name_of(rule.keyword)); }

std::optional<Refusal> check_number(const ArgRule& rule, const wire::Arg& arg) {
  const std::optional<std::int64_t> value = arg.is_arguments() ? std::nullopt : arg.to_integer();
  if (!value) {
    return refuse(ctios::eRequiredArgMissing, key_of(rule) + " must be " + expected(rule));
  }
  const std::int64_t highest = rule.limit != 0 ? rule.limit : std::int64_t{UINT32_MAX};
  // Minus one is how CTI OS writes "none" in an INT.
  if (*value < -1 || *value > highest) {
    return refuse(ctios::E_CTI_VALUE_TOO_LONG, key_of(rule) + " must be " + expected(rule) +
                                                   ", -1 .. " + std::to_string(highest));
  }
  return std::nullopt;
}

std::optional<Refusal> check_text(const ArgRule& rule, const wire::Arg& arg) {
  if (arg.is_arguments()) {
    return refuse(ctios::eRequiredArgMissing, key_of(rule) + " must be " + expected(rule));
  }
  const std::string text = arg.to_text();
  if (rule.limit != 0 && text.size() > static_cast<std::size_t>(rule.limit)) {
    return refuse(ctios::E_CTI_VALUE_TOO_LONG,
                  key_of(rule) + " has " + std::to_string(text.size()) + " characters, at most " +
                      std::to_string(rule.limit));
  }
  if (text.find('\0') != std::string::npos) {
    return refuse(ctios::E_CTI_INVALID_CHARACTER, key_of(rule) + " contains a NUL");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> check_args(const wire::ArgumentsView& args, std::span<const ArgRule> rules) {
  for (const ArgRule& rule : rules) {
    const auto arg = args.find(rule.keyword);
    if (!arg) {
      if (!rule.required) continue;
      return refuse(ctios::eRequiredArgMissing, key_of(rule) + " is missing: " + expected(rule));
    }
    std::optional<Refusal> wrong;
    switch (rule.type) {
      case ArgRule::Type::kNumber:
        wrong = check_number(rule, *arg);
        break;
      case ArgRule::Type::kText:
        wrong = check_text(rule, *arg);
        break;
      case ArgRule::Type::kArray:
        if (!arg->is_arguments()) {
          wrong = refuse(ctios::eRequiredArgMissing, key_of(rule) + " must be " + expected(rule));
        }
        break;
    }
    if (wrong) return wrong;
    if (rule.required && rule.type == ArgRule::Type::kText && arg->to_text().empty()) {
      return refuse(ctios::eRequiredArgMissing, key_of(rule) + " is empty: " + expected(rule));
    }
  }
  return std::nullopt;
}

std::uint32_t number_or(const wire::ArgumentsView& args, Keyword keyword, std::uint32_t otherwise) {
  const auto value = args.integer(keyword);
  return value ? static_cast<std::uint32_t>(*value) : otherwise;
}

std::string text_of(const wire::ArgumentsView& args, Keyword keyword) {
  const auto arg = args.find(keyword);
  return arg && !arg->is_arguments() ? arg->to_text() : std::string();
}

std::optional<Refusal> check_ecc(const wire::ArgumentsView& args) {
  const auto ecc = args.arguments(Keyword::ECC);
  if (!ecc) return std::nullopt;
  std::size_t bytes = 0;
  for (const wire::Arg arg : *ecc) {
    const std::string key(arg.key_name());
    const EccName name = split_ecc_key(key);
    if (name.name.empty()) {
      return refuse(ctios::E_CTI_ELEMENT_NOT_FOUND,
                    "ECC: " + key + " is no name of the form user.x or user.x[0]");
    }
    if (arg.is_arguments()) {
      return refuse(ctios::eRequiredArgMissing, "ECC: " + key + " must be a text (STRING)");
    }
    const std::size_t value = arg.to_text().size();
    if (name.name.size() >= wire::ged188::limits::kNamedNameBytesMax ||
        value >= wire::ged188::limits::kNamedValueBytesMax) {
      return refuse(ctios::E_CTI_VALUE_TOO_LONG,
                    "ECC: " + key + " is too long: a name has at most " +
                        std::to_string(wire::ged188::limits::kNamedNameBytesMax - 1) +
                        " characters, a value " +
                        std::to_string(wire::ged188::limits::kNamedValueBytesMax - 1));
    }
    bytes += value;  // names are not counted
  }
  if (bytes > wire::ged188::limits::kNamedDataBytesMax) {
    return refuse(ctios::E_CTI_TOO_MUCH_DATA,
                  "ECC: " + std::to_string(bytes) + " bytes of values in all, at most " +
                      std::to_string(wire::ged188::limits::kNamedDataBytesMax));
  }
  return std::nullopt;
}

}  // namespace cti::broker
