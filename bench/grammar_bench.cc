// Masks of tokens that a grammar allows: of one choice, along an answer that follows a schema. With the vocabulary in
// HLWQ_TOKENIZER, the path of a tokenizer.json.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "constrain/formats.h"
#include "constrain/grammar.h"
#include "constrain/tool_formats.h"

namespace hlwq::bench {
namespace {

const nlohmann::ordered_json kSchema =
    nlohmann::ordered_json::parse(R"({"type": "object", "properties": {
  "title": {"type": "string"}, "year": {"type": "integer"}, "rating": {"type": "number"},
  "tags": {"type": "array", "items": {"type": "string"}},
  "author": {"type": "object", "properties": {"name": {"type": "string"}, "born": {"type": ["integer", "null"]}},
             "required": ["name", "born"]},
  "kind": {"enum": ["novel", "essay", "play"]}},
  "required": ["title", "year", "rating", "tags", "author", "kind"]})");
constexpr const char* kAnswer = R"({"title": "A Tale of Two Cities", "year": 1859, "rating": 4.25,
 "tags": ["London", "Paris, before and during the Revolution", "it was the best of times"],
 "author": {"name": "Charles Dickens", "born": 1812}, "kind": "novel"})";

std::string FileOf(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The vocabulary, whose last token ends an answer, and a compiler for it.
struct Vocabulary {
  explicit Vocabulary(const char* path) : tokenizer(FileOf(path)) {}

  text::Tokenizer tokenizer;
  text::TokenId end = static_cast<text::TokenId>(tokenizer.size() - 1);
  constrain::Compiler compiler{tokenizer, tokenizer.size(), std::span(&end, 1)};
};

template <typename Body>
void WithVocabulary(benchmark::State& state, Body body) {
  const char* path = std::getenv("HLWQ_TOKENIZER");
  if (path == nullptr || !constrain::IsAvailable()) {
    state.SkipWithError("no HLWQ_TOKENIZER, or built without xgrammar");
    return;
  }
  body(Vocabulary(path));
}

void Masks(benchmark::State& state, const constrain::Format& format, const std::string& answer) {
  WithVocabulary(state, [&](const Vocabulary& of) {
    const auto grammar = of.compiler.Compile(format);
    const auto tokens = of.tokenizer.Encode(answer, {.add_special = false});
    for (auto _ : state) {
      const auto filter = grammar->NewFilter();
      for (const text::TokenId token : tokens) {
        benchmark::DoNotOptimize(filter->Allowed().data());
        filter->Accept(token);
      }
    }
    state.counters["vocabulary"] = static_cast<double>(of.tokenizer.size());
    state.counters["seconds/token"] = benchmark::Counter(
        static_cast<double>(tokens.size()),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  });
}

// A schema that was not seen before.
void Compile(benchmark::State& state) {
  WithVocabulary(state, [&](const Vocabulary& of) {
    of.compiler.Compile(constrain::AnyText());
    int number = 0;
    for (auto _ : state) {
      nlohmann::ordered_json schema = kSchema;
      schema["properties"]["n" + std::to_string(number++)] = {{"type", "boolean"}};
      benchmark::DoNotOptimize(of.compiler.Compile(constrain::AsJson(schema)));
    }
  });
}

BENCHMARK_CAPTURE(Masks, schema, constrain::AsJson(kSchema), kAnswer)->UseRealTime();
BENCHMARK_CAPTURE(
    Masks, text_with_calls,
    *constrain::TextWithCallsOf({{"note_book", kSchema}}, {.style = constrain::ToolStyle::kHermes}),
    "Let me write this down, so that we do not forget it.\n<tool_call>\n{\"name\": \"note_book\", "
    "\"arguments\": " +
        std::string(kAnswer) + "}\n</tool_call>")
    ->UseRealTime();
BENCHMARK(Compile)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hlwq::bench
