#include "eval/logits_file.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "io/safetensors.h"

namespace hlwq::eval {
namespace {

io::SafetensorsEntry Entry(std::string name, const LogitsShape& shape, size_t width,
                           uint64_t& offset) {
  io::SafetensorsEntry entry;
  entry.name = std::move(name);
  entry.dtype = DType::kF32;
  entry.shape = {shape.sequences, shape.tokens, width};
  const std::optional<uint64_t> elements = ElementCount(entry.shape);
  if (!elements || *elements > (uint64_t{1} << 48)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' of shape {} is too large",
                                                         entry.name, ShapeToString(entry.shape)));
  }
  entry.begin = offset;
  entry.end = offset += *elements * sizeof(float);
  return entry;
}

std::vector<io::SafetensorsEntry> LayOut(const LogitsShape& shape) {
  std::vector<io::SafetensorsEntry> entries;
  uint64_t offset = 0;
  entries.push_back(Entry("logits", shape, shape.vocabulary, offset));
  if (shape.hidden_states == 0) return entries;
  for (size_t index = 0; index < shape.hidden_states; ++index) {
    entries.push_back(Entry(fmt::format("hidden_{}", index), shape, shape.hidden, offset));
  }
  entries.push_back(Entry("hidden_norm", shape, shape.hidden, offset));
  return entries;
}

}  // namespace

LogitsFile::LogitsFile(std::filesystem::path path, const LogitsShape& shape)
    : shape_(shape), file_(std::move(path)) {
  const std::vector<io::SafetensorsEntry> entries = LayOut(shape);
  const std::string header = io::SerializeSafetensorsHeader(entries, {});
  file_.file().Allocate(header.size() + entries.back().end);
  file_.file().WriteAt(0, std::as_bytes(std::span(header)));
  logits_at_ = header.size();
  hidden_at_ = header.size() + entries.front().bytes();
}

void LogitsFile::Write(uint64_t offset, std::span<const float> values) {
  file_.file().WriteAt(offset, std::as_bytes(values));
}

void LogitsFile::WriteLogits(size_t sequence, size_t token, std::span<const float> logits) {
  HLWQ_DASSERT(sequence < shape_.sequences && token < shape_.tokens);
  Write(logits_at_ + sizeof(float) * (sequence * shape_.tokens + token) * shape_.vocabulary,
        logits);
}

void LogitsFile::WriteHidden(size_t index, size_t sequence, size_t token,
                             std::span<const float> hidden) {
  HLWQ_DASSERT(index <= shape_.hidden_states && sequence < shape_.sequences);
  const uint64_t row = (index * shape_.sequences + sequence) * shape_.tokens + token;
  Write(hidden_at_ + sizeof(float) * row * shape_.hidden, hidden);
}

}  // namespace hlwq::eval
