#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "chat/text_model.h"
#include "kernels/vector_ops.h"
#include "runtime/engine.h"
#include "study/corpus/prepare.h"
#include "study/corpus/tokenizer_files.h"

namespace hlwq::study {
namespace {

// Documents that are made side by side.
constexpr size_t kDocumentsAtOnce = 64;

struct Choice {
  TokenId token = 0;
  double nll = 0;
};

// The token whose interval of the cumulative distribution has `place` in it.
Choice Choose(std::span<const float> logits, double place) {
  const double log_sum = kernels::LogSumExp(logits);
  double left = place;
  size_t token = 0;
  for (; token + 1 < logits.size(); ++token) {
    left -= std::exp(logits[token] - log_sum);
    if (left < 0) break;
  }
  return {static_cast<TokenId>(token), log_sum - logits[token]};
}

struct Document {
  std::vector<TokenId> tokens;
  double nll = 0;
};

// Makes documents [first, first + states.size()).
std::vector<Document> Sample(runtime::Engine& engine, std::deque<runtime::SequenceState>& states,
                             TokenId start, uint64_t first, const SampledCorpusOptions& options) {
  std::vector<Document> documents(states.size());
  std::vector<CounterRandom> randoms;
  std::vector<runtime::Work> works(states.size());
  std::vector<TokenId> newest(states.size(), start);
  for (size_t index = 0; index < states.size(); ++index) {
    states[index].Clear();
    randoms.emplace_back(options.seed, first + index);
    works[index] = {.sequence = &states[index], .tokens = std::span(newest).subspan(index, 1)};
  }
  for (size_t place = 0; place < options.document_tokens; ++place) {
    std::vector<TokenId> chosen(states.size());
    engine.Step(works, [&](size_t work, size_t, std::span<const float> logits) {
      const Choice choice = Choose(logits, randoms[work].Uniform());
      chosen[work] = choice.token;
      documents[work].tokens.push_back(choice.token);
      documents[work].nll += choice.nll;
    });
    std::ranges::copy(chosen, newest.begin());
  }
  return documents;
}

}  // namespace

void PrepareFromModel(const SampledCorpusOptions& options, const std::filesystem::path& folder) {
  chat::TextModel model(options.model, {.engine = {.threads = options.threads}});
  runtime::Engine& engine = model.engine();
  const size_t wanted = std::max<size_t>(1, options.tokens / options.document_tokens);
  if (options.document_tokens > engine.config().max_positions) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: want documents of at most {} tokens, its context, got {}",
                            options.model.string(), engine.config().max_positions,
                            options.document_tokens));
  }
  CorpusTokens corpus;
  corpus.vocabulary = engine.config().sizes.vocab;
  corpus.start = model.EncodePrompt("").front();
  corpus.document_tokens = options.document_tokens;
  corpus.source = options.model.string();
  std::deque<runtime::SequenceState> states;
  for (size_t index = 0; index < std::min(kDocumentsAtOnce, wanted); ++index) {
    states.push_back(
        engine.MakeState({.format = DType::kF32, .capacity = options.document_tokens + 1}));
  }
  size_t made = 0;
  while (made < wanted) {
    for (Document& document : Sample(engine, states, corpus.start, made, options)) {
      if (made == wanted) break;
      const auto split =
          static_cast<size_t>(SplitOf(std::as_bytes(std::span(document.tokens)), options.shares));
      CorpusTokens::Part& part = corpus.splits[split];
      part.tokens.insert(part.tokens.end(), document.tokens.begin(), document.tokens.end());
      part.ends.push_back(static_cast<int64_t>(part.tokens.size()));
      part.source_nll.push_back(document.nll);
      ++made;
    }
    if (options.on_progress) {
      options.on_progress(made * options.document_tokens, wanted * options.document_tokens);
    }
  }
  corpus.facts["kind"] = "model";
  corpus.facts["model"] = std::filesystem::absolute(options.model).string();
  corpus.facts["seed"] = std::to_string(options.seed);
  corpus.facts["shares"] = fmt::format("{} {}", options.shares.validation, options.shares.test);
  std::filesystem::create_directories(folder);
  corpus.facts["tokenizer_hash"] = CopyTokenizer(options.model, folder);
  WriteCorpus(folder, corpus);
}

}  // namespace hlwq::study
