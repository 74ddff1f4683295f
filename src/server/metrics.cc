#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace hlwq::server {
namespace {

std::string Head(const std::string& name, const std::string& help, const char* type) {
  return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

std::string Single(const char* name, const char* help, const char* type, uint64_t value) {
  const std::string full = fmt::format("hlwq_{}", name);
  return Head(full, help, type) + fmt::format("{} {}\n", full, value);
}

}  // namespace

void Histogram::Add(double seconds) noexcept {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  microseconds_.fetch_add(static_cast<uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

std::string Histogram::Render(const std::string& name, const std::string& help) const {
  std::string text = Head(name, help, "histogram");
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    count += counts_[bucket].load(std::memory_order_relaxed);
    const std::string bound =
        bucket < kBounds.size() ? fmt::format("{}", kBounds[bucket]) : std::string("+Inf");
    text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, bound, count);
  }
  const double sum = static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
  return text + fmt::format("{}_sum {}\n{}_count {}\n", name, sum, name, count);
}

std::string Metrics::Render() const {
  return Single("requests_total", "Requests taken.", "counter", requests) +
         Single("passes_total", "Passes of the model.", "counter", passes) +
         Single("prompt_tokens_total", "Tokens of prompts.", "counter", prompt_tokens) +
         Single("prompt_tokens_reused_total", "Of these, not computed again.", "counter",
                reused_tokens) +
         Single("answer_tokens_total", "Tokens of answers.", "counter", answer_tokens) +
         Single("requests_waiting", "Requests in the queue.", "gauge", waiting) +
         Single("answers_active", "Answers in the making.", "gauge", active) +
         Single("idle_cache_bytes", "Keys and values kept for later prompts.", "gauge",
                idle_bytes) +
         queue_seconds.Render("hlwq_queue_seconds", "From a request to its first pass.") +
         first_token_seconds.Render("hlwq_first_token_seconds", "From there to the first token.") +
         token_seconds.Render("hlwq_token_seconds", "Of a pass that brought a later token.");
}

}  // namespace hlwq::server
