// The weights of an open checkpoint, mapped into memory and used where they lie.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "checkpoint/catalog.h"
#include "checkpoint/checkpoint.h"
#include "codec/trellis_table.h"
#include "kernels/dot_levels.h"
#include "model/linear.h"
#include "tensor/buffer.h"

namespace hlwq::model {

// Owns the mappings, and copies of the few tensors that no kernel reads as they are stored (ggml
// blocks, synthetic ones): these are decoded when they are asked for. Linears borrow from it.
class Weights {
 public:
  // Checks every tensor's shape against config.json. Throws Error{kInvalidData} naming the tensor.
  explicit Weights(checkpoint::Checkpoint checkpoint);

  const checkpoint::Checkpoint& checkpoint() const noexcept { return checkpoint_; }
  // What a user should know: names guessed, a stored head that counts, tensors decoded into memory.
  const std::vector<std::string>& notes() const noexcept { return notes_; }
  // "model" or "model.language_model": what decoder tensors are named after.
  const std::string& prefix() const noexcept { return prefix_; }

  bool Has(std::string_view name) const { return entries_.contains(name); }
  // The matrix `name` + ".weight", with `name` + ".bias" where the model has one. Throws
  // Error{kNotFound} naming what is missing, Error{kUnsupported} for a dtype without a product.
  Linear Matrix(const std::string& name);
  // A tensor of one axis, as float32. Throws as Matrix.
  Buffer<float> Vector(const std::string& name);

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
  std::string prefix_;
  std::vector<std::string> notes_;
  std::vector<std::unique_ptr<CodeTables>> tables_;
  std::vector<Buffer<std::byte>> decoded_;

  const checkpoint::TensorEntry& Entry(const std::string& name) const;
  std::span<const std::byte> Bytes(const checkpoint::FileRange& range) const;
  const CodeTables& TablesFor(const codec::CodecSpec& spec);
  StoredMatrix Coded(const checkpoint::TensorEntry& entry, const checkpoint::CodedStorage& storage);
  kernels::DenseMatrix Dense(const checkpoint::TensorEntry& entry);
};

}  // namespace hlwq::model
