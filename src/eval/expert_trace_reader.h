// Recorded routing: which experts each layer of a model asked for, pass after pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/experts/expert_trace.h"

namespace hlwq::eval {

inline constexpr uint64_t kMaxTraceBytes = uint64_t{1} << 30;
inline constexpr uint64_t kMaxTraceExperts = uint64_t{1} << 18;  // of all layers together
inline constexpr uint64_t kMaxTraceExpertBytes = uint64_t{1} << 40;

// What one layer asked for in one pass.
struct ExpertRequest {
  uint64_t pass = 0;
  uint32_t layer = 0;   // index of the decoder layer
  uint32_t tokens = 0;  // of the pass
  size_t first = 0;     // of ExpertTrace::ids
  uint32_t count = 0;
};

struct ExpertTrace : runtime::ExpertTraceHeader {
  std::vector<ExpertRequest> requests;  // in the order they were made
  std::vector<uint16_t> ids;            // of all requests

  // Distinct, ascending.
  std::span<const uint16_t> ExpertsOf(const ExpertRequest& request) const noexcept {
    return std::span(ids).subspan(request.first, request.count);
  }
};

// JSON lines (docs/moe.md, "Traces"). The first describes the model, each other one is a request;
// at least one. Passes never decrease, layers ascend within a pass, and a request has as many experts
// as its tokens can have chosen. Throws Error{kInvalidData} with the number of the line,
// Error{kUnsupported} for another version. Memory: less than the text again.
ExpertTrace ParseExpertTrace(std::string_view text);
// The same of a file; errors name it. Throws as ReadSmallFile, above kMaxTraceBytes.
ExpertTrace ReadExpertTrace(const std::filesystem::path& path);

}  // namespace hlwq::eval
