// The weights of an open checkpoint, mapped into memory and used where they lie.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "checkpoint/catalog.h"
#include "checkpoint/catalog/text_config.h"
#include "checkpoint/checkpoint.h"
#include "codec/trellis_table.h"
#include "kernels/dot_levels.h"
#include "model/expert_source.h"
#include "model/interleaver.h"
#include "model/linear.h"
#include "tensor/buffer.h"

namespace hlwq::model {

struct ModelOptions {
  // Coded matrices, but those of routed experts, are laid out anew in memory (interleaver.h), by so many
  // threads; 0: the cores of this process.
  bool interleaves_rows = false;
  int threads = 0;
};

// Rows of a tensor, those of all slices counted.
struct BoundRows {
  const checkpoint::TensorEntry* entry = nullptr;
  uint64_t first = 0;
};

// Owns the mappings, and copies of the few tensors that no kernel reads as they are stored (ggml
// blocks, synthetic ones): these are decoded when they are asked for. Linears borrow from it.
class Weights {
 public:
  // Checks every tensor's shape against config.json. Throws Error{kInvalidData} naming the tensor.
  explicit Weights(checkpoint::Checkpoint checkpoint, ModelOptions options = {});

  const checkpoint::Checkpoint& checkpoint() const noexcept { return checkpoint_; }
  // What a user should know: names guessed, a stored head that counts, tensors decoded into memory.
  const std::vector<std::string>& notes() const noexcept { return notes_; }
  // What the names of decoder tensors begin with: "model.", "model.language_model.", or nothing in files of
  // embedding models.
  const std::string& scope() const noexcept { return scope_; }
  // Bytes that interleaved matrices take in memory, beside the files.
  uint64_t interleaved_bytes() const noexcept { return interleaver_ ? interleaver_->bytes() : 0; }

  // Throws Error{kSourceChanged} naming a file that was cut shorter, or could not be read, since it was
  // mapped: products with its weights are then of no use (hlwq/mapping_faults.h). Thread: safe.
  // Cost: a system call a file.
  void CheckReadable() const;

  // What a matrix is asked for: products with all of it, which interleaved rows are for, or rows of it.
  enum class Use : uint8_t { kProducts, kRows };

  bool Has(std::string_view name) const { return entries_.contains(name); }
  // The matrix `name` + ".weight", with `name` + ".bias" where the model has one. Throws
  // Error{kNotFound} naming what is missing, Error{kUnsupported} for a dtype without a product.
  Linear Matrix(const std::string& name, Use use = Use::kProducts);
  // The experts `scope` + "mlp.experts...", one matrix each or fused [E, ..]; they stay with the
  // weights. Throws as Matrix.
  const std::vector<ExpertMatrices>& BindExperts(size_t layer, const std::string& scope,
                                                 const checkpoint::TextConfig& sizes);
  // [layer][expert], of the layers bound so far.
  std::span<const std::vector<ExpertMatrices>> experts() const noexcept { return experts_; }
  // Where bytes that a matrix borrows lie in the files; nothing: they are in memory only.
  std::optional<checkpoint::FileRange> RangeOf(std::span<const std::byte> bytes) const noexcept;
  // The rows that a matrix was bound from; nothing where it is a copy of rows laid out anew.
  std::optional<BoundRows> BoundTo(const StoredMatrix& matrix) const noexcept;
  // A tensor as float32. Throws as Matrix.
  Buffer<float> Floats(const std::string& name);

 private:
  // What codes of one spec stand for.
  struct CodeTables {
    codec::CodecSpec spec;
    std::optional<codec::TrellisTable> trellis;  // of hlwq-t
    kernels::DotLevels dots;
    Buffer<float> levels;  // padded to 256
  };

  checkpoint::Checkpoint checkpoint_;
  std::vector<MappedFile> files_;
  std::unordered_map<std::string_view, const checkpoint::TensorEntry*> entries_;
  std::unordered_map<std::string, Shape> expected_;  // by config.json
  std::string scope_;
  std::vector<std::string> notes_;
  std::vector<std::unique_ptr<CodeTables>> tables_;
  std::vector<Buffer<std::byte>> decoded_;
  std::unique_ptr<Interleaver> interleaver_;  // where rows are interleaved
  std::vector<std::vector<ExpertMatrices>> experts_;
  std::map<uintptr_t, BoundRows>
      bound_;  // by the address of the first byte of each stretch of rows

  const checkpoint::TensorEntry& Entry(const std::string& name) const;
  std::span<const std::byte> Bytes(const checkpoint::FileRange& range) const;
  const CodeTables& TablesFor(const codec::CodecSpec& spec);
  // The matrix of a tensor; all slices of a fused one, with one below the other, where it is plain.
  StoredMatrix Stored(const checkpoint::TensorEntry& entry);
  StoredMatrix Coded(const checkpoint::TensorEntry& entry, const checkpoint::CodedStorage& storage,
                     size_t slice);
  kernels::DenseMatrix Dense(const checkpoint::TensorEntry& entry);
  StoredMatrix Bind(StoredMatrix matrix, const checkpoint::TensorEntry& entry, uint64_t first_row);
  // The matrices of the slices of `name` [slices, shape.out, shape.in].
  std::vector<StoredMatrix> Slices(const std::string& name, size_t slices, MatrixShape shape);
};

}  // namespace hlwq::model
