#include "eval/expert_trace_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace hlwq::eval {
namespace {

using nlohmann::json;
using runtime::kExpertTraceFormat;
using runtime::kExpertTraceVersion;

constexpr uint64_t kMaxTokens = std::numeric_limits<uint32_t>::max();
// What an id of an expert is kept in.
constexpr uint64_t kMaxExpertsOfLayer = uint64_t{std::numeric_limits<uint16_t>::max()} + 1;

[[noreturn]] void Fail(std::string message) {
  throw Error(ErrorCode::kInvalidData, std::move(message));
}

const json& Value(const json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end()) Fail(fmt::format("'{}' is missing", key));
  return *found;
}

// In [least, most].
uint64_t Number(const json& line, const char* key, uint64_t least, uint64_t most) {
  const json& value = Value(line, key);
  if (!value.is_number_unsigned() || value.get<uint64_t>() < least ||
      value.get<uint64_t>() > most) {
    Fail(fmt::format("'{}': want a whole number from {} to {}, got {}", key, least, most,
                     value.dump().substr(0, 40)));
  }
  return value.get<uint64_t>();
}

std::string String(const json& line, const char* key) {
  const json& value = Value(line, key);
  if (!value.is_string()) {
    Fail(fmt::format("'{}': want a string, got {}", key, value.dump().substr(0, 40)));
  }
  return value.get<std::string>();
}

json ParseLine(std::string_view text) {
  json line = ParseJson(text);
  if (!line.is_object()) Fail(fmt::format("want an object, got {}", line.type_name()));
  return line;
}

ExpertTrace ParseHeader(const json& line) {
  const std::string format = String(line, "format");
  if (format != kExpertTraceFormat) {
    Fail(fmt::format("'format': want '{}', got '{}'", kExpertTraceFormat, format.substr(0, 40)));
  }
  if (const uint64_t version = Number(line, "version", 1, kMaxTokens);
      version != kExpertTraceVersion) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("'version': want {}, got {}", kExpertTraceVersion, version));
  }
  ExpertTrace trace;
  trace.model = String(line, "model");
  const uint64_t layers = Number(line, "layers", 1, kMaxTraceExperts);
  const uint64_t most = std::min(kMaxExpertsOfLayer, kMaxTraceExperts / layers);
  trace.layers = layers;
  trace.experts = Number(line, "experts", 1, most);
  trace.top_k = Number(line, "top_k", 1, trace.experts);
  trace.expert_bytes = Number(line, "expert_bytes", 1, kMaxTraceExpertBytes);
  return trace;
}

void AddRequest(const json& line, ExpertTrace& trace) {
  constexpr uint64_t kNoLimit = std::numeric_limits<int64_t>::max();
  ExpertRequest request;
  request.pass = Number(line, "pass", 0, kNoLimit);
  request.layer = static_cast<uint32_t>(Number(line, "layer", 0, trace.layers - 1));
  request.tokens = static_cast<uint32_t>(Number(line, "tokens", 1, kMaxTokens));
  if (!trace.requests.empty()) {
    const ExpertRequest& before = trace.requests.back();
    if (request.pass < before.pass) {
      Fail(fmt::format("'pass': want {} or more, got {}", before.pass, request.pass));
    }
    if (request.pass == before.pass && request.layer <= before.layer) {
      Fail(fmt::format("'layer': want more than {} in the same pass, got {}", before.layer,
                       request.layer));
    }
  }
  const json& experts = Value(line, "experts");
  const uint64_t most = std::min<uint64_t>(trace.experts, uint64_t{trace.top_k} * request.tokens);
  if (!experts.is_array() || experts.size() < trace.top_k || experts.size() > most) {
    Fail(fmt::format("'experts': want a list of {} to {}, got {}", trace.top_k, most,
                     experts.is_array() ? fmt::format("{}", experts.size()) : experts.type_name()));
  }
  request.first = trace.ids.size();
  request.count = static_cast<uint32_t>(experts.size());
  for (const json& expert : experts) {
    if (!expert.is_number_unsigned() || expert.get<uint64_t>() >= trace.experts) {
      Fail(fmt::format("'experts': want numbers below {}, got {}", trace.experts,
                       expert.dump().substr(0, 40)));
    }
    const auto id = static_cast<uint16_t>(expert.get<uint64_t>());
    if (trace.ids.size() > request.first && id <= trace.ids.back()) {
      Fail(fmt::format("'experts': want ascending numbers, got {} after {}", id, trace.ids.back()));
    }
    trace.ids.push_back(id);
  }
  trace.requests.push_back(request);
}

}  // namespace

ExpertTrace ParseExpertTrace(std::string_view text) {
  ExpertTrace trace;
  uint64_t number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    WithContext(fmt::format("line {}", ++number), [&] {
      const json line = ParseLine(text.substr(0, end));
      if (number == 1) {
        trace = ParseHeader(line);
      } else {
        AddRequest(line, trace);
      }
    });
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (number == 0) Fail("line 1: want the description of a model, got an empty file");
  if (trace.requests.empty()) Fail("line 2: want a request, got the end of the file");
  return trace;
}

ExpertTrace ReadExpertTrace(const std::filesystem::path& path) {
  const std::string text = ReadSmallFile(path, kMaxTraceBytes);
  return WithContext(path.string(), [&] { return ParseExpertTrace(text); });
}

}  // namespace hlwq::eval
