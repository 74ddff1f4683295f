#include "checkpoint/gguf/tokenizer_steps.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"

namespace hlwq::checkpoint {
namespace {

using nlohmann::json;

constexpr std::string_view kSpaceMark = "\u2581";

[[noreturn]] void Unsupported(const std::string& what) {
  throw Error(ErrorCode::kUnsupported, "llama.cpp has no counterpart of " + what);
}

std::string TypeOf(const json& step) { return step.value("type", ""); }

// A step, or the steps of a Sequence; none for null.
std::vector<json> StepsOf(const json& step, const char* list) {
  if (step.is_null()) return {};
  if (TypeOf(step) != "Sequence") return {step};
  std::vector<json> steps;
  for (const json& inner : step.at(list)) {
    for (json& innermost : StepsOf(inner, list)) steps.push_back(std::move(innermost));
  }
  return steps;
}

std::string SplitExpression(const json& step) {
  const bool is_inverted = step.value("invert", false);
  const std::string behavior = step.value("behavior", "");
  const json& pattern = step.at("pattern");
  // What does not match is dropped, or a piece of its own: the same where everything matches.
  const bool keeps_all =
      (behavior == "Isolated" && !is_inverted) || (behavior == "Removed" && is_inverted);
  if (!keeps_all || !pattern.contains("Regex")) {
    Unsupported(fmt::format("the pre_tokenizer step Split ({})", behavior));
  }
  return pattern.at("Regex").get<std::string>();
}

const PreTokenizer* ReadByteLevel(const std::vector<json>& steps, bool ignores_merges) {
  std::vector<std::string> expressions;
  for (const json& step : steps) {
    const std::string type = TypeOf(step);
    if (type == "Split") {
      expressions.push_back(SplitExpression(step));
    } else if (type == "Digits" && step.value("individual_digits", false)) {
      expressions.emplace_back(kDigitExpression);
    } else if (type == "ByteLevel") {
      if (step.value("add_prefix_space", true)) Unsupported("a space that ByteLevel puts in front");
      if (step.value("use_regex", true)) expressions.emplace_back(kGpt2Expression);
    } else {
      Unsupported(fmt::format("the pre_tokenizer step {}", type));
    }
  }
  const PreTokenizer* found = FindPreTokenizer(expressions, ignores_merges);
  if (found == nullptr) {
    Unsupported(fmt::format("the pre_tokenizer: {} expressions that none of its rules has{}",
                            expressions.size(), ignores_merges ? " with ignore_merges" : ""));
  }
  return found;
}

// Spaces become marks, by a normalizer or by Metaspace; true when one is put in front.
bool ReadSentencePiece(const std::vector<json>& normalizers, const std::vector<json>& steps) {
  bool adds_space = false, marks_spaces = false;
  for (const json& step : normalizers) {
    const std::string type = TypeOf(step);
    if (type == "Prepend" && step.value("prepend", "") == kSpaceMark) {
      adds_space = true;
    } else if (type == "Replace" && step.at("pattern").value("String", "") == " " &&
               step.value("content", "") == kSpaceMark) {
      marks_spaces = true;
    } else {
      Unsupported(fmt::format("the normalizer step {}", type));
    }
  }
  for (const json& step : steps) {
    const std::string type = TypeOf(step);
    if (type != "Metaspace" || step.value("replacement", std::string(kSpaceMark)) != kSpaceMark) {
      Unsupported(fmt::format("the pre_tokenizer step {} of a tokenizer without ByteLevel", type));
    }
    // Cutting at spaces forbids merges across them, which SentencePiece BPE allows.
    if (step.value("split", true))
      Unsupported("the pre_tokenizer step Metaspace that cuts at spaces");
    marks_spaces = true;
    adds_space |= step.value("prepend_scheme", "always") != "never";
  }
  if (!marks_spaces)
    Unsupported("a BPE tokenizer that neither ByteLevel nor \u2581 is for spaces in");
  return adds_space;
}

}  // namespace

TokenizerSteps ReadTokenizerSteps(const json& tokenizer) {
  const json& model = tokenizer.at("model");
  if (const std::string type = model.value("type", "BPE"); type != "BPE") {
    Unsupported(fmt::format("the tokenizer model {}: want BPE", type));
  }
  const auto steps_of = [&](const char* key, const char* list) {
    return tokenizer.contains(key) ? StepsOf(tokenizer.at(key), list) : std::vector<json>{};
  };
  const std::vector<json> normalizers = steps_of("normalizer", "normalizers");
  const std::vector<json> steps = steps_of("pre_tokenizer", "pretokenizers");
  const auto is_byte_level = [](const json& step) { return TypeOf(step) == "ByteLevel"; };
  if (std::ranges::none_of(steps, is_byte_level)) {
    return {nullptr, ReadSentencePiece(normalizers, steps)};
  }
  for (const json& step : normalizers) {
    // The families that normalise do so in their own files; llama.cpp leaves it to its caller.
    if (TypeOf(step) != "NFC") Unsupported(fmt::format("the normalizer step {}", TypeOf(step)));
  }
  return {ReadByteLevel(steps, model.value("ignore_merges", false)), false};
}

}  // namespace hlwq::checkpoint
