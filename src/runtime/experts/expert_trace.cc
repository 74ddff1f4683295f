#include "runtime/experts/expert_trace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace hlwq::runtime {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

TracingExperts::TracingExperts(model::ExpertSource& source, std::filesystem::path path,
                               const ExpertTraceHeader& header)
    : source_(source), file_(std::move(path)) {
  const nlohmann::ordered_json line = {{"format", kExpertTraceFormat},
                                       {"version", kExpertTraceVersion},
                                       {"model", header.model},
                                       {"layers", header.layers},
                                       {"experts", header.experts},
                                       {"top_k", header.top_k},
                                       {"expert_bytes", header.expert_bytes}};
  text_ = line.dump() + "\n";
}

void TracingExperts::Begin(model::ExpertRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_finished_) {
      if (text_.size() >= kBufferBytes) Write();
      if (request.layer < next_layer_) ++pass_;
      next_layer_ = request.layer + 1;
      fmt::format_to(std::back_inserter(text_),
                     R"({{"pass":{},"layer":{},"tokens":{},"experts":[{}]}})"
                     "\n",
                     pass_, request.layer, request.tokens, fmt::join(request.experts, ","));
    }
  }
  source_.Begin(request);
}

void TracingExperts::Finish() {
  const std::lock_guard lock(mutex_);
  if (is_finished_) return;
  Write();
  file_.Finish();
  is_finished_ = true;
}

void TracingExperts::Write() {
  file_.file().WriteAt(written_, std::as_bytes(std::span(text_)));
  written_ += text_.size();
  text_.clear();
}

}  // namespace hlwq::runtime
