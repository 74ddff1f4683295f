// Experts where the files are mapped: all are there, as far as the page cache holds them.
#pragma once

#include <span>
#include <vector>

#include "model/expert_source.h"

namespace hlwq::model {

class MappedExperts final : public ExpertSource {
 public:
  // Borrows [layer][expert].
  explicit MappedExperts(std::span<const std::vector<ExpertMatrices>> layers) : layers_(layers) {}

  void Begin(ExpertRequest& request) override { request.left = request.experts.size(); }
  std::span<const ReadyExpert> Next(ExpertRequest& request) override;
  void End(ExpertRequest&) noexcept override {}
  void Prefetch(size_t, std::span<const uint32_t>) noexcept override {}
  bool wants_predictions() const noexcept override { return false; }

 private:
  std::span<const std::vector<ExpertMatrices>> layers_;
};

}  // namespace hlwq::model
