#include "convert/export_gguf.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "checkpoint/gguf/open.h"
#include "checkpoint/row_reader.h"
#include "checkpoint/verify.h"
#include "checkpoint/views/split_experts.h"
#include "codec/ggml_encode.h"
#include "io/gguf.h"
#include "io/safetensors.h"
#include "tests/support/make_checkpoint.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::convert {
namespace {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using checkpoint::TensorEntry;
using codec::GgmlType;
using nlohmann::json;
using testing::HasSubstr;

ConversionResult Export(const fs::path& source, const fs::path& destination,
                        GgmlType type = GgmlType::kBF16) {
  ExportGgufOptions options;
  options.type = type;
  return ExportGguf(checkpoint::OpenCheckpoint(source), destination, options,
                    codec::ReferenceBackend());
}

std::vector<float> Values(const Checkpoint& checkpoint, const TensorEntry& entry) {
  const checkpoint::RowReader reader(checkpoint, entry, codec::ReferenceBackend());
  std::vector<float> values(entry.elements());
  const uint64_t columns = reader.matrix().in;
  for (uint64_t row = 0; row < reader.matrix().out; row += reader.slice_rows()) {
    reader.ReadRows({row, row + reader.slice_rows()},
                    std::span(values).subspan(row * columns, reader.slice_rows() * columns));
  }
  return values;
}

std::vector<float> Rounded(std::vector<float> values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * BitsPerElement(dtype) / 8);
  codec::ReferenceBackend().FromFloat(values, dtype, bytes);
  codec::ReferenceBackend().ToFloat(dtype, bytes, values);
  return values;
}

// Every tensor of `source` under its name and of its shape in `made`, rounded to the dtype it has there.
void ExpectSameTensors(const Checkpoint& source, const Checkpoint& made) {
  EXPECT_EQ(made.tensors.size(), source.tensors.size());
  for (const TensorEntry& entry : source.tensors) {
    const TensorEntry* got = made.Find(entry.name);
    ASSERT_NE(got, nullptr) << entry.name;
    ASSERT_EQ(got->shape, entry.shape) << entry.name;
    EXPECT_EQ(Values(made, *got), Rounded(Values(source, entry), got->dtype)) << entry.name;
  }
}

fs::path OnlyGguf(const fs::path& folder) {
  fs::path found;
  for (const auto& item : fs::directory_iterator(folder)) {
    if (item.path().extension() == ".gguf") found = item.path();
  }
  return found;
}

void ExpectVerified(const fs::path& folder) {
  const checkpoint::VerifyResult result = checkpoint::VerifyFolder(folder, {});
  EXPECT_TRUE(result.ok());
  EXPECT_GT(result.tensors, 0u);
}

std::string SideContent(const Checkpoint& checkpoint, std::string_view name) {
  return checkpoint::ReadSideFile(checkpoint, name).value_or("none");
}

template <typename Action>
void ExpectRefused(Action action, ErrorCode code, std::string_view word) {
  try {
    action();
    FAIL() << "accepted; want an error with '" << word << "'";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(std::string(word)));
  }
}

class ExportOfGolden : public testing::TestWithParam<const char*> {};

// What the files of the gguf package say, exported and read again, says the same: weights in the
// original row order, config.json, tokenizer, template, generation.
TEST_P(ExportOfGolden, ReadsBackAsItWas) {
  const test::TempDir dir;
  const fs::path golden = test::Golden("good/gguf") / GetParam() / "model.gguf";
  EXPECT_THAT(Export(golden, dir / "out", GgmlType::kF16).notes, testing::IsEmpty());
  ExpectVerified(dir / "out");
  const Checkpoint source = checkpoint::OpenGguf(File::OpenForRead(golden));
  const Checkpoint made = checkpoint::OpenCheckpoint(dir / "out");
  EXPECT_EQ(made.format, checkpoint::Format::kGguf);
  ExpectSameTensors(source, made);
  json config = made.config;
  for (const char* key : {"dtype", "torch_dtype"}) config[key] = source.config[key];
  EXPECT_EQ(config, source.config);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                           "chat_template.jinja", "generation_config.json"}) {
    EXPECT_EQ(SideContent(made, name), SideContent(source, name)) << name;
  }
  EXPECT_NE(SideContent(made, "tokenizer.json"), "none");
}

INSTANTIATE_TEST_SUITE_P(Models, ExportOfGolden,
                         testing::Values("llama-spm", "llama-bpe", "qwen2", "qwen3"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ExportGguf, SharedModelsReadBackAsTheyWere) {
  const test::TempDir dir;
  for (const std::string name : {"golden/llama-tied", "golden/llama-rope3", "golden/qwen2",
                                 "golden/qwen3", "golden/mistral-swa", "models/stories260k"}) {
    SCOPED_TRACE(name);
    const fs::path source = test::SharedData(name);
    HLWQ_REQUIRE_SHARED(source);
    const fs::path out = dir / source.filename().string();
    Export(source, out, GgmlType::kBF16);
    ExpectVerified(out);
    const Checkpoint want = checkpoint::OpenCheckpoint(source);
    const Checkpoint made = checkpoint::OpenCheckpoint(out);
    ExpectSameTensors(want, made);
    for (const char* key : {"hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size",
                            "num_attention_heads", "num_key_value_heads", "rms_norm_eps",
                            "max_position_embeddings", "tie_word_embeddings"}) {
      EXPECT_EQ(made.config[key], want.config[key]) << key;
    }
    const json tokenizer = SideContent(want, "tokenizer.json") == "none"
                               ? json()
                               : ParseJson(SideContent(want, "tokenizer.json"));
    if (tokenizer.is_null()) continue;
    const json again = ParseJson(SideContent(made, "tokenizer.json"));
    for (const char* key : {"normalizer", "pre_tokenizer", "decoder", "added_tokens"}) {
      EXPECT_EQ(again[key], tokenizer[key]) << key;
    }
    EXPECT_EQ(again["model"]["vocab"], tokenizer["model"]["vocab"]);
    EXPECT_EQ(again["post_processor"]["single"], tokenizer["post_processor"]["single"]);
    // The splits of one token may be ranked in another order: they make the same token.
    const auto merged = [](const json& file) {
      std::vector<std::string> texts;
      for (const json& merge : file["model"]["merges"]) {
        texts.push_back(merge[0].get<std::string>() + merge[1].get<std::string>());
      }
      return texts;
    };
    EXPECT_EQ(merged(again), merged(tokenizer));
  }
}

// A tokenizer of single letters, changed by a merge patch.
void WriteTokenizer(const fs::path& folder, const json& patch) {
  json tokenizer = {
      {"added_tokens", json::array()},
      {"normalizer", nullptr},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
      {"post_processor", nullptr},
      {"model",
       {{"type", "BPE"},
        {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"abc", 4}}},
        {"merges", {"a b", "ab c"}}}}};
  tokenizer.merge_patch(patch);
  WriteFileAtomically(folder / "tokenizer.json", tokenizer.dump());
}

json SentencePiece(const json& merges) {
  return {
      {"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}},
      {"pre_tokenizer", nullptr},
      {"model", {{"byte_fallback", true}, {"merges", merges}}}};
}

TEST(ExportGguf, TokenizersThatLlamaCppHasAreNamed) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  const auto metadata = [&](const json& patch, const fs::path& out) {
    WriteTokenizer(dir / "src", patch);
    Export(dir / "src", out);
    return io::GgufFile::Open(OnlyGguf(out)).header().metadata;
  };
  const io::GgufMetadata gpt2 = metadata(json::object(), dir / "gpt2");
  EXPECT_EQ(*gpt2.String("tokenizer.ggml.pre"), "gpt-2");
  EXPECT_EQ((*gpt2.Strings("tokenizer.ggml.merges"))[1], "ab c");
  EXPECT_EQ(gpt2.Strings("tokenizer.ggml.tokens")->back(), "[PAD63]");
  EXPECT_EQ(gpt2.Bool("tokenizer.ggml.add_bos_token"), false);
  const json digits = {{"pre_tokenizer",
                        {{"type", "Sequence"},
                         {"pretokenizers",
                          {{{"type", "Digits"}, {"individual_digits", true}},
                           {{"type", "ByteLevel"}, {"add_prefix_space", false}}}}}}};
  EXPECT_EQ(*metadata(digits, dir / "smollm").String("tokenizer.ggml.pre"), "smollm");
  const io::GgufMetadata spm = metadata(SentencePiece({"a b", "ab c"}), dir / "spm");
  EXPECT_EQ(*spm.String("tokenizer.ggml.model"), "llama");
  const std::vector<double> scores = *spm.Numbers("tokenizer.ggml.scores");
  EXPECT_GT(scores[3], scores[4]) << "what is merged first scores higher";
}

TEST(ExportGguf, TokenizersThatLlamaCppLacksAreRefused) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  const auto refused = [&](const json& patch, ErrorCode code, std::string_view word) {
    WriteTokenizer(dir / "src", patch);
    ExpectRefused([&] { Export(dir / "src", dir / "out"); }, code, word);
  };
  const ErrorCode unsupported = ErrorCode::kUnsupported;
  const json split = {{"type", "Split"}, {"pattern", {{"Regex", "."}}}, {"behavior", "Isolated"}};
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  refused({{"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}}}},
          unsupported, "the pre_tokenizer: 1 expressions that none of its rules has");
  refused({{"pre_tokenizer", {{"type", "Whitespace"}}}}, unsupported, "Whitespace");
  refused({{"pre_tokenizer", {{"add_prefix_space", true}}}}, unsupported, "a space");
  refused({{"normalizer", {{"type", "Lowercase"}}}}, unsupported, "Lowercase");
  refused({{"model", {{"type", "WordPiece"}}}}, unsupported, "WordPiece");
  refused({{"model", {{"vocab", {{"z", 64}}}}}}, unsupported,
          "token 64 'z', but the embedding has 64");
  refused(SentencePiece({"ab c", "a b", "b c"}), unsupported, "not SentencePiece BPE");
  refused({{"model", {{"merges", {"ab"}}}}}, ErrorCode::kInvalidData, "want two parts");
  refused({{"model", {{"vocab", {{"z", 1.5}}}}}}, ErrorCode::kInvalidData, "1.5");
  refused({{"model", 5}}, ErrorCode::kInvalidData, "tokenizer files");
}

// Experts apart or fused in the source are one tensor in the file, and apart when read.
void WriteMoe(const fs::path& folder, bool is_fused, std::vector<int> dense_layers = {}) {
  fs::create_directories(folder);
  const auto by_place = [](uint64_t base) {
    return [base](uint64_t index) { return static_cast<float>((base + index) % 251) / 64 - 1; };
  };
  constexpr uint64_t kExperts = 3, kInner = 32, kHidden = 64;
  std::vector<test::MadeTensor> tensors = {
      {"model.embed_tokens.weight", DType::kBF16, {32, kHidden}},
      {"model.norm.weight", DType::kBF16, {kHidden}},
      {"lm_head.weight", DType::kBF16, {32, kHidden}}};
  for (int layer = 0; layer < 2; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](const std::string& name, Shape shape,
                         std::function<float(uint64_t)> value = nullptr) {
      tensors.push_back({prefix + name, DType::kBF16, std::move(shape), std::move(value)});
    };
    for (const char* name : {"input_layernorm", "post_attention_layernorm"}) {
      add(std::string(name) + ".weight", {kHidden});
    }
    for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      add(std::string("self_attn.") + name + ".weight", {kHidden, kHidden});
    }
    for (const char* name : {"q_norm", "k_norm"}) {
      add(std::string("self_attn.") + name + ".weight", {16});
    }
    add("mlp.gate.weight", {kExperts, kHidden});
    constexpr uint64_t kMatrix = kInner * kHidden;
    if (is_fused) {
      add("mlp.experts.gate_up_proj", {kExperts, 2 * kInner, kHidden}, by_place(0));
      add("mlp.experts.down_proj", {kExperts, kHidden, kInner}, by_place(7));
      continue;
    }
    for (uint64_t expert = 0; expert < kExperts; ++expert) {
      const std::string name = "mlp.experts." + std::to_string(expert) + ".";
      add(name + "gate_proj.weight", {kInner, kHidden}, by_place(2 * expert * kMatrix));
      add(name + "up_proj.weight", {kInner, kHidden}, by_place((2 * expert + 1) * kMatrix));
      add(name + "down_proj.weight", {kHidden, kInner}, by_place(7 + expert * kMatrix));
    }
  }
  test::WriteSafetensors(folder / "model.safetensors", tensors);
  const json config = {{"model_type", "qwen3_moe"},       {"hidden_size", kHidden},
                       {"intermediate_size", 96},         {"moe_intermediate_size", kInner},
                       {"num_hidden_layers", 2},          {"num_attention_heads", 4},
                       {"num_key_value_heads", 4},        {"head_dim", 16},
                       {"num_experts", kExperts},         {"num_experts_per_tok", 2},
                       {"norm_topk_prob", true},          {"vocab_size", 32},
                       {"mlp_only_layers", dense_layers}, {"tie_word_embeddings", false}};
  WriteFileAtomically(folder / "config.json", config.dump());
}

TEST(ExportGguf, ExpertsAreMergedWhicheverWayTheSourceHasThem) {
  const test::TempDir dir;
  WriteMoe(dir / "apart", false);
  WriteMoe(dir / "fused", true);
  Export(dir / "apart", dir / "a");
  Export(dir / "fused", dir / "f");
  ExpectVerified(dir / "f");
  ExpectSameTensors(checkpoint::OpenCheckpoint(dir / "apart"),
                    checkpoint::OpenCheckpoint(dir / "a"));
  Checkpoint want = checkpoint::OpenCheckpoint(dir / "fused");
  checkpoint::SplitFusedExperts(want);
  const Checkpoint made = checkpoint::OpenCheckpoint(dir / "f");
  ExpectSameTensors(want, made);
  for (const char* key : {"num_experts", "num_experts_per_tok", "moe_intermediate_size",
                          "norm_topk_prob", "intermediate_size", "model_type"}) {
    EXPECT_EQ(made.config[key], want.config[key]) << key;
  }
  const io::GgufFile file = io::GgufFile::Open(OnlyGguf(dir / "f"));
  EXPECT_EQ(file.header().Find("blk.1.ffn_up_exps.weight")->shape, (Shape{3, 32, 64}));
  EXPECT_EQ(file.header().Find("blk.0.ffn_gate_inp.weight")->type, 0u) << "routers are F32";
}

TEST(ExportGguf, TypesAreThoseOfLlamaCppsConverter) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "small");
  Export(dir / "small", dir / "out", GgmlType::kQ8_0);
  EXPECT_EQ(OnlyGguf(dir / "out").filename(), "small-Q8_0.gguf");
  const Checkpoint want = checkpoint::OpenCheckpoint(dir / "small");
  const Checkpoint made = checkpoint::OpenCheckpoint(dir / "out");
  for (const TensorEntry& entry : made.tensors) {
    const auto& storage = std::get<checkpoint::GgmlStorage>(entry.storage);
    EXPECT_EQ(storage.type, entry.shape.size() == 1 ? GgmlType::kF32 : GgmlType::kQ8_0)
        << entry.name;
    std::vector<float> values = Values(want, *want.Find(entry.name));
    if (entry.shape.size() == 2) {
      std::vector<std::byte> blocks(values.size() / 32 * 34);
      codec::EncodeGgml(GgmlType::kQ8_0, values, entry.shape[1], 0, blocks);
      codec::DecodeGgml(GgmlType::kQ8_0, blocks, values);
    }
    EXPECT_EQ(Values(made, entry), values) << entry.name;
  }
}

TEST(ExportGguf, RowsThatAreNotBlocksAreHalvesAndSaidSo) {
  const fs::path source = test::SharedData("models/stories260k");
  HLWQ_REQUIRE_SHARED(source);
  const test::TempDir dir;
  const auto result = Export(source, dir / "out", GgmlType::kQ8_0);
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("5 tensors, the first is "
                                                        "'blk.0.ffn_down.weight', are F16")));
}

void ChangeConfig(const fs::path& folder, const json& changes) {
  json config = ReadJsonFile(folder / "config.json");
  config.update(changes);
  WriteFileAtomically(folder / "config.json", config.dump());
}

TEST(ExportGguf, RefusesWhatLlamaCppLacksAndNamesIt) {
  const test::TempDir dir;
  const auto refused = [&](const json& changes, std::string_view word) {
    test::WriteSmallLlama(dir / "src");
    ChangeConfig(dir / "src", changes);
    ExpectRefused([&] { Export(dir / "src", dir / "out"); }, ErrorCode::kUnsupported, word);
    EXPECT_FALSE(fs::exists(dir / "out"));
    EXPECT_FALSE(fs::exists(dir / "out.partial"));
  };
  refused({{"model_type", "qwen3_next"}}, "model_type 'qwen3_next'");
  refused({{"hidden_act", "gelu"}}, "hidden_act 'gelu'");
  refused({{"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}}}, "'dynamic'");
  refused({{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 2.0}, {"attention_factor", 3.0}}}},
          "yarn");
  WriteMoe(dir / "moe", false, {1});
  ExpectRefused([&] { Export(dir / "moe", dir / "out"); }, ErrorCode::kUnsupported, "dense");
  WriteMoe(dir / "moe", false);
  ChangeConfig(dir / "moe", {{"norm_topk_prob", false}});
  ExpectRefused([&] { Export(dir / "moe", dir / "out"); }, ErrorCode::kUnsupported,
                "norm_topk_prob");
}

TEST(ExportGguf, RefusesWhatDoesNotFitTheArchitecture) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src");
  ExpectRefused([&] { Export(dir / "src", dir / "model.gguf"); }, ErrorCode::kInvalidArgument,
                "want the folder to make");
  ChangeConfig(dir / "src", {{"num_hidden_layers", 3}});
  ExpectRefused([&] { Export(dir / "src", dir / "out"); }, ErrorCode::kInvalidData,
                "'model.layers.2.input_layernorm.weight' is missing");
  ChangeConfig(dir / "src", {{"num_hidden_layers", 1}});
  ExpectRefused([&] { Export(dir / "src", dir / "out"); }, ErrorCode::kUnsupported,
                "'model.layers.1.input_layernorm.weight'");
  ChangeConfig(dir / "src", {{"num_hidden_layers", 2}, {"intermediate_size", 128}});
  ExpectRefused([&] { Export(dir / "src", dir / "out"); }, ErrorCode::kInvalidData,
                "'model.layers.0.mlp.gate_proj.weight': want [128, 96]");
}

TEST(ExportGguf, WeightsBeyondHalfPrecisionAreAnError) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  const fs::path weights = dir / "src" / "model.safetensors";
  std::string bytes = ReadSmallFile(weights, 1 << 24);
  const io::SafetensorsFile file = io::SafetensorsFile::Open(weights);
  for (const io::SafetensorsEntry& entry : file.header().entries) {
    if (entry.name != "model.layers.0.mlp.up_proj.weight") continue;
    const uint16_t huge = 0x4780;  // 65536
    std::memcpy(&bytes[file.header().data_offset + entry.begin + 2 * (96 * 5 + 7)], &huge, 2);
  }
  WriteFileAtomically(weights, bytes);
  ExpectRefused([&] { Export(dir / "src", dir / "out", GgmlType::kF16); }, ErrorCode::kNonFinite,
                "'blk.0.ffn_up.weight': row 5, column 7: beyond F16; --type bf16 holds it");
  Export(dir / "src", dir / "bf16", GgmlType::kBF16);
}

TEST(ExportGguf, VerifySeesEveryChangedByteOfTheData) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  Export(dir / "src", dir / "out");
  const fs::path path = OnlyGguf(dir / "out");
  const std::string whole = ReadSmallFile(path, 1 << 24);
  const io::GgufHeader header = io::ParseGguf(std::as_bytes(std::span(whole)), whole.size());
  for (const uint64_t at : {header.data_offset, whole.size() - 1, whole.size() / 2, uint64_t{40}}) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    WriteFileAtomically(path, changed);
    EXPECT_FALSE(checkpoint::VerifyFolder(dir / "out", {}).ok()) << at;
  }
  WriteFileAtomically(path, whole);
  ExpectVerified(dir / "out");
}

TEST(ExportGguf, TheFolderIsTheModelUnlessItHoldsSeveral) {
  const test::TempDir dir;
  test::WriteSmallLlama(dir / "src", 1);
  Export(dir / "src", dir / "out");
  EXPECT_EQ(checkpoint::OpenCheckpoint(dir / "out").root, OnlyGguf(dir / "out"));
  fs::copy_file(OnlyGguf(dir / "out"), dir / "out" / "second.gguf");
  ExpectRefused([&] { checkpoint::OpenCheckpoint(dir / "out"); }, ErrorCode::kInvalidArgument,
                "holds 2 .gguf models");
}

}  // namespace
}  // namespace hlwq::convert
