#include "base/json.h"

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

template <typename Json>
Json ParseStrictly(std::string_view text) {
  StrictnessCheck check;
  json::sax_parse(text, &check);
  try {
    return Json::parse(text);
  } catch (const json::exception& failure) {
    Fail(failure.what());
  }
}

}  // namespace

json ParseJson(std::string_view text) { return ParseStrictly<json>(text); }

nlohmann::ordered_json ParseOrderedJson(std::string_view text) {
  return ParseStrictly<nlohmann::ordered_json>(text);
}

nlohmann::json ReadJsonFile(const std::filesystem::path& path, uint64_t max_bytes) {
  const std::string text = ReadSmallFile(path, max_bytes);
  return WithContext(path.string(), [&] { return ParseJson(text); });
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
