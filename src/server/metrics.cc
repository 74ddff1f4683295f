#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace hlwq::server {
namespace {

std::string Head(const std::string& name, const std::string& help, const char* type) {
  return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

// model="name", as a label may be written.
std::string LabelOf(const std::string& model) {
  if (model.empty()) return "";
  std::string label = "model=\"";
  for (const char byte : model) {
    if (byte == '"' || byte == '\\') label += '\\';
    label += byte == '\n' ? ' ' : byte;
  }
  return label + '"';
}

std::string InBraces(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

template <typename Number>
std::string Numbers(std::span<const NamedMetrics> models, const char* name, const char* help,
                    const char* type, std::atomic<Number> Metrics::*number) {
  const std::string full = fmt::format("hlwq_{}", name);
  std::string text = Head(full, help, type);
  for (const NamedMetrics& of : models) {
    text += fmt::format("{}{} {}\n", full, InBraces(LabelOf(of.model)),
                        (of.metrics->*number).load(std::memory_order_relaxed));
  }
  return text;
}

std::string Histograms(std::span<const NamedMetrics> models, const char* name, const char* help,
                       Histogram Metrics::*histogram) {
  const std::string full = fmt::format("hlwq_{}", name);
  std::string text = Head(full, help, "histogram");
  for (const NamedMetrics& of : models)
    text += (of.metrics->*histogram).Render(full, LabelOf(of.model));
  return text;
}

}  // namespace

std::string RenderNumber(const char* name, const char* help, const char* type, uint64_t number) {
  const std::string full = fmt::format("hlwq_{}", name);
  return Head(full, help, type) + fmt::format("{} {}\n", full, number);
}

void Histogram::Add(double seconds) noexcept {
  const auto bucket = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  microseconds_.fetch_add(static_cast<uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

std::string Histogram::Render(const std::string& name, const std::string& label) const {
  const std::string before = label.empty() ? "" : label + ",";
  std::string text;
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    count += counts_[bucket].load(std::memory_order_relaxed);
    const std::string bound =
        bucket < kBounds.size() ? fmt::format("{}", kBounds[bucket]) : std::string("+Inf");
    text += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, before, bound, count);
  }
  const double sum = static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
  const std::string braces = InBraces(label);
  return text + fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, braces, sum, count);
}

std::string Render(std::span<const NamedMetrics> models) {
  const auto counter = [&](const char* name, const char* help, std::atomic<uint64_t> Metrics::*of) {
    return Numbers(models, name, help, "counter", of);
  };
  return counter("requests_total", "Requests taken.", &Metrics::requests) +
         counter("passes_total", "Passes of the model.", &Metrics::passes) +
         counter("prompt_tokens_total", "Tokens of prompts.", &Metrics::prompt_tokens) +
         counter("prompt_tokens_reused_total", "Of these, not computed again.",
                 &Metrics::reused_tokens) +
         counter("answer_tokens_total", "Tokens of answers.", &Metrics::answer_tokens) +
         Numbers(models, "requests_waiting", "Requests in the queue.", "gauge", &Metrics::waiting) +
         Numbers(models, "answers_active", "Answers in the making.", "gauge", &Metrics::active) +
         Numbers(models, "idle_cache_bytes", "Kept for later prompts.", "gauge",
                 &Metrics::idle_bytes) +
         Numbers(models, "sequence_bytes", "Keys, values and states of all sequences.", "gauge",
                 &Metrics::sequence_bytes) +
         Numbers(models, "model_memory_bytes", "What the model takes; 0: it is closed.", "gauge",
                 &Metrics::memory_bytes) +
         Histograms(models, "queue_seconds", "From a request to its first pass.",
                    &Metrics::queue_seconds) +
         Histograms(models, "first_token_seconds", "From there to the first token.",
                    &Metrics::first_token_seconds) +
         Histograms(models, "token_seconds", "Of a pass that brought a later token.",
                    &Metrics::token_seconds);
}

}  // namespace hlwq::server
