#include "checkpoint/views/split_experts.h"

#include <fmt/format.h>

#include "base/error.h"
#include "checkpoint/catalog.h"

namespace hlwq::checkpoint {
namespace {

// Takes one fused tensor apart.
class Splitter {
 public:
  Splitter(TensorEntry fused, std::vector<TensorEntry>& out)
      : fused_(std::make_shared<TensorEntry>(std::move(fused))), out_(out) {}

  uint64_t experts() const { return fused_->shape[0]; }
  // Rows [first, first + rows) of an expert's slice, under a name of their own.
  void Add(uint64_t expert, std::string_view projection, uint64_t first, uint64_t rows) {
    const std::string_view name = fused_->name;
    out_.push_back(
        {fmt::format("{}.{}.{}.weight", name.substr(0, name.rfind('.')), expert, projection),
         fused_->dtype,
         {rows, fused_->shape[2]},
         RowsOf(expert * fused_->shape[1] + first, rows)});
  }

 private:
  Storage RowsOf(uint64_t first, uint64_t rows) const {
    if (const auto* plain = std::get_if<PlainStorage>(&fused_->storage)) {
      const uint64_t row_bytes = fused_->shape[2] * BitsPerElement(fused_->dtype) / 8;
      return PlainStorage{
          {plain->range.file, plain->range.offset + first * row_bytes, rows * row_bytes}};
    }
    return DerivedStorage{fused_, first, nullptr};
  }

  std::shared_ptr<const TensorEntry> fused_;
  std::vector<TensorEntry>& out_;
};

}  // namespace

void SplitFusedExperts(Checkpoint& checkpoint) {
  const Classified classified = ClassifyTensors(checkpoint);
  const bool has_catalog =
      !checkpoint.config.is_null() && BuildCatalog(checkpoint.config).has_value();
  std::vector<TensorEntry> tensors;
  for (size_t index = 0; index < checkpoint.tensors.size(); ++index) {
    TensorEntry& entry = checkpoint.tensors[index];
    const Role role = classified.specs[index].role;
    const bool is_fused = entry.shape.size() == 3 && classified.specs[index].layer >= 0 &&
                          (role == Role::kExpertGateUp || role == Role::kExpertDown);
    if (!is_fused) {
      tensors.push_back(std::move(entry));
      continue;
    }
    if (!has_catalog) {
      throw Error(
          ErrorCode::kUnsupported,
          fmt::format("'{}': want a model_type with a catalog to tell the experts of a fused "
                      "tensor apart, got none",
                      entry.name));
    }
    const uint64_t rows = entry.shape[1];
    Splitter splitter(std::move(entry), tensors);
    for (uint64_t expert = 0; expert < splitter.experts(); ++expert) {
      if (role == Role::kExpertDown) {
        splitter.Add(expert, "down_proj", 0, rows);
      } else {
        splitter.Add(expert, "gate_proj", 0, rows / 2);
        splitter.Add(expert, "up_proj", rows / 2, rows / 2);
      }
    }
  }
  checkpoint.tensors = std::move(tensors);
}

}  // namespace hlwq::checkpoint
