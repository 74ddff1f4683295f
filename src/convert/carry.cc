#include "convert/carry.h"

#include <variant>

namespace hlwq::convert {

void AddCarried(Job& job, const checkpoint::Checkpoint& source,
                const checkpoint::TensorEntry& entry, const codec::Backend& backend, uint64_t group,
                std::optional<DType> dtype) {
  const size_t tensor = job.outputs.size();
  const bool is_plain = std::holds_alternative<checkpoint::PlainStorage>(entry.storage);
  const DType stored = is_plain ? entry.dtype : dtype.value_or(entry.dtype);
  const uint64_t bytes = *TensorBytes(stored, entry.shape);
  job.outputs.push_back({entry.name, stored, entry.shape, bytes, group, false});
  auto task = is_plain ? MakeCopyTask(source, entry, tensor)
                       : MakeDecodeTask(source, entry, stored, backend, tensor);
  task->report = job.reports.size() - 1;
  job.tasks.push_back(std::move(task));
  job.reports.back().stored_bytes = bytes;
}

}  // namespace hlwq::convert
