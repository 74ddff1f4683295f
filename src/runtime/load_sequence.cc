#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "kernels/vector_target.h"
#include "runtime/prompt_cut.h"
#include "runtime/saved_sequence.h"
#include "runtime/sequence_file.h"

namespace hlwq::runtime {
namespace {

// What is not taken is verified in pieces of so many bytes, and read ahead so far.
constexpr size_t kPieceBytes = 1u << 20;
constexpr uint64_t kAheadBytes = 32u << 20;

class Loader {
 public:
  Loader(const io::SafetensorsFile& file, const SequenceModel& model, SequenceState& state)
      : file_(file), model_(model), state_(state), index_(ReadSequenceIndex(file.header(), model)) {
    checksums_.resize(file.header().entries.size());
    is_read_.resize(checksums_.size());
    file_.file().ReadAt(Offset(index_.checksums), std::as_writable_bytes(std::span(checksums_)));
    Check("header", checksums_[0], file.header_hash());
    tokens_.resize(index_.tokens);
    ReadPart(index_.tokens_part, std::as_writable_bytes(std::span(tokens_)));
    for (const TokenId token : tokens_) {
      if (token >= 0 && static_cast<size_t>(token) < model.vocabulary) continue;
      throw Error(ErrorCode::kInvalidData,
                  fmt::format("'tokens': want ids below {}, got {}", model.vocabulary, token));
    }
  }

  const SequenceIndex& index() const noexcept { return index_; }
  std::span<const TokenId> tokens() const noexcept { return tokens_; }
  std::span<const float> logits() const noexcept { return logits_; }

  // Fills the state, which holds nothing, with the first `length` tokens; 0: only verifies.
  void Load(size_t length) {
    length_ = length;
    // Pages before moments, ascending.
    for (const auto& [page, part] : index_.pages) LoadPage(page, part);
    if (index_.state && length_ == index_.tokens) {
      ReadPart(*index_.state, std::as_writable_bytes(state_.recurrent().values()));
    }
    for (const auto& [moment, parts] : index_.moments) {
      if (moment <= length_) LoadMoment(moment, parts);
    }
    if (index_.logits && length_ == index_.tokens) {
      logits_.resize(model_.vocabulary);
      ReadPart(*index_.logits, std::as_writable_bytes(std::span(logits_)));
    }
    for (PartIndex part = 0; part < index_.checksums; ++part) {
      if (!is_read_[part]) VerifyPart(part);
    }
    state_.Adopt(length_, index_.prompt_tokens);
  }

 private:
  const io::SafetensorsFile& file_;
  const SequenceModel& model_;
  SequenceState& state_;
  SequenceIndex index_;
  std::vector<uint64_t> checksums_;
  std::vector<TokenId> tokens_;
  std::vector<float> logits_;
  size_t length_ = 0;
  std::vector<bool> is_read_;  // of each part
  std::optional<model::RecurrentState> moment_;
  std::vector<std::byte> piece_;

  const io::SafetensorsEntry& Entry(PartIndex part) const { return file_.header().entries[part]; }
  uint64_t Offset(PartIndex part) const { return file_.header().data_offset + Entry(part).begin; }

  static void Check(std::string_view name, uint64_t want, uint64_t got) {
    if (want == got) return;
    throw Error(ErrorCode::kInvalidData, fmt::format("'{}' is damaged: want checksum {}, got {}",
                                                     name, HashToHex(want), HashToHex(got)));
  }

  void ReadPart(PartIndex part, std::span<std::byte> out) {
    file_.file().PrefetchHint(Offset(part), kAheadBytes);
    file_.file().ReadAt(Offset(part), out);
    // The first checksum is the header's; the checksums themselves, which come last, have none.
    Check(Entry(part).name, checksums_[part + 1], Xxh3(out));
    is_read_[part] = true;
  }

  void VerifyPart(PartIndex part) {
    piece_.resize(kPieceBytes);
    Xxh3Stream hash;
    const io::SafetensorsEntry& entry = Entry(part);
    for (uint64_t done = 0; done < entry.bytes();) {
      const std::span piece =
          std::span(piece_).first(std::min<uint64_t>(kPieceBytes, entry.bytes() - done));
      file_.file().ReadAt(Offset(part) + done, piece);
      hash.Update(piece);
      done += piece.size();
    }
    Check(entry.name, checksums_[part + 1], hash.Digest());
  }

  void LoadPage(const PagePart& page, PartIndex part) {
    if (model_.layout.UseOf(page.kind, page.page, length_) == KvPageUse::kNone) return;
    ReadPart(part, state_.kv().TakePage(page.kind, page.page));
  }

  void LoadMoment(size_t length, const MomentPart& parts) {
    if (!moment_) moment_ = state_.recurrent().Copy();
    ReadPart(parts.state, std::as_writable_bytes(moment_->values()));
    const std::span<std::byte> tail = state_.AddMoment(length, *moment_, parts.tail.has_value());
    if (parts.tail) ReadPart(*parts.tail, tail);
    if (length != length_ || length_ == index_.tokens) return;
    state_.recurrent().CopyFrom(*moment_);
    const PagePart last = {KvPageKind::kFloats, length / KvLayout::kPageTokens};
    if (!parts.tail || index_.pages.contains(last)) return;
    std::ranges::copy(tail, state_.kv().TakePage(last.kind, last.page).begin());
  }
};

io::SafetensorsFile Open(File file) {
  const std::string path = file.path().string() + ": ";
  try {
    return io::SafetensorsFile::Open(std::move(file));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidData) throw;
    std::string_view reason = error.what();
    if (reason.starts_with(path)) reason.remove_prefix(path.size());
    throw Error(error.code(),
                fmt::format("{}no saved sequence of hlwq, or a damaged one: {}", path, reason));
  }
}

size_t LengthToLoad(const SequenceIndex& index, const SequenceModel& model,
                    const PromptPieces& pieces, size_t common, size_t prompt, LoadRule rule) {
  if (rule == LoadRule::kAll) return index.LoadableLength(std::min(common, prompt - 1), model);
  size_t length = std::min({common, prompt - 1, index.prompt_tokens});
  while (true) {
    const size_t cut = ExactCut(length, prompt, pieces);
    length = index.LoadableLength(cut, model);
    if (length == cut) return length;
  }
}

}  // namespace

LoadedSequence LoadSequence(Engine& engine, Sequence& sequence, File file,
                            std::span<const TokenId> prompt, LoadRule rule) {
  sequence.Clear();
  const std::string path = file.path().string();
  const io::SafetensorsFile opened = Open(std::move(file));
  const SequenceModel model = SequenceModelOf(engine, sequence.format());
  try {
    return WithContext(path, [&] {
      Loader loader(opened, model, sequence.state());
      const SequenceIndex& index = loader.index();
      LoadedSequence loaded = {.file_tokens = index.tokens};
      const auto common = std::ranges::mismatch(loader.tokens(), prompt).in1;
      loaded.common_tokens = static_cast<size_t>(common - loader.tokens().begin());
      const PromptPieces pieces = PromptPiecesOf(engine);
      size_t& kept = loaded.kept_tokens;
      const bool is_prompt = prompt.size() == index.tokens && loaded.common_tokens == prompt.size();
      if (prompt.empty()) {
        kept = index.LoadableLength(sequence.capacity(), model);
      } else if (is_prompt && index.logits &&
                 (rule == LoadRule::kAll ||
                  IsReadAtOnce(index.tokens, index.prompt_tokens, pieces))) {
        kept = index.tokens;  // and nothing is left to be read
      } else {
        kept = LengthToLoad(index, model, pieces, loaded.common_tokens, prompt.size(), rule);
      }
      kept = std::min(kept, index.LoadableLength(sequence.capacity(), model));
      loader.Load(kept);
      sequence.Adopt(loader.tokens().first(kept), loader.logits());
      if (index.target != kernels::VectorTargetName()) loaded.target = index.target;
      return loaded;
    });
  } catch (...) {
    sequence.Clear();
    throw;
  }
}

}  // namespace hlwq::runtime
