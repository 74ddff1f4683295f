#include "base/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace hlwq {
namespace {

using nlohmann::json;

constexpr size_t kMaxDepth = 64;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, "JSON: " + std::move(message));
}

// Looks for what json::parse lets pass: repeated keys, depth without end. (Its own callbacks could
// do that in one pass, but take time quadratic in the size of an object.)
class StrictnessCheck final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Open(); }
  bool start_array(size_t) override { return Open(); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    if (!keys_of_depth_.back().insert(name).second) Fail("key '" + name + "' occurs twice");
    return true;
  }
  bool parse_error(size_t, const std::string&, const json::exception& failure) override {
    Fail(failure.what());
  }

 private:
  bool Open() {
    if (keys_of_depth_.size() >= kMaxDepth) Fail("nested deeper than 64 levels");
    keys_of_depth_.emplace_back();
    return true;
  }
  bool Close() {
    keys_of_depth_.pop_back();
    return true;
  }

  std::vector<std::unordered_set<std::string>> keys_of_depth_;  // of what is open
};

// nlohmann has no text for numbers that are not finite. On their way in and out they are strings that
// begin with a zero, which no other string of such a document does.
struct NonFinite {
  std::string_view name;    // as Python writes it
  std::string_view quoted;  // as a JSON string
  double value;
};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array kNonFinite = {
    NonFinite{"NaN", R"("\u0000NaN")", std::numeric_limits<double>::quiet_NaN()},
    NonFinite{"Infinity", R"("\u0000Infinity")", kInfinity},
    NonFinite{"-Infinity", R"("\u0000-Infinity")", -kInfinity}};

// The text with such numbers quoted; empty where there are none.
std::string QuoteNonFinite(std::string_view text) {
  if (text.find("NaN") == text.npos && text.find("Infinity") == text.npos) return {};
  std::string quoted;
  bool is_in_string = false, has_any = false, has_zero = false;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const auto found = is_in_string
                           ? kNonFinite.end()
                           : std::ranges::find_if(kNonFinite, [&](const NonFinite& number) {
                               return rest.starts_with(number.name);
                             });
    if (found != kNonFinite.end()) {
      quoted += found->quoted;
      at += found->name.size();
      has_any = true;
      continue;
    }
    if (text[at] == '"') {
      is_in_string = !is_in_string;
      has_zero |= is_in_string && rest.starts_with(R"("\u0000)");
    }
    const size_t size = is_in_string && text[at] == '\\' ? 2 : 1;
    quoted += text.substr(at, size);
    at += size;
  }
  if (!has_any) return {};
  if (has_zero) Fail("a string that begins with a zero beside a number that is not finite");
  return quoted;
}

template <typename Json>
void RestoreNonFinite(Json& value) {
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      if (!key.empty() && key[0] == '\0') Fail("want a string as key, got " + key.substr(1));
    }
  }
  if (value.is_string()) {
    const std::string& text = value.template get_ref<const std::string&>();
    if (text.empty() || text[0] != '\0') return;
    for (const NonFinite& number : kNonFinite) {
      if (std::string_view(text).substr(1) != number.name) continue;
      value = number.value;
      return;
    }
  } else if (value.is_structured()) {
    for (Json& item : value) RestoreNonFinite(item);
  }
}

// Replaces numbers that are not finite by their strings; whether there was any.
bool HideNonFinite(json& value) {
  if (value.is_structured()) {
    bool is_any = false;
    for (json& item : value) is_any |= HideNonFinite(item);
    return is_any;
  }
  if (!value.is_number_float() || std::isfinite(value.get<double>())) return false;
  const double number = value.get<double>();
  const std::string_view name = std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
  value = std::string(1, '\0') + std::string(name);
  return true;
}

template <typename Json>
Json ParseStrictly(std::string_view text) {
  RefuseZeroBytes(text);
  const std::string quoted = QuoteNonFinite(text);
  if (!quoted.empty()) text = quoted;
  StrictnessCheck check;
  json::sax_parse(text, &check);
  try {
    Json parsed = Json::parse(text);
    if (!quoted.empty()) RestoreNonFinite(parsed);
    return parsed;
  } catch (const json::exception& failure) {
    Fail(failure.what());
  }
}

}  // namespace

json ParseJson(std::string_view text) { return ParseStrictly<json>(text); }

nlohmann::ordered_json ParseOrderedJson(std::string_view text) {
  return ParseStrictly<nlohmann::ordered_json>(text);
}

nlohmann::ordered_json TryParseOrderedJson(std::string_view text) {
  try {
    return ParseOrderedJson(text);
  } catch (const Error&) {
    return nlohmann::ordered_json(nlohmann::ordered_json::value_t::discarded);
  }
}

void RefuseZeroBytes(std::string_view text) {
  if (const size_t zero = text.find('\0'); zero != text.npos) {
    Fail("zero byte at " + std::to_string(zero));
  }
}

std::string DumpJson(const json& document) {
  json hidden = document;
  const bool has_any = HideNonFinite(hidden);
  std::string text = hidden.dump(2) + "\n";
  if (!has_any) return text;
  for (const NonFinite& number : kNonFinite) {
    for (size_t at = text.find(number.quoted); at != text.npos; at = text.find(number.quoted, at)) {
      text.replace(at, number.quoted.size(), number.name);
      at += number.name.size();
    }
  }
  return text;
}

nlohmann::json ReadJsonFile(const std::filesystem::path& path, uint64_t max_bytes) {
  return ReadJsonFile(File::OpenForRead(path), max_bytes);
}

nlohmann::json ReadJsonFile(const File& file, uint64_t max_bytes) {
  const std::string text = ReadSmallFile(file, max_bytes);
  return WithContext(file.path().string(), [&] { return ParseJson(text); });
}

uint64_t UnsignedValue(const json& value) {
  if (!value.is_number_unsigned()) {
    throw Error(ErrorCode::kInvalidData, "want a number, got " + value.dump());
  }
  return value.get<uint64_t>();
}

int64_t IntegerValue(const json& value) {
  const bool fits = value.is_number_unsigned()
                        ? value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()}
                        : value.is_number_integer();
  if (!fits) throw Error(ErrorCode::kInvalidData, "want a number, got " + value.dump());
  return value.get<int64_t>();
}

}  // namespace hlwq
