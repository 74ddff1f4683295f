// Files of sequences, from any bytes: as they are, and with zeros for what is missing and checksums that are
// right. The result is a sequence that can be gone on from, or an Error with the name of the file.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "header_input.h"
#include "runtime/saved_sequence.h"
#include "runtime/sequence_file.h"

namespace hlwq {
namespace {

class Source final : public ByteSource {
 public:
  explicit Source(std::string_view bytes) : bytes_(bytes) {}
  uint64_t SizeBytes() const noexcept override { return bytes_.size(); }
  const std::string& version() const noexcept override { return version_; }
  void ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) std::abort();
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }
  void PrefetchHint(uint64_t, uint64_t) const noexcept override {}

 private:
  std::string bytes_, version_;
};

runtime::Engine& Engine() {
  static runtime::Engine engine(HLWQ_SOURCE_DIR "/tests/golden/good/models/qwen3_5",
                                {.threads = 1, .chunk_tokens = 32, .snapshot_bytes = 1 << 20});
  return engine;
}

runtime::Sequence& SequenceOf(std::string_view bytes) {
  static runtime::Sequence floats(Engine(), {.capacity = 256});
  static runtime::Sequence coded(Engine(),
                                 {.format = runtime::KvFormat::Parse("k4v3"), .capacity = 256});
  return bytes.substr(0, 4096).find("k4v3") == bytes.npos ? floats : coded;
}

// Writes what only this program knows over what the file has in its place.
std::string Corrected(std::string bytes) {
  constexpr std::string_view kKey = "\"model_xxh3\":\"";
  const size_t key = bytes.find(kKey);
  if (key != bytes.npos && key + kKey.size() + 16 <= bytes.size()) {
    bytes.replace(key + kKey.size(), 16, HashToHex(Engine().identity()));
  }
  if (bytes.size() < 8) return bytes;
  const uint64_t length = std::min(bytes.find('\0', 8), bytes.size()) - 8;
  std::memcpy(bytes.data(), &length, 8);
  try {
    constexpr uint64_t kMostBytes = 1 << 20;
    const uint64_t claimed =
        fuzz::ClaimedBytes(ParseJson(std::string_view(bytes).substr(8, length)));
    if (claimed > kMostBytes) return bytes;
    bytes.resize(8 + length + std::max<uint64_t>(claimed, bytes.size() - 8 - length));
    const auto header = io::ParseSafetensorsHeader(std::string_view(bytes).substr(8, length),
                                                   bytes.size() - 8 - length);
    const auto& entries = header.entries;
    if (entries.empty() || entries.back().bytes() != entries.size() * 8) return bytes;
    const auto all = std::as_bytes(std::span(bytes));
    std::vector<uint64_t> sums = {Xxh3(all.first(8 + length))};
    for (size_t part = 0; part + 1 < entries.size(); ++part) {
      sums.push_back(Xxh3(all.subspan(8 + length + entries[part].begin, entries[part].bytes())));
    }
    std::memcpy(bytes.data() + 8 + length + entries.back().begin, sums.data(), sums.size() * 8);
  } catch (const Error&) {
  }
  return bytes;
}

void GoOn(runtime::Sequence& sequence) {
  if (sequence.is_full() || !sequence.pending().empty()) std::abort();
  sequence.Append(1);
  Engine().Step(std::array{sequence.Next(1)}, [](size_t, size_t, std::span<const float>) {});
  sequence.Want(std::vector<runtime::TokenId>{1, 2, 3});
}

void Load(const std::string& bytes, std::span<const runtime::TokenId> prompt) {
  runtime::Sequence& sequence = SequenceOf(bytes);
  try {
    const runtime::LoadedSequence loaded = runtime::LoadSequence(
        Engine(), sequence, File::OfSource("fuzz", std::make_shared<Source>(bytes)), prompt,
        prompt.empty() ? runtime::LoadRule::kAll : runtime::LoadRule::kExact);
    if (loaded.kept_tokens != sequence.tokens().size()) std::abort();
    if (loaded.kept_tokens > loaded.file_tokens || loaded.kept_tokens > 256) std::abort();
    if (!prompt.empty() && loaded.kept_tokens > loaded.common_tokens) std::abort();
    if (loaded.kept_tokens > 0 && loaded.kept_tokens < 256) GoOn(sequence);
  } catch (const Error& error) {
    if (!std::string_view(error.what()).starts_with("fuzz: ")) std::abort();
    if (!sequence.tokens().empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<runtime::TokenId> prompt(200, 0);  // as the seeds have them
  Load(bytes, {});
  const std::string corrected = Corrected(bytes);
  Load(corrected, {});
  Load(corrected, prompt);
  return 0;
}

}  // namespace hlwq
