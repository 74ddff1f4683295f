#include "eval/logits_file.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <system_error>
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
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("'{}' of shape {} is too large", entry.name,
                            ShapeToString(entry.shape)));
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
    : path_(std::move(path)), partial_path_(path_.string() + ".partial"), shape_(shape) {
  const std::vector<io::SafetensorsEntry> entries = LayOut(shape);
  const std::string header = io::SerializeSafetensorsHeader(entries, {});
  if (std::filesystem::is_directory(path_)) {
    throw Error(ErrorCode::kInvalidArgument, path_.string() + ": want a file to write, got a folder");
  }
  file_ = File::OpenForWrite(partial_path_);
  try {
    file_.Truncate(0);
    file_.Allocate(header.size() + entries.back().end);
    file_.WriteAt(0, std::as_bytes(std::span(header)));
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(partial_path_, ignored);
    throw;
  }
  logits_at_ = header.size();
  hidden_at_ = header.size() + entries.front().bytes();
}

LogitsFile::~LogitsFile() {
  if (!file_.is_open()) return;
  file_.Close();
  std::error_code ignored;
  std::filesystem::remove(partial_path_, ignored);
}

void LogitsFile::Write(uint64_t offset, std::span<const float> values) {
  file_.WriteAt(offset, std::as_bytes(values));
}

void LogitsFile::WriteLogits(size_t sequence, size_t token, std::span<const float> logits) {
  HLWQ_DASSERT(sequence < shape_.sequences && token < shape_.tokens);
  Write(logits_at_ + sizeof(float) * (sequence * shape_.tokens + token) * shape_.vocabulary, logits);
}

void LogitsFile::WriteHidden(size_t index, size_t sequence, size_t token,
                             std::span<const float> hidden) {
  HLWQ_DASSERT(index <= shape_.hidden_states && sequence < shape_.sequences);
  const uint64_t row = (index * shape_.sequences + sequence) * shape_.tokens + token;
  Write(hidden_at_ + sizeof(float) * row * shape_.hidden, hidden);
}

void LogitsFile::Finish() {
  file_.Sync();
  std::error_code error;
  std::filesystem::rename(partial_path_, path_, error);
  if (error) {
    throw Error(ErrorCode::kIo, fmt::format("{}: cannot rename to it: {}", path_.string(),
                                            error.message()));
  }
  file_.Close();
  SyncDirectory(std::filesystem::absolute(path_).parent_path());
}

}  // namespace hlwq::eval
