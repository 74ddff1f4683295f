#include "checkpoint/gguf/open.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "checkpoint/gguf/names.h"
#include "checkpoint/row_reader.h"
#include "codec/backend.h"
#include "tests/support/expect_error.h"
#include "tests/support/gguf_builder.h"
#include "tests/support/shared_data.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;
using test::GgufBuilder;
using testing::HasSubstr;

std::string SideContent(const std::vector<SideFile>& files, std::string_view name) {
  for (const SideFile& file : files) {
    if (file.name == name) return ReadSideFile(file);
  }
  ADD_FAILURE() << "no " << name;
  return "null";
}

class GoldenGguf : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path Folder() const { return test::Golden("good/gguf") / GetParam(); }
  json Expected(std::string_view name) const { return ReadJsonFile(Folder() / name); }
  Checkpoint Open() const { return OpenGguf(File::OpenForRead(Folder() / "model.gguf")); }
};

// Names, shapes and every bit of every value, the row order of q and k undone.
TEST_P(GoldenGguf, TensorsAreThoseOfTransformers) {
  const Checkpoint checkpoint = Open();
  const json expected = Expected("tensors.json");
  EXPECT_EQ(checkpoint.tensors.size(), expected.size());
  for (const TensorEntry& entry : checkpoint.tensors) {
    ASSERT_TRUE(expected.contains(entry.name)) << entry.name;
    ASSERT_EQ(entry.shape, expected[entry.name]["shape"].get<Shape>()) << entry.name;
    const RowReader reader(checkpoint, entry, codec::ReferenceBackend());
    std::vector<float> values(entry.elements());
    reader.ReadRows({0, reader.matrix().out}, values);
    EXPECT_EQ(HashToHex(Xxh3(std::as_bytes(std::span(values)))),
              expected[entry.name]["xxh3"].get<std::string>())
        << entry.name;
  }
}

TEST_P(GoldenGguf, DTypesKeepWhatTheSourceHolds) {
  for (const TensorEntry& entry : Open().tensors) {
    const auto type = std::get<GgmlStorage>(entry.storage).type;
    EXPECT_EQ(entry.dtype, type == codec::GgmlType::kF32    ? DType::kF32
                           : type == codec::GgmlType::kBF16 ? DType::kBF16
                                                            : DType::kF16)
        << entry.name;
  }
}

// What describes the model in transformers' own config.json; the rest of it is defaults.
TEST_P(GoldenGguf, ConfigIsThatOfTransformers) {
  const Checkpoint checkpoint = Open();
  const json expected = Expected("config.json");
  std::vector<std::string> keys = {"model_type",
                                   "hidden_size",
                                   "intermediate_size",
                                   "num_hidden_layers",
                                   "num_attention_heads",
                                   "num_key_value_heads",
                                   "head_dim",
                                   "vocab_size",
                                   "rms_norm_eps",
                                   "max_position_embeddings",
                                   "rope_parameters",
                                   "tie_word_embeddings",
                                   "bos_token_id",
                                   "eos_token_id",
                                   "pad_token_id",
                                   "hidden_act",
                                   "attention_dropout"};
  if (expected["model_type"] != "qwen2") keys.push_back("attention_bias");
  if (expected["model_type"] == "llama") {
    keys.push_back("mlp_bias");
  } else {
    keys.insert(keys.end(), {"use_sliding_window", "sliding_window"});
  }
  for (const std::string& key : keys) {
    ASSERT_TRUE(expected.contains(key)) << key;
    ASSERT_TRUE(checkpoint.config.contains(key)) << key;
    EXPECT_EQ(checkpoint.config[key], expected[key]) << key;
  }
  EXPECT_EQ(ParseJson(SideContent(checkpoint.side_files, "config.json")), checkpoint.config);
}

// The spelling of transformers 4 says the same.
TEST_P(GoldenGguf, ConfigHasBothSpellings) {
  const json config = Open().config;
  json parameters =
      config["rope_scaling"].is_null() ? json{{"rope_type", "default"}} : config["rope_scaling"];
  parameters["rope_theta"] = config["rope_theta"];
  EXPECT_EQ(parameters, config["rope_parameters"]);
  EXPECT_EQ(config["dtype"], config["torch_dtype"]);
}

TEST_P(GoldenGguf, TokenizerIsTheOneTheMetadataCameFrom) {
  const Checkpoint checkpoint = Open();
  json made = ParseJson(SideContent(checkpoint.side_files, "tokenizer.json"));
  const json expected = Expected("tokenizer.json");
  // The original keeps added tokens outside the model; ids and texts are the same.
  json vocab = expected["model"]["vocab"];
  for (const json& token : expected["added_tokens"]) {
    vocab[token["content"].get<std::string>()] = token["id"];
  }
  EXPECT_EQ(made["model"]["vocab"], vocab);
  EXPECT_EQ(made["model"]["merges"], expected["model"]["merges"]);
  EXPECT_EQ(made["added_tokens"], expected["added_tokens"]);
  EXPECT_EQ(made["normalizer"], expected["normalizer"]);
  EXPECT_EQ(made["pre_tokenizer"].is_null(), expected["pre_tokenizer"].is_null());
  if (!made["pre_tokenizer"].is_null()) {
    EXPECT_EQ(made["pre_tokenizer"]["pretokenizers"], expected["pre_tokenizer"]["pretokenizers"]);
  }
  EXPECT_EQ(made["decoder"]["type"], expected["decoder"]["type"]);
  EXPECT_EQ(made["decoder"]["decoders"], expected["decoder"].value("decoders", json()));
  EXPECT_EQ(made["model"]["unk_token"], expected["model"]["unk_token"]);
  EXPECT_EQ(made["model"]["byte_fallback"], expected["model"]["byte_fallback"]);
}

TEST_P(GoldenGguf, GoesThroughOpenCheckpoint) {
  const Checkpoint checkpoint = OpenCheckpoint(Folder() / "model.gguf");
  EXPECT_EQ(checkpoint.format, Format::kGguf);
  EXPECT_EQ(checkpoint.header_hashes.size(), 1u);
  const Checkpoint again = OpenCheckpoint(Folder() / "model.gguf");
  EXPECT_EQ(checkpoint.header_hashes, again.header_hashes);
  EXPECT_THAT(checkpoint.notes, testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenGguf,
                         testing::Values("llama-spm", "llama-bpe", "qwen2", "qwen3"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(OpenGguf, BosAndTemplateFollowTheMetadata) {
  const auto files = [](std::string_view name) {
    return OpenGguf(File::OpenForRead(test::Golden("good/gguf") / name / "model.gguf")).side_files;
  };
  const json spm = ParseJson(SideContent(files("llama-spm"), "tokenizer.json"));
  EXPECT_EQ(spm["post_processor"]["type"], "TemplateProcessing");
  EXPECT_EQ(spm["post_processor"]["special_tokens"]["<s>"]["ids"], json({1}));
  const json bpe = ParseJson(SideContent(files("qwen2"), "tokenizer.json"));
  EXPECT_TRUE(bpe["post_processor"].is_null());
  const json config = ParseJson(SideContent(files("qwen2"), "tokenizer_config.json"));
  EXPECT_EQ(config["chat_template"], SideContent(files("qwen2"), "chat_template.jinja"));
  EXPECT_EQ(config["add_bos_token"], false);
  EXPECT_EQ(config["eos_token"], "<|im_end|>");
  // A filler that only reaches the rows of the embedding is no token.
  EXPECT_FALSE(bpe["model"]["vocab"].contains("[PAD383]"));
}

// Stored row of row r is where the converter's reshape (2, d/2) -> (d/2, 2) puts it.
TEST(UnpermutedHeads, InvertsTheConverter) {
  constexpr uint64_t kHeads = 3, kDim = 8;
  const std::vector<uint64_t> map = UnpermutedHeads(kHeads, kDim);
  ASSERT_EQ(map.size(), kHeads * kDim);
  for (uint64_t head = 0; head < kHeads; ++head) {
    for (uint64_t half = 0; half < 2; ++half) {
      for (uint64_t j = 0; j < kDim / 2; ++j) {
        EXPECT_EQ(map[head * kDim + half * (kDim / 2) + j], head * kDim + 2 * j + half);
      }
    }
  }
}

// A llama of one layer, 32 wide; `change` may spoil it.
std::string TinyModel(
    const std::function<void(GgufBuilder&)>& change = [](GgufBuilder&) {},
    std::string_view without = "") {
  GgufBuilder builder;
  if (without != "general.architecture") builder.String("general.architecture", "llama");
  const std::vector<std::pair<std::string, uint32_t>> sizes = {{"llama.embedding_length", 32},
                                                               {"llama.block_count", 1},
                                                               {"llama.feed_forward_length", 32},
                                                               {"llama.attention.head_count", 2},
                                                               {"llama.context_length", 64}};
  for (const auto& [key, value] : sizes) {
    if (key != without) builder.Uint(key, value);
  }
  if (without != "llama.attention.layer_norm_rms_epsilon") {
    builder.Float("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  }
  change(builder);
  const auto tensor = [&](const std::string& name, std::vector<uint64_t> axes) {
    if (name == without) return;
    uint64_t bytes = 4;
    for (const uint64_t axis : axes) bytes *= axis;
    builder.Tensor(name, axes, 0, std::string(bytes, '\0'));
  };
  tensor("token_embd.weight", {32, 8});
  tensor("output_norm.weight", {32});
  for (const char* norm : {"attn_norm", "ffn_norm"})
    tensor(fmt::format("blk.0.{}.weight", norm), {32});
  for (const char* matrix :
       {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
    tensor(fmt::format("blk.0.{}.weight", matrix), {32, 32});
  }
  return builder.File();
}

GgufView Map(const std::string& file) {
  return MapGguf(io::ParseGguf(std::as_bytes(std::span(file)), file.size()),
                 [&](const io::GgufTensor& tensor) {
                   std::vector<std::byte> bytes(tensor.bytes);
                   std::memcpy(bytes.data(), file.data() + tensor.offset, tensor.bytes);
                   return bytes;
                 });
}

void ExpectRefused(const std::string& file, ErrorCode code, std::string_view word) {
  test::ExpectError(code, word, [&] { Map(file); });
}

TEST(MapGguf, ModelWithoutTokenizerHasANote) {
  const GgufView view = Map(TinyModel());
  EXPECT_EQ(view.tensors.size(), 11u);
  ASSERT_EQ(view.notes.size(), 1u);
  EXPECT_THAT(view.notes[0], HasSubstr("no tokenizer"));
  EXPECT_EQ(view.side_files.size(), 2u);
  EXPECT_EQ(view.config["num_key_value_heads"], 2);
  EXPECT_EQ(view.config["head_dim"], 16);
  EXPECT_EQ(view.config["rms_norm_eps"], 1e-05);
}

// Weights can be read without it.
TEST(MapGguf, AVocabularyIsReadWhenItIsAskedFor) {
  const GgufView view = Map(TinyModel([](GgufBuilder& b) {
    b.String("tokenizer.ggml.model", "gpt2")
        .String("tokenizer.ggml.pre", "default")
        .Strings("tokenizer.ggml.tokens", {"a", "b", "a"});
  }));
  EXPECT_EQ(view.side_files.size(), 5u);
  for (const SideFile& file : view.side_files) {
    if (!file.name.starts_with("tokenizer") && !file.name.starts_with("special")) continue;
    try {
      ReadSideFile(file);
      ADD_FAILURE() << file.name << ": accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidData) << error.what();
    }
  }
}

TEST(MapGguf, MissingPartsAreNamed) {
  for (const std::string name :
       {"general.architecture", "llama.embedding_length", "llama.block_count",
        "llama.feed_forward_length", "llama.attention.head_count", "llama.context_length",
        "llama.attention.layer_norm_rms_epsilon", "token_embd.weight", "output_norm.weight",
        "blk.0.attn_k.weight", "blk.0.ffn_norm.weight"}) {
    ExpectRefused(TinyModel([](GgufBuilder&) {}, name), ErrorCode::kInvalidData, name);
  }
}

TEST(MapGguf, UnsupportedThingsAreNamed) {
  const auto refused = [](auto change, std::string_view word) {
    ExpectRefused(TinyModel(change), ErrorCode::kUnsupported, word);
  };
  ExpectRefused(GgufBuilder().String("general.architecture", "gemma3").File(),
                ErrorCode::kUnsupported, "architecture 'gemma3'");
  refused([](GgufBuilder& b) { b.String("general.type", "adapter"); }, "'adapter'");
  refused(
      [](GgufBuilder& b) { b.Pair("split.count", test::kU16, GgufBuilder::Bytes<uint16_t>(3)); },
      "split GGUF");
  refused([](GgufBuilder& b) { b.Uint("llama.expert_count", 8); }, "llama.expert_count");
  refused([](GgufBuilder& b) { b.Float("llama.logit_scale", 0.5f); }, "llama.logit_scale");
  refused([](GgufBuilder& b) { b.Uint("llama.rope.dimension_count", 8); }, "rope.dimension_count");
  refused([](GgufBuilder& b) { b.String("llama.rope.scaling.type", "longrope"); }, "'longrope'");
  refused([](GgufBuilder& b) { b.String("tokenizer.ggml.model", "t5"); }, "tokenizer model 't5'");
  refused(
      [](GgufBuilder& b) {
        b.String("tokenizer.ggml.model", "gpt2")
            .String("tokenizer.ggml.pre", "viking")
            .Strings("tokenizer.ggml.tokens", {"a"});
      },
      "pre type 'viking'");
  refused(
      [](GgufBuilder& b) { b.Tensor("blk.0.attn_sinks.weight", {8}, 0, std::string(32, '\0')); },
      "'blk.0.attn_sinks.weight'");
  refused(
      [](GgufBuilder& b) {
        b.Tensor("output.weight", {32, 8}, 20, std::string(144, '\0'));
      },
      "type IQ4_NL");
  refused([](GgufBuilder& b) { b.Tensor("rope_freqs.weight", {8}, 0, std::string(32, '\x41')); },
          "'rope_freqs.weight'");
}

TEST(MapGguf, ContradictionsAreNamed) {
  const auto refused = [](auto change, std::string_view word) {
    ExpectRefused(TinyModel(change), ErrorCode::kInvalidData, word);
  };
  refused([](GgufBuilder& b) { b.Uint("llama.attention.head_count_kv", 0); }, "head_count_kv");
  refused([](GgufBuilder& b) { b.Uint("llama.attention.key_length", 15); }, "odd");
  refused([](GgufBuilder& b) { b.Uint("llama.attention.key_length", 32); },
          "'blk.0.attn_q.weight'");
  refused([](GgufBuilder& b) { b.Float("llama.rope.freq_base", -1); }, "freq_base");
  refused(
      [](GgufBuilder& b) {
        b.Tensor("output.weight", {32, 9}, 0, std::string(1152, '\0'));
      },
      "'output.weight': want shape [8, 32], got [9, 32]");
  refused([](GgufBuilder& b) { b.String("llama.rope.scaling.type", "linear"); }, "scaling.factor");
  refused([](GgufBuilder& b) { b.Tensor("rope_freqs.weight", {7}, 0, std::string(28, '\0')); },
          "'rope_freqs.weight': want F32 [8]");
}

TEST(MapGguf, LayersOfOneSizeMayBeListed) {
  const std::string even = TinyModel(
      [](GgufBuilder& b) { b.Numbers<int32_t>("llama.attention.head_count_kv", test::kI32, {2}); });
  EXPECT_EQ(Map(even).config["num_key_value_heads"], 2);
  ExpectRefused(TinyModel([](GgufBuilder& b) {
                  b.Numbers<int32_t>("llama.attention.head_count_kv", test::kI32, {2, 1});
                }),
                ErrorCode::kUnsupported, "layers of different sizes");
}

TEST(MapGguf, StopsAndSamplingGoToTheGenerationConfig) {
  const GgufView view = Map(TinyModel([](GgufBuilder& b) {
    b.Uint("tokenizer.ggml.eos_token_id", 5)
        .Uint("tokenizer.ggml.eot_token_id", 6)
        .Uint("tokenizer.ggml.padding_token_id", 4000000000u)
        .Float("general.sampling.temp", 0.6f);
  }));
  const json generation = ParseJson(SideContent(view.side_files, "generation_config.json"));
  EXPECT_EQ(generation["eos_token_id"], json({5, 6}));
  EXPECT_EQ(generation["temperature"], 0.6);
  EXPECT_EQ(generation["do_sample"], true);
  EXPECT_EQ(view.config["eos_token_id"], 5);
  EXPECT_TRUE(view.config["pad_token_id"].is_null());
  EXPECT_THAT(view.notes, testing::Contains(HasSubstr("padding_token_id")));
}

// Both boxes know the sizes of blocks; they must agree.
TEST(GgufTypes, LayoutsAgreeWithTheDecoder) {
  size_t decoded = 0;
  for (uint32_t number = 0; number < 64; ++number) {
    const auto type = codec::GgmlTypeFromNumber(number);
    if (!type) continue;
    const io::GgufTypeLayout* layout = io::FindGgufType(number);
    ASSERT_NE(layout, nullptr) << number;
    EXPECT_EQ(layout->name, codec::GgmlTypeName(*type));
    EXPECT_EQ(layout->block_weights, codec::GgmlBlockWeights(*type));
    EXPECT_EQ(layout->block_bytes, codec::GgmlBlockBytes(*type));
    ++decoded;
  }
  EXPECT_EQ(decoded, 11u);
}

}  // namespace
}  // namespace hlwq::checkpoint
