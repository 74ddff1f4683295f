// Counts of a running server, in the form that Prometheus reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hlwq::server {

// Seconds, by buckets. Thread: safe.
class Histogram {
 public:
  static constexpr std::array kBounds = {0.005, 0.01, 0.025, 0.05, 0.1,  0.25,
                                         0.5,   1.0,  2.5,   5.0,  10.0, 30.0};

  void Add(double seconds) noexcept;
  // Lines of the text format, under this name; `label` is what else stands between the braces.
  std::string Render(const std::string& name, const std::string& label) const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> counts_ = {};
  std::atomic<uint64_t> microseconds_ = 0;
};

// Thread: safe.
struct Metrics {
  std::atomic<uint64_t> requests = 0, passes = 0;
  std::atomic<uint64_t> prompt_tokens = 0, reused_tokens = 0, answer_tokens = 0;
  std::atomic<size_t> waiting = 0, active = 0;
  std::atomic<uint64_t> idle_bytes = 0;
  std::atomic<uint64_t> sequence_bytes = 0;  // keys, values and states of all sequences
  std::atomic<uint64_t> memory_bytes = 0;  // of the model as ModelShelf counts it; 0: it is closed
  Histogram queue_seconds;                 // until the first choice begins
  Histogram first_token_seconds;           // from there on
  Histogram token_seconds;                 // passes that brought a later token
};

struct NamedMetrics {
  std::string model;  // may be empty: the only one
  const Metrics* metrics;
};

// One number of the whole server, in the text format; `type` is counter or gauge.
std::string RenderNumber(const char* name, const char* help, const char* type, uint64_t number);
// In the text format; of several models each with its name.
std::string Render(std::span<const NamedMetrics> models);

}  // namespace hlwq::server
