#include "eval/compare_stream.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/ordered_pipeline.h"
#include "checkpoint/row_reader.h"
#include "eval/pair_errors.h"
#include "eval/storage.h"
#include "tensor/shape.h"

namespace hlwq::eval {
namespace {

using checkpoint::Checkpoint;
using checkpoint::RowReader;

// Weights, or bytes of tensors compared bytewise, in one chunk.
constexpr uint64_t kChunkElements = uint64_t{1} << 19;

// A piece of one pair on its way through the pipeline; its buffers are used again and again.
struct Chunk {
  size_t pair = 0;
  RowRange rows;
  bool is_last = false;
  std::vector<std::byte> first_stored;
  std::vector<std::byte> second_stored;
  std::vector<float> first_weights;
  std::vector<float> second_weights;
  PairOutcome outcome;
};

// A pair in work. Made when its first chunk is read, dropped when its last one is added up.
class PairReader {
 public:
  PairReader(const Checkpoint& first, const Checkpoint& second, const ComparePair& pair,
             const codec::Backend& backend)
      : first_(first), second_(second), pair_(pair) {
    if (!pair.is_number) {
      rows_ = DescribeStorage(*pair.first).bytes;
      return;
    }
    const MatrixShape matrix = pair.first->AsMatrix();
    rows_ = matrix.in == 0 ? 0 : matrix.out;
    if (rows_ == 0) return;
    first_reader_.emplace(first, *pair.first, backend);
    second_reader_.emplace(second, *pair.second, backend);
    row_size_ = matrix.in;
  }

  uint64_t rows() const { return rows_; }

  // Chunks depend on shapes and slices alone, so sums do too.
  uint64_t ChunkEnd(uint64_t row) const {
    uint64_t end = std::min(rows_, row + std::max<uint64_t>(kChunkElements / row_size_, 1));
    for (const auto* reader : {&first_reader_, &second_reader_}) {
      if (!*reader) continue;
      const uint64_t slice = (*reader)->slice_rows();
      end = std::min(end, (row / slice + 1) * slice);
    }
    return end;
  }

  void Read(Chunk& chunk) const {
    if (chunk.rows.size() == 0) return;
    if (pair_.is_number) {
      first_reader_->ReadStored(chunk.rows, chunk.first_stored);
      second_reader_->ReadStored(chunk.rows, chunk.second_stored);
    } else {
      ReadBytes(first_, *pair_.first, chunk.rows, chunk.first_stored);
      ReadBytes(second_, *pair_.second, chunk.rows, chunk.second_stored);
    }
  }

  void Compare(Chunk& chunk) const {
    if (chunk.rows.size() == 0) return;
    if (!pair_.is_number) {
      for (size_t byte = 0; byte < chunk.first_stored.size(); ++byte) {
        chunk.outcome.different_bytes += chunk.first_stored[byte] != chunk.second_stored[byte];
      }
      return;
    }
    chunk.first_weights.resize(chunk.rows.size() * row_size_);
    chunk.second_weights.resize(chunk.rows.size() * row_size_);
    first_reader_->Decode(chunk.rows, chunk.first_stored, chunk.first_weights);
    second_reader_->Decode(chunk.rows, chunk.second_stored, chunk.second_weights);
    AddPairs(chunk.first_weights, chunk.second_weights, chunk.outcome.errors);
  }

 private:
  static void ReadBytes(const Checkpoint& checkpoint, const checkpoint::TensorEntry& entry,
                        RowRange bytes, std::vector<std::byte>& out) {
    const checkpoint::FileRange range = StoredRanges(entry).front();
    out.resize(bytes.size());
    checkpoint.files[range.file].ReadAt(range.offset + bytes.begin, out);
  }

  const Checkpoint& first_;
  const Checkpoint& second_;
  const ComparePair& pair_;
  std::optional<RowReader> first_reader_;
  std::optional<RowReader> second_reader_;
  uint64_t rows_ = 0;      // bytes where the pair is compared bytewise
  uint64_t row_size_ = 1;  // elements
};

// The stages of the pipeline.
class Stream {
 public:
  Stream(const Checkpoint& first, const Checkpoint& second, std::span<const ComparePair> pairs,
         const ProgressCallback& progress, const codec::Backend& backend)
      : first_(first),
        second_(second),
        pairs_(pairs),
        progress_(progress),
        backend_(backend),
        readers_(pairs.size()),
        outcomes_(pairs.size()) {
    update_.tensors_total = pairs.size();
    for (const ComparePair& pair : pairs) {
      update_.bytes_total += DescribeStorage(*pair.first).bytes;
    }
  }

  bool Read(Chunk& chunk) {
    if (pair_ == pairs_.size()) return false;
    chunk.pair = pair_;
    chunk.outcome = {};
    chunk.rows = {row_, row_};
    chunk.is_last = true;
    std::unique_ptr<PairReader>& reader = readers_[pair_];
    try {
      if (!reader) {
        reader = std::make_unique<PairReader>(first_, second_, pairs_[pair_], backend_);
      }
      chunk.rows.end = reader->ChunkEnd(row_);
      reader->Read(chunk);
      chunk.is_last = chunk.rows.end == reader->rows();
    } catch (const Error& error) {
      chunk.outcome.problem = error.what();  // and go on with the next pair
    }
    row_ = chunk.is_last ? 0 : chunk.rows.end;
    pair_ += chunk.is_last;
    return true;
  }

  void Work(Chunk& chunk) const {
    if (!chunk.outcome.problem.empty()) return;
    try {
      readers_[chunk.pair]->Compare(chunk);
    } catch (const Error& error) {
      chunk.outcome.problem = error.what();
    }
  }

  void Finish(Chunk& chunk) {
    PairOutcome& outcome = outcomes_[chunk.pair];
    if (outcome.problem.empty()) outcome.problem = chunk.outcome.problem;
    outcome.errors.Merge(chunk.outcome.errors);
    outcome.different_bytes += chunk.outcome.different_bytes;
    update_.bytes_done += chunk.first_stored.size();
    update_.tensors_done += chunk.is_last;
    update_.item = pairs_[chunk.pair].first->name;
    if (progress_) progress_(update_);
    if (chunk.is_last) readers_[chunk.pair].reset();
    chunk.first_stored.clear();
  }

  std::vector<PairOutcome> TakeOutcomes() { return std::move(outcomes_); }

 private:
  const Checkpoint& first_;
  const Checkpoint& second_;
  std::span<const ComparePair> pairs_;
  const ProgressCallback& progress_;
  const codec::Backend& backend_;
  std::vector<std::unique_ptr<PairReader>> readers_;
  std::vector<PairOutcome> outcomes_;
  size_t pair_ = 0;
  uint64_t row_ = 0;
  ProgressUpdate update_;
};

}  // namespace

std::vector<PairOutcome> ComparePairs(const Checkpoint& first, const Checkpoint& second,
                                      std::span<const ComparePair> pairs,
                                      const CompareStreamOptions& options,
                                      const codec::Backend& backend) {
  Stream stream(first, second, pairs, options.progress, backend);
  RunOrderedPipeline<Chunk>(options.threads, stream);
  return stream.TakeOutcomes();
}

}  // namespace hlwq::eval
