// The public API: checkpoints in, checkpoints and answers out. Everything here throws hlwq::Error
// and nothing else. The types are those of the boxes behind it; their headers say what each field means.
//
//   const hlwq::Checkpoint model = hlwq::OpenCheckpoint("model");
//   hlwq::Quantize(model, "model-hlwq", {.recipe = {.bits = 5}});
//   if (!hlwq::VerifyFolder("model-hlwq").ok()) ...
//
//   hlwq::TextModel text_model("model-hlwq");
//   hlwq::Conversation conversation(text_model.chat_format(), {});
//   conversation.Add("user", "What is a Hadamard matrix?");
//   hlwq::Session session(text_model, {.capacity = 4096});
//   session.Reply(conversation.Prompt(text_model.tokenizer()),
//                 {.generate = text_model.DefaultOptions()}, {.on_text = on_text});
#pragma once

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "chat/conversation.h"
#include "chat/session.h"
#include "chat/text_model.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/manifest.h"
#include "checkpoint/verify.h"
#include "convert/compressed_tensors/export.h"
#include "convert/dequantize.h"
#include "convert/export_gguf.h"
#include "convert/quantize.h"
#include "eval/compare.h"
#include "hlwq/version.h"
#include "kernels/cpu_backend.h"
#include "runtime/generate.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace hlwq {

using chat::Answer;
using chat::AnswerCallbacks;
using chat::AnswerOptions;
using chat::Conversation;
using chat::ConversationOptions;
using chat::ExpertOptions;
using chat::Session;
using chat::TextModel;
using chat::TextModelOptions;
using checkpoint::Checkpoint;
using checkpoint::Manifest;
using checkpoint::VerifyProblem;
using checkpoint::VerifyResult;
using convert::CompressedTensorsOptions;
using convert::ConversionResult;
using convert::DequantizeOptions;
using convert::ExportGgufOptions;
using convert::QuantizeOptions;
using eval::CompareOptions;
using report::CompareResult;
using runtime::Engine;
using runtime::EngineOptions;
using runtime::EvictionPolicy;
using runtime::ExpertCacheOptions;  // of Engine::CacheExperts
using runtime::GenerateCallbacks;
using runtime::GenerateOptions;
using runtime::Generation;
using runtime::GenerationResult;
using runtime::KvCacheOptions;
using runtime::PoolBytes;
using runtime::Sequence;
using runtime::SlotsPerLayer;
using runtime::TokenId;
using text::ChatTemplate;
using text::Tokenizer;

// A folder, a .safetensors or a .gguf file, of any format that hlwq reads; reads headers only.
using checkpoint::OpenCheckpoint;
// What a folder that hlwq wrote says of itself; empty where there is no manifest.
using checkpoint::ReadManifest;
// Whether a comparison is above a bar.
using eval::MeetsBar;

// Token ids in, token ids out (runtime/generate.h): what a Session is made of.
using runtime::Generate;

// The functions below compute with the vector kernels of the running processor; the result is the
// same on every one.

// Into the folder `destination`, as polar_state.
inline ConversionResult Quantize(const Checkpoint& source, const std::filesystem::path& destination,
                                 const QuantizeOptions& options = {}) {
  return convert::Quantize(source, destination, options, kernels::CpuBackend());
}

// Into the folder `destination`, as plain safetensors in the layout of transformers.
inline ConversionResult Dequantize(const Checkpoint& source,
                                   const std::filesystem::path& destination,
                                   const DequantizeOptions& options = {}) {
  return convert::Dequantize(source, destination, options, kernels::CpuBackend());
}

// Into the folder `destination`, as integers that vLLM and transformers load.
inline ConversionResult ExportCompressedTensors(Checkpoint source,
                                                const std::filesystem::path& destination,
                                                const CompressedTensorsOptions& options = {}) {
  return convert::ExportCompressedTensors(std::move(source), destination, options,
                                          kernels::CpuBackend());
}

// Into the folder `destination`, as one file that llama.cpp loads.
inline ConversionResult ExportGguf(Checkpoint source, const std::filesystem::path& destination,
                                   const ExportGgufOptions& options = {}) {
  return convert::ExportGguf(std::move(source), destination, options, kernels::CpuBackend());
}

// The error of every tensor of `first` in `second`.
inline CompareResult Compare(const Checkpoint& first, const Checkpoint& second,
                             const CompareOptions& options = {}) {
  return eval::Compare(first, second, options, kernels::CpuBackend());
}

// Every byte of a folder that hlwq wrote, against its manifest.
inline VerifyResult VerifyFolder(const std::filesystem::path& folder,
                                 const checkpoint::VerifyOptions& options = {}) {
  return checkpoint::VerifyFolder(folder, options);
}

}  // namespace hlwq
