// What a client wants of a model, whichever API it speaks, and what comes back.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "constrain/grammar.h"
#include "runtime/generate.h"

namespace hlwq::server {

struct Request {
  std::vector<std::vector<runtime::TokenId>> prompts;  // each is answered by itself; one at least
  runtime::GenerateOptions generate;
  std::vector<std::string> stops;  // an answer ends before the first of these texts
  bool continues_prompt = false;   // chat::AnswerOptions
  std::shared_ptr<const constrain::Grammar> grammar;  // that every answer follows; may be null
  size_t choices = 1;  // answers to each prompt; each has the seed of the one before it plus 1
  // Of each token its probability, and that of so many of the likeliest ones.
  std::optional<size_t> top_logprobs;
  // Whether what earlier prompts left may be taken over.
  bool reuses_prompts = true;

  // Answers are numbered through, those to the first prompt first.
  size_t answers() const noexcept { return prompts.size() * choices; }
  const std::vector<runtime::TokenId>& PromptOf(size_t answer) const noexcept {
    return prompts[answer / choices];
  }
};

struct TokenLogprob {
  runtime::TokenId token = 0;
  float logprob = 0;  // natural logarithm, of the model's own distribution: before any filter
};

// Text of a choice (the number of an answer) that is certain, whole characters. Tokens are those that were chosen since the last
// piece; a piece may have tokens and no text.
struct Piece {
  struct Token {
    TokenLogprob chosen;
    std::vector<TokenLogprob> likeliest;
  };

  size_t choice = 0;
  std::string text;
  std::vector<Token> tokens;  // where the request asked for top_logprobs
  // Bytes of the whole answer that were certain after each token since the last piece.
  std::vector<size_t> ends = {};
};

// So many tokens of the prompt are read.
struct Progress {
  size_t done = 0, total = 0;
};

// A choice is over.
struct End {
  size_t choice = 0;
  // "eos", "stop" for a stop string, "length", "stopped" as the client went, or "context_full".
  std::string reason;
  std::optional<std::string> found_stop;
  runtime::GenerateTimes times;
};

// The request is over, choices that have no End among them.
struct Failure {
  std::string message;
};

using Event = std::variant<Progress, Piece, End, Failure>;

}  // namespace hlwq::server
