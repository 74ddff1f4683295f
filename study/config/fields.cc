#include "study/config/fields.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/json.h"

namespace hlwq::study {

FieldReader::FieldReader(const nlohmann::json& object, std::string path)
    : object_(object), path_(path), reader_(object, {.path = path}) {}

void FieldReader::Size(std::string_view key, size_t& value, SizeRange range) {
  asked_.emplace(key);
  value = reader_.OptionalSize(key, range).value_or(value);
}

void FieldReader::Number(std::string_view key, double& value, NumberRange range) {
  asked_.emplace(key);
  value = reader_.OptionalNumber(key, range).value_or(value);
}

void FieldReader::Flag(std::string_view key, bool& value) {
  asked_.emplace(key);
  value = reader_.Flag(key, value);
}

void FieldReader::Text(std::string_view key, std::string& value) {
  asked_.emplace(key);
  if (auto text = reader_.OptionalString(key)) value = *std::move(text);
}

void FieldReader::Sizes(std::string_view key, std::vector<size_t>& values, SizeRange range) {
  asked_.emplace(key);
  if (const auto sizes = reader_.OptionalSizes(key, 1 << 16, range))
    values.assign(sizes->begin(), sizes->end());
}

void FieldReader::Numbers(std::string_view key, std::vector<double>& values, NumberRange range) {
  const nlohmann::json* list = List(key);
  if (list == nullptr) return;
  values.clear();
  for (const nlohmann::json& item : *list) {
    const double value = item.is_number() ? item.get<double>() : std::nan("");
    if (!(value >= range.min && value <= range.max)) {
      reader_.Fail(
          key, fmt::format("want numbers in {}..{}, got {}", range.min, range.max, Shown(item)));
    }
    values.push_back(value);
  }
}

void FieldReader::Texts(std::string_view key, std::vector<std::string>& values) {
  asked_.emplace(key);
  if (auto texts = reader_.OptionalStrings(key, 1 << 16)) values = std::move(*texts);
}

const nlohmann::json* FieldReader::Child(std::string_view key) {
  asked_.emplace(key);
  return reader_.Has(key) ? &reader_.Object(key) : nullptr;
}

const nlohmann::json* FieldReader::List(std::string_view key) {
  asked_.emplace(key);
  return reader_.Has(key) ? &reader_.List(key) : nullptr;
}

std::string FieldReader::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void FieldReader::Finish() const {
  for (const auto& item : object_.items()) {
    if (!asked_.contains(item.key())) reader_.Fail(item.key(), "there is no such key");
  }
}

}  // namespace hlwq::study
