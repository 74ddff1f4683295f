#include "hlwq/checkpoint.h"

#include <algorithm>

#include "api/describe.h"
#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/row_reader.h"
#include "kernels/cpu_backend.h"

namespace hlwq {

struct Checkpoint::Impl {
  checkpoint::Checkpoint checkpoint;
  CheckpointInfo info;

  explicit Impl(const std::filesystem::path& path)
      : checkpoint(checkpoint::OpenCheckpoint(path)), info(api::Describe(checkpoint)) {}
};

Checkpoint::Checkpoint(const std::filesystem::path& path)
    : impl_(std::make_shared<const Impl>(path)) {}

const std::filesystem::path& Checkpoint::path() const noexcept { return impl_->checkpoint.root; }
const CheckpointInfo& Checkpoint::info() const noexcept { return impl_->info; }

std::string Checkpoint::ConfigJson() const {
  return checkpoint::ReadSideFile(impl_->checkpoint, "config.json").value_or("");
}

std::vector<float> Checkpoint::ReadTensor(std::string_view name) const {
  const checkpoint::TensorEntry& entry = impl_->checkpoint.At(name);
  return WithContext("'" + entry.name + "'", [&] {
    const checkpoint::RowReader reader(impl_->checkpoint, entry, kernels::CpuBackend());
    const MatrixShape matrix = reader.matrix();
    std::vector<float> values(entry.elements());
    if (values.empty()) return values;
    for (RowRange rows; rows.begin < matrix.out; rows.begin = rows.end) {
      rows.end = std::min(matrix.out, rows.begin + reader.slice_rows());
      reader.ReadRows(rows,
                      std::span(values).subspan(rows.begin * matrix.in, rows.size() * matrix.in));
    }
    return values;
  });
}

}  // namespace hlwq
