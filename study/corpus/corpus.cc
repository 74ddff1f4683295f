#include "study/corpus/corpus.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "base/hash.h"
#include "study/corpus/documents.h"

namespace hlwq::study {
namespace {

constexpr const char* kFileName = "corpus.safetensors";

template <typename Value>
NamedArray ArrayOf(std::string name, DType dtype, const std::vector<Value>& values) {
  return {std::move(name), dtype, {values.size()}, std::as_bytes(std::span(values))};
}

std::string HashOf(const std::vector<NamedArray>& arrays) {
  Xxh3Stream hash;
  for (const NamedArray& array : arrays) {
    hash.Update(std::as_bytes(std::span(array.name)));
    hash.Update(array.bytes);
  }
  return HashToHex(hash.Digest());
}

// In place: what WriteCorpus writes is aligned.
std::span<const TokenId> TokensOf(const ArrayFile& file, const std::filesystem::path& path,
                                  std::string_view name) {
  const std::span<const std::byte> bytes = file.Bytes(name, DType::kI32);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(TokenId) != 0) {
    throw Error(ErrorCode::kInvalidData, fmt::format("{}: '{}': want it at a multiple of {} bytes",
                                                     path.string(), name, alignof(TokenId)));
  }
  return {reinterpret_cast<const TokenId*>(bytes.data()), bytes.size() / sizeof(TokenId)};
}

size_t Number(const ArrayFile& file, const std::filesystem::path& path, const std::string& key) {
  const std::string& text = file.Metadata(key);
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: '{}': want a number, got '{}'", path.string(), key, text));
  }
  return value;
}

}  // namespace

Split SplitOf(std::span<const std::byte> document, const SplitShares& shares) noexcept {
  const double place = static_cast<double>(Xxh3(document) >> 11) * 0x1p-53;
  if (place < shares.validation) return Split::kValidation;
  return place < shares.validation + shares.test ? Split::kTest : Split::kTrain;
}

void WriteCorpus(const std::filesystem::path& folder, const CorpusTokens& corpus) {
  std::vector<NamedArray> arrays;
  for (size_t split = 0; split < kSplitNames.size(); ++split) {
    const CorpusTokens::Part& part = corpus.splits[split];
    const std::string name(kSplitNames[split]);
    if (part.tokens.empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{}: no document is left for {}: want more text, or larger shares",
                              corpus.source, name));
    }
    arrays.push_back(ArrayOf(name + ".ends", DType::kI64, part.ends));
    if (!part.source_nll.empty()) {
      arrays.push_back(ArrayOf(name + ".source_nll", DType::kF64, part.source_nll));
    }
    arrays.push_back(ArrayOf(name, DType::kI32, part.tokens));
  }
  std::map<std::string, std::string> metadata = corpus.facts;
  metadata["format"] = "hlwq-study-corpus-1";
  metadata["source"] = corpus.source;
  metadata["vocabulary"] = std::to_string(corpus.vocabulary);
  metadata["start"] = std::to_string(corpus.start);
  metadata["document_tokens"] = std::to_string(corpus.document_tokens);
  metadata["hash"] = HashOf(arrays);
  WriteArrays(folder / kFileName, arrays, metadata);
}

Corpus::Corpus(const std::filesystem::path& folder) : folder_(folder), file_(folder / kFileName) {
  const std::filesystem::path path = folder / kFileName;
  vocabulary_ = Number(file_, path, "vocabulary");
  start_ = static_cast<TokenId>(Number(file_, path, "start"));
  document_tokens_ = Number(file_, path, "document_tokens");
  std::vector<NamedArray> arrays;
  for (const io::SafetensorsEntry& entry : file_.entries()) {
    arrays.push_back({entry.name, entry.dtype, entry.shape, file_.Bytes(entry.name, entry.dtype)});
  }
  hash_ = HashOf(arrays);
  if (hash_ != file_.Metadata("hash")) {
    throw Error(ErrorCode::kInvalidData,
                fmt::format("{}: its content was changed: want hash {}, got {}; prepare it again",
                            path.string(), file_.Metadata("hash"), hash_));
  }
  for (size_t split = 0; split < kSplitNames.size(); ++split) {
    tokens_[split] = TokensOf(file_, path, kSplitNames[split]);
    for (const TokenId token : tokens_[split]) {
      if (token < 0 || static_cast<size_t>(token) >= vocabulary_) {
        throw Error(ErrorCode::kInvalidData,
                    fmt::format("{}: '{}': want tokens below {}, got {}", path.string(),
                                kSplitNames[split], vocabulary_, token));
      }
    }
  }
  CheckSource();
}

void Corpus::CheckSource() const {
  const auto text = facts().find("text_path");
  const auto identity = facts().find("text_identity");
  if (text == facts().end() || identity == facts().end()) return;
  if (!std::filesystem::exists(text->second)) return;  // the tokens suffice
  const std::string now = TextIdentity(text->second);
  if (now != identity->second) {
    throw Error(
        ErrorCode::kSourceChanged,
        fmt::format("{}: the text was changed since {} was prepared of it: want {}, got {}; "
                    "prepare it again",
                    text->second, folder_.string(), identity->second, now));
  }
}

size_t Corpus::documents(Split split) const {
  return file_.ShapeOf(std::string(kSplitNames[static_cast<size_t>(split)]) + ".ends").at(0);
}

std::vector<std::span<const TokenId>> Corpus::Documents(Split split) const {
  const std::string name = std::string(kSplitNames[static_cast<size_t>(split)]) + ".ends";
  std::vector<std::span<const TokenId>> all;
  size_t begin = 0;
  for (const int64_t end : file_.Values<int64_t>(name, DType::kI64)) {
    all.push_back(tokens(split).subspan(begin, static_cast<size_t>(end) - begin));
    begin = static_cast<size_t>(end);
  }
  return all;
}

std::vector<double> Corpus::SourceNll(Split split) const {
  const std::string name = std::string(kSplitNames[static_cast<size_t>(split)]) + ".source_nll";
  if (!file_.Has(name)) return {};
  return file_.Values<double>(name, DType::kF64);
}

std::string TextIdentity(const std::filesystem::path& path) {
  Xxh3Stream hash;
  uint64_t bytes = 0;
  for (const std::filesystem::path& file : TextFiles(path)) {
    const std::string text = ReadText(file);
    bytes += text.size();
    hash.Update(std::as_bytes(std::span(text)));
  }
  return fmt::format("{}-{}", bytes, HashToHex(hash.Digest()));
}

}  // namespace hlwq::study
