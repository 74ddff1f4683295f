#include "io/json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace hlwq::io {
namespace {

constexpr int kMaxDepth = 64;

}  // namespace

nlohmann::json ParseJson(std::string_view text) {
  using nlohmann::json;
  std::vector<std::set<std::string>> keys_of_depth;  // of the objects that are open
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (depth >= kMaxDepth) {
          throw Error(ErrorCode::kInvalidData, "JSON: nested deeper than 64 levels");
        }
        keys_of_depth.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        keys_of_depth.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys_of_depth.back().insert(parsed.get<std::string>()).second) {
          throw Error(ErrorCode::kInvalidData,
                      "JSON: key '" + parsed.get<std::string>() + "' occurs twice");
        }
        break;
      case json::parse_event_t::value:
        break;
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& failure) {
    throw Error(ErrorCode::kInvalidData, std::string("JSON: ") + failure.what());
  }
}

nlohmann::json ReadJsonFile(const std::filesystem::path& path, uint64_t max_bytes) {
  const std::string text = ReadSmallFile(path, max_bytes);
  return WithContext(path.string(), [&] { return ParseJson(text); });
}

}  // namespace hlwq::io
