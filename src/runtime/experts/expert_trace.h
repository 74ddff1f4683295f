// Records which experts a model asks for (docs/moe.md, "Traces").
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/partial_file.h"
#include "model/expert_source.h"

namespace hlwq::runtime {

inline constexpr std::string_view kExpertTraceFormat = "hlwq-expert-trace";
inline constexpr uint64_t kExpertTraceVersion = 1;

// The model of a trace.
struct ExpertTraceHeader {
  std::string model;   // its model_type
  size_t layers = 0;   // decoder layers, those without experts too
  size_t experts = 0;  // of a layer
  size_t top_k = 0;
  uint64_t expert_bytes = 0;  // of one, as stored
};

// Another source, every request of which is written down. A pass ends where a layer does not lie
// behind the one before: passes that run at the same time are recorded as the source saw them, torn
// into several. Thread: as the source.
class TracingExperts final : public model::ExpertSource {
 public:
  // Borrows the source. Throws as PartialFile.
  TracingExperts(model::ExpertSource& source, std::filesystem::path path,
                 const ExpertTraceHeader& header);

  // Throws Error{kIo} where the trace cannot be written; the request has then not begun.
  void Begin(model::ExpertRequest& request) override;
  std::span<const model::ReadyExpert> Next(model::ExpertRequest& request) override {
    return source_.Next(request);
  }
  void End(model::ExpertRequest& request) noexcept override { source_.End(request); }
  void Prefetch(size_t layer, std::span<const uint32_t> experts) noexcept override {
    source_.Prefetch(layer, experts);
  }
  bool wants_predictions() const noexcept override { return source_.wants_predictions(); }

  // Writes what is left and gives the file its name; nothing is recorded afterwards. Without it no
  // file is left. Throws Error{kIo}.
  void Finish();

 private:
  void Write();

  model::ExpertSource& source_;
  std::mutex mutex_;
  PartialFile file_;
  std::string text_;      // not written yet
  uint64_t written_ = 0;  // bytes
  uint64_t pass_ = 0;
  size_t next_layer_ = 0;  // the first that can follow in the same pass
  bool is_finished_ = false;
};

}  // namespace hlwq::runtime
