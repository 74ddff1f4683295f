// Files of sequences that are none, or not these: one clear line, and the sequence holds nothing.
#include "runtime/sequence_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "runtime/saved_sequence.h"
#include "tests/runtime/memory_file.h"
#include "tests/runtime/run_model.h"
#include "tests/runtime/small_models.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace hlwq::runtime {
namespace {

// A file taken apart, to be put together otherwise.
struct Parts {
  std::map<std::string, std::string> metadata;
  std::vector<io::SafetensorsEntry> entries;
  std::vector<std::string> bytes;  // of each

  explicit Parts(const std::string& file) {
    uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    auto header = io::ParseSafetensorsHeader(std::string_view(file).substr(8, length),
                                             file.size() - 8 - length);
    metadata = header.metadata;
    entries = header.entries;
    for (const auto& entry : entries) {
      bytes.push_back(file.substr(8 + length + entry.begin, entry.bytes()));
    }
  }
  size_t At(std::string_view name) const {
    return static_cast<size_t>(std::ranges::find(entries, name, &io::SafetensorsEntry::name) -
                               entries.begin());
  }
  void Remove(std::string_view name) {
    const auto place = static_cast<ptrdiff_t>(At(name));
    entries.erase(entries.begin() + place);
    bytes.erase(bytes.begin() + place);
  }
  // Before the checksums.
  void Insert(const std::string& name, DType dtype, const std::string& content) {
    entries.insert(entries.end() - 1,
                   {name, dtype, {content.size() * 8 / BitsPerElement(dtype)}, 0, 0});
    bytes.insert(bytes.end() - 1, content);
  }
  void Resize(std::string_view name, size_t size) {
    const size_t part = At(name);
    bytes[part].resize(size);
    entries[part].shape = {size * 8 / BitsPerElement(entries[part].dtype)};
  }
  // With checksums that are right.
  std::string File() {
    const size_t last = entries.size() - 1;
    if (entries[last].name == kChecksumsName) Resize(kChecksumsName, entries.size() * 8);
    uint64_t end = 0;
    for (size_t part = 0; part < entries.size(); ++part) {
      entries[part].begin = end;
      entries[part].end = end += bytes[part].size();
    }
    std::string file = io::SerializeSafetensorsHeader(entries, metadata);
    std::vector<uint64_t> sums = {Xxh3(std::as_bytes(std::span(file)))};
    for (size_t part = 0; part < last; ++part) {
      sums.push_back(Xxh3(std::as_bytes(std::span(bytes[part]))));
      file += bytes[part];
    }
    if (entries[last].name != kChecksumsName) return file + bytes[last];
    return file + std::string(reinterpret_cast<const char*>(sums.data()), sums.size() * 8);
  }
};

class SequenceFile : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr size_t kTokens = 150;

  SequenceFile() {
    test::Fill(engine_, sequence_, test::SomeTokens(kTokens, 50));
    SaveSequence(engine_, sequence_, dir_ / "f");
    file_ = ReadSmallFile(dir_ / "f", 1 << 24);
    EXPECT_EQ(Parts(file_).File(), file_);  // taken apart and put together as it was
  }
  static Sequence Make(Engine& engine, const KvFormat& format) {
    Sequence sequence(engine, {.format = format, .capacity = 256});
    sequence.NoteSeveral(true);
    return sequence;
  }
  void Load(const std::string& bytes) {
    LoadSequence(engine_, sequence_, test::MemoryFile(bytes), {}, LoadRule::kAll);
  }
  // What it held is gone; it can hold another.
  void ExpectEmpty() {
    EXPECT_EQ(sequence_.tokens().size(), 0u);
    EXPECT_EQ(sequence_.pending().size(), 0u);
  }
  void ExpectRefused(ErrorCode code, std::string_view part, const std::string& bytes) {
    test::ExpectError(code, "made.seq: " + std::string(part), [&] { Load(bytes); });
    ExpectEmpty();
  }
  bool is_recurrent() const { return sequence_.state().is_recurrent(); }
  bool is_coded() const { return sequence_.format().is_coded(); }

  const test::TempDir dir_;
  const KvFormat format_ =
      KvFormat::Parse(std::string(GetParam()).substr(std::string(GetParam()).find(' ') + 1));
  Engine engine_{
      test::SmallModel(std::string(GetParam()).substr(0, std::string(GetParam()).find(' ')),
                       dir_.path()),
      {.threads = 1, .chunk_tokens = 32, .snapshot_bytes = 1 << 20}};
  Sequence sequence_ = Make(engine_, format_);
  std::string file_;
};

TEST_P(SequenceFile, CutShortItIsRefused) {
  for (size_t size = 0; size < file_.size(); size += size < 4096 ? 19 : 1997) {
    try {
      Load(file_.substr(0, size));
      ADD_FAILURE() << "accepted with " << size << " bytes of " << file_.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidData) << error.what();
    }
    ExpectEmpty();
  }
  ExpectRefused(ErrorCode::kInvalidData, "", file_.substr(0, file_.size() - 1));
  ExpectRefused(ErrorCode::kInvalidData, "", file_ + "x");
}

TEST_P(SequenceFile, AnyOtherByteIsFound) {
  for (size_t place = 0; place < file_.size(); place += place < 2048 ? 3 : 499) {
    std::string damaged = file_;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    EXPECT_THROW(Load(damaged), Error) << place;
    ExpectEmpty();
  }
  Load(file_);
  EXPECT_EQ(sequence_.tokens().size(), kTokens);
}

// Of what is not taken for a prompt as well.
TEST_P(SequenceFile, AnyOtherByteIsFoundWhereLittleIsTaken) {
  const std::vector<TokenId> prompt = {1, 2, 3};
  for (size_t place = 2048; place < file_.size(); place += 997) {
    std::string damaged = file_;
    damaged[place] = static_cast<char>(damaged[place] ^ 4);
    EXPECT_THROW(
        LoadSequence(engine_, sequence_, test::MemoryFile(damaged), prompt, LoadRule::kExact),
        Error);
  }
}

TEST_P(SequenceFile, EachSettingIsCompared) {
  using Case = std::tuple<const char*, const char*, ErrorCode, const char*>;
  const std::vector<Case> cases = {
      {kFormatKey, "other", ErrorCode::kInvalidData, "want a saved sequence of hlwq"},
      {kVersionKey, "2", ErrorCode::kUnsupported, "want version 1 of saved sequences, got 2"},
      {kModelKey, "gpt2", ErrorCode::kInvalidArgument, "saved with the model 'gpt2 "},
      {kIdentityKey, "0123456789abcdef", ErrorCode::kInvalidArgument, "saved with the model '"},
      {kKvKey, "k2v2", ErrorCode::kInvalidArgument, "saved with --kv 'k2v2', this run has '"},
      {kPageTokensKey, "32", ErrorCode::kInvalidArgument, "saved with tokens of a page '32'"},
      {kInterleavedKey, "yes", ErrorCode::kInvalidArgument, "saved with --interleave 'yes'"},
      {kPromptTokensKey, "x", ErrorCode::kInvalidData, "'prompt_tokens': want a number"},
      {kPromptTokensKey, "-1", ErrorCode::kInvalidData, "'prompt_tokens': want a number"},
      {kPromptTokensKey, "018", ErrorCode::kInvalidData, "'prompt_tokens': want a number"},
      {kPromptTokensKey, "99999999999999999999", ErrorCode::kInvalidData, "'prompt_tokens': want"},
      {kPromptTokensKey, "151", ErrorCode::kInvalidData, "'prompt_tokens': want at most 150"},
  };
  for (const auto& [key, value, code, part] : cases) {
    Parts parts(file_);
    parts.metadata[key] = value;
    ExpectRefused(code, part, parts.File());
    parts.metadata.erase(key);
    ExpectRefused(ErrorCode::kInvalidData, "", parts.File());
  }
}

TEST_P(SequenceFile, PartsAreWhole) {
  const std::vector<std::string> needed = {"tokens", "floats.0", "floats.2", "checksums"};
  for (const std::string& name : needed) {
    Parts parts(file_);
    parts.Remove(name);
    ExpectRefused(ErrorCode::kInvalidData,
                  name == "checksums" ? "want checksums" : "'" + name + "'", parts.File());
  }
  Parts parts(file_);
  for (const io::SafetensorsEntry& entry : parts.entries) {
    if (entry.name == kChecksumsName || entry.name == kTokensName) continue;
    Parts longer(file_), shorter(file_), typed(file_), shaped(file_);
    longer.Resize(entry.name, entry.bytes() + 4);
    shorter.Resize(entry.name, 0);
    typed.entries[typed.At(entry.name)].dtype = DType::kI8;
    typed.entries[typed.At(entry.name)].shape = {entry.bytes()};
    shaped.entries[shaped.At(entry.name)].shape.push_back(1);
    for (Parts* wrong : {&longer, &shorter, &typed, &shaped}) {
      ExpectRefused(ErrorCode::kInvalidData, "'" + entry.name + "': want ", wrong->File());
    }
  }
}

TEST_P(SequenceFile, OtherPartsAreRefused) {
  const KvLayout layout(engine_.config(), format_);
  const std::string page(layout.page_bytes(), '\0');
  for (const char* name :
       {"floats.3", "floats.00", "floats.-1", "floats.", "floats.1x", "codes.0", "codes.2",
        "floats.18446744073709551615", "moments.0.state", "moments.151.state", "moments.64.tail",
        "moments..state", "moments.5", "weights"}) {
    Parts parts(file_);
    parts.Insert(name, DType::kU8, page);
    ExpectRefused(ErrorCode::kInvalidData, "'" + std::string(name) + "'", parts.File());
  }
}

TEST_P(SequenceFile, TokensAreOfTheVocabularyAndAsManyAsTheirPages) {
  for (const TokenId token : {-1, 1 << 30, static_cast<TokenId>(engine_.config().sizes.vocab)}) {
    Parts parts(file_);
    std::memcpy(parts.bytes[0].data() + 8, &token, 4);
    ExpectRefused(ErrorCode::kInvalidData, "'tokens': want ids below", parts.File());
  }
  for (const size_t tokens : std::vector<size_t>{0, 1, 64, 193, 4000}) {
    Parts parts(file_);
    parts.metadata[kPromptTokensKey] = "0";
    parts.Resize(kTokensName, tokens * 4);
    ExpectRefused(ErrorCode::kInvalidData, "", parts.File());
  }
}

TEST_P(SequenceFile, StatesAreThere) {
  if (!is_recurrent()) {
    Parts parts(file_);
    parts.Insert("state", DType::kF32, "abcd");
    ExpectRefused(ErrorCode::kInvalidData, "'state'", parts.File());
    return;
  }
  Parts parts(file_), tail(file_);
  parts.Remove(kStateName);
  ExpectRefused(ErrorCode::kInvalidData, "'state' is missing", parts.File());
  if (!is_coded()) return;
  tail.Insert("moments.77.tail", DType::kU8,
              std::string(KvLayout(engine_.config(), format_).page_bytes(), '\0'));
  ExpectRefused(ErrorCode::kInvalidData, "'moments.77.state' is missing", tail.File());
}

// Right checksums over any content: what is computed may be nonsense, not more.
TEST_P(SequenceFile, AnyContentCanBeGoneOnFrom) {
  for (const char fill : {'\xFF', '\x7F', '\x00', '\x5A'}) {
    Parts parts(file_);
    for (size_t part = 1; part + 1 < parts.bytes.size(); ++part) {
      std::ranges::fill(parts.bytes[part], fill);
    }
    Load(parts.File());
    EXPECT_EQ(sequence_.tokens().size(), kTokens);
    test::Append(engine_, sequence_, 3);
    std::vector<TokenId> longer(sequence_.tokens().begin(), sequence_.tokens().end());
    longer.resize(longer.size() + 40, 7);
    test::Fill(engine_, sequence_, longer);
  }
}

TEST_P(SequenceFile, AnotherModelOrFormatIsRefused) {
  Sequence other = Make(engine_, KvFormat::Parse("f32"));
  test::ExpectError(ErrorCode::kInvalidArgument, "this run has 'f32'", [&] {
    LoadSequence(engine_, other, test::MemoryFile(file_), {}, LoadRule::kExact);
  });
  Engine another(test::SmallModel("dense", dir_.path(), 4), {.threads = 1});
  Sequence sequence = Make(another, format_);
  test::ExpectError(ErrorCode::kInvalidArgument, "saved with the model '", [&] {
    LoadSequence(another, sequence, test::MemoryFile(file_), {}, LoadRule::kExact);
  });
}

TEST_P(SequenceFile, AFullPoolIsAnErrorAndNothingIsHeld) {
  const KvLayout layout(engine_.config(), format_);
  Engine engine(engine_.model().checkpoint().root,
                {.threads = 1, .kv_bytes = 2 * layout.page_bytes() - 1});
  Sequence sequence = Make(engine, format_);
  test::ExpectError(ErrorCode::kIo, "that are allowed are in use", [&] {
    LoadSequence(engine, sequence, test::MemoryFile(file_), {}, LoadRule::kExact);
  });
  EXPECT_EQ(sequence.tokens().size(), 0u);
  test::Fill(engine, sequence, std::vector<TokenId>{1, 2, 3});  // the page is free again
}

INSTANTIATE_TEST_SUITE_P(Models, SequenceFile,
                         ::testing::Values("dense f16", "dense k8v4", "qwen3_5 bf16",
                                           "qwen3_5 k4v3"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

// Else the fuzz target would only ever see files that are refused.
TEST(SavedSequenceFile, SeedsOfTheFuzzTargetAreOfThisFormat) {
  Engine engine(test::Golden("good/models/qwen3_5"), {.threads = 1});
  for (const auto& [name, format] : std::map<std::string, const char*>{
           {"short", "f16"}, {"pages", "f16"}, {"coded", "k4v3"}, {"coded-moments", "k4v3"}}) {
    const std::string seed =
        ReadSmallFile(test::Golden("../../fuzz/corpus/saved_sequence") / name, 1 << 16);
    const std::string json = seed.substr(8);
    const auto claimed = json.rfind("data_offsets\":[") + 15;
    const uint64_t end = std::stoull(json.substr(json.find(',', claimed) + 1));
    SequenceModel model = SequenceModelOf(engine, KvFormat::Parse(format));
    model.identity = 0;
    EXPECT_NO_THROW(ReadSequenceIndex(io::ParseSafetensorsHeader(json, end), model)) << name;
  }
}

TEST(SavedSequenceFile, ASequenceThatHoldsNothingIsNotSaved) {
  const test::TempDir dir;
  Engine engine(test::Golden("good/models/qwen3_5"), {.threads = 1});
  Sequence sequence(engine, {.capacity = 64});
  test::ExpectError(ErrorCode::kInvalidArgument, "holds no tokens",
                    [&] { SaveSequence(engine, sequence, dir / "f"); });
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

}  // namespace
}  // namespace hlwq::runtime
