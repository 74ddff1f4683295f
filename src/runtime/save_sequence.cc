#include <fmt/format.h>

#include <array>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/partial_file.h"
#include "kernels/vector_target.h"
#include "runtime/saved_sequence.h"
#include "runtime/sequence_file.h"

namespace hlwq::runtime {
namespace {

// So many bytes are written before the kernel is told to begin with them.
constexpr uint64_t kWritebackBytes = 64u << 20;

class Writer {
 public:
  Writer(const Sequence& sequence, const SequenceModel& model)
      : sequence_(sequence), model_(model), noted_(sequence.state().noted()) {
    Add(std::string(kTokensName), DType::kI32, std::as_bytes(sequence.tokens()));
    for (const KvPageKind kind : {KvPageKind::kFloats, KvPageKind::kCoded}) AddPages(kind);
    const SequenceState& state = sequence.state();
    if (state.is_recurrent()) {
      Add(std::string(kStateName), DType::kF32, std::as_bytes(state.recurrent().values()));
    }
    for (const SequenceState::Noted& noted : noted_) {
      Add(MomentStateName(noted.length), DType::kF32, std::as_bytes(noted.state->values()));
      if (!noted.tail.empty()) Add(MomentTailName(noted.length), DType::kU8, noted.tail);
    }
    if (sequence.pending().empty() && !sequence.logits().empty()) {
      Add(std::string(kLogitsName), DType::kF32, std::as_bytes(sequence.logits()));
    }
  }

  void Write(const File& file) {
    std::vector<io::SafetensorsEntry> entries = entries_;
    std::vector<uint64_t> checksums(entries.size() + 1);
    const auto checksum_bytes = std::as_bytes(std::span(checksums));
    const uint64_t end = entries.back().end;
    entries.push_back({std::string(kChecksumsName),
                       DType::kU64,
                       {checksums.size()},
                       end,
                       end + checksum_bytes.size()});
    const std::string header = io::SerializeSafetensorsHeader(entries, Metadata());
    checksums[0] = Xxh3(std::as_bytes(std::span(header)));
    file.Allocate(header.size() + entries.back().end);
    Put(file, std::as_bytes(std::span(header)));
    for (size_t part = 0; part < parts_.size(); ++part) {
      checksums[part + 1] = Xxh3(parts_[part]);
      Put(file, parts_[part]);
    }
    Put(file, checksum_bytes);
  }

 private:
  const Sequence& sequence_;
  const SequenceModel& model_;
  std::vector<SequenceState::Noted> noted_;
  std::vector<io::SafetensorsEntry> entries_;
  std::vector<std::span<const std::byte>> parts_;  // the bytes of each
  uint64_t written_ = 0, flushed_ = 0;

  void Add(std::string name, DType dtype, std::span<const std::byte> bytes) {
    const uint64_t begin = entries_.empty() ? 0 : entries_.back().end;
    entries_.push_back({std::move(name),
                        dtype,
                        {bytes.size() * 8 / BitsPerElement(dtype)},
                        begin,
                        begin + bytes.size()});
    parts_.push_back(bytes);
  }

  void AddPages(KvPageKind kind) {
    const KvCache& kv = sequence_.state().kv();
    for (size_t page = 0; page < KvLayout::Pages(kv.length()); ++page) {
      const std::span<const std::byte> bytes = kv.PageBytes(kind, page);
      const bool is_used = model_.layout.UseOf(kind, page, kv.length()) != KvPageUse::kNone;
      if (is_used && bytes.data() != nullptr) Add(PageName({kind, page}), DType::kU8, bytes);
    }
  }

  std::map<std::string, std::string> Metadata() const {
    return {{kFormatKey, std::string(kSequenceFormat)},
            {kVersionKey, std::string(kSequenceVersion)},
            {kModelKey, model_.model_type},
            {kIdentityKey, HashToHex(model_.identity)},
            {kKvKey, model_.format.name()},
            {kPageTokensKey, std::to_string(KvLayout::kPageTokens)},
            {kInterleavedKey, model_.has_interleaved ? "yes" : "no"},
            {kTargetKey, std::string(kernels::VectorTargetName())},
            {kPromptTokensKey, std::to_string(sequence_.state().prompt_tokens())}};
  }

  void Put(const File& file, std::span<const std::byte> bytes) {
    file.WriteAt(written_, bytes);
    written_ += bytes.size();
    if (written_ - flushed_ < kWritebackBytes) return;
    file.StartWriteback(flushed_, written_ - flushed_);
    flushed_ = written_;
  }
};

}  // namespace

void SaveSequence(Engine& engine, const Sequence& sequence, const std::filesystem::path& path) {
  if (sequence.tokens().empty()) {
    throw Error(ErrorCode::kInvalidArgument, path.string() + ": the sequence holds no tokens");
  }
  const SequenceModel model = SequenceModelOf(engine, sequence.format());
  PartialFile file(path);
  Writer(sequence, model).Write(file.file());
  file.Finish();
}

}  // namespace hlwq::runtime
