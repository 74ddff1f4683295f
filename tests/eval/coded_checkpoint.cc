#include "tests/eval/coded_checkpoint.h"

#include <numeric>
#include <variant>

#include "checkpoint/row_reader.h"
#include "codec/backend.h"
#include "codec/gaussian_tables.h"

namespace hlwq::test {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorEntry;

class Writer {
 public:
  explicit Writer(const std::filesystem::path& path) : file_(File::OpenForWrite(path)) {}

  checkpoint::FileRange Write(std::span<const std::byte> data) {
    file_.WriteAt(offset_, data);
    const checkpoint::FileRange range{0, offset_, data.size()};
    offset_ += data.size();
    return range;
  }

  File Take() && { return std::move(file_); }

 private:
  File file_;
  uint64_t offset_ = 0;
};

checkpoint::CodedSlice CodeSlice(const codec::Codec& codec, std::span<const float> weights,
                                 MatrixShape shape, Writer& writer) {
  std::vector<std::vector<std::byte>> buffers;
  for (const codec::Part& part : codec.Parts(shape)) {
    if (!part.is_constant()) buffers.emplace_back(part.bytes);
  }
  const std::vector<std::span<std::byte>> spans(buffers.begin(), buffers.end());
  codec::ErrorStats stats;
  codec.EncodeRows(weights, shape.in, 0, spans, stats);
  checkpoint::CodedSlice slice;
  for (const auto& buffer : buffers) slice.row_parts.push_back(writer.Write(buffer));
  return slice;
}

}  // namespace

codec::CodecSpec LloydMaxSpec(int bits) {
  codec::CodecSpec spec;
  spec.bits = bits;
  const std::span<const float> levels = codec::GaussianLevels(codec::kTableLloydMax, bits);
  spec.levels.assign(levels.begin(), levels.end());
  return spec;
}

Checkpoint CodeCheckpoint(const Checkpoint& source, const codec::CodecSpec& spec,
                          const std::filesystem::path& path) {
  const auto codec = codec::MakeReferenceCodec(spec);
  Writer writer(path);
  Checkpoint coded;
  coded.format = checkpoint::Format::kPolarState;
  coded.root = path;
  coded.config = source.config;
  for (const TensorEntry& entry : source.tensors) {
    TensorEntry copy{entry.name, entry.dtype, entry.shape, {}};
    const auto& plain = std::get<checkpoint::PlainStorage>(entry.storage).range;
    if (entry.shape.size() < 2 || !IsWeightFloat(entry.dtype)) {
      std::vector<std::byte> data(plain.bytes);
      source.files[plain.file].ReadAt(plain.offset, data);
      copy.storage = checkpoint::PlainStorage{writer.Write(data)};
    } else {
      const MatrixShape all = entry.AsMatrix();
      std::vector<float> weights(all.out * all.in);
      checkpoint::RowReader(source, entry, codec::ReferenceBackend())
          .ReadRows({0, all.out}, weights);
      const uint64_t slices = entry.shape.size() == 3 ? entry.shape[0] : 1;
      checkpoint::CodedStorage storage{spec, {all.out / slices, all.in}, {}};
      const uint64_t slice_weights = storage.matrix.out * storage.matrix.in;
      for (uint64_t slice = 0; slice < slices; ++slice) {
        storage.slices.push_back(
            CodeSlice(*codec, std::span(weights).subspan(slice * slice_weights, slice_weights),
                      storage.matrix, writer));
      }
      copy.storage = std::move(storage);
    }
    coded.tensors.push_back(std::move(copy));
  }
  coded.files.push_back(std::move(writer).Take());
  coded.header_hashes.push_back(0);
  return coded;
}

}  // namespace hlwq::test
