// Loading a tokenizer.json, encoding and decoding with it. Both files are named by the environment:
//
//   HLWQ_TOKENIZER=.../tokenizer.json HLWQ_TEXT=.../wiki.test.raw hlwq_text_bench
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "text/tokenizer.h"

namespace hlwq::text {
namespace {

std::string FileOf(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) {
    throw Error(ErrorCode::kInvalidArgument, std::string(variable) + " names no file");
  }
  return ReadSmallFile(path, 256u << 20);
}

// Runs `body` with the error as the benchmark's own where a file is not there.
template <typename Body>
void Guarded(benchmark::State& state, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    state.SkipWithError(error.what());
  }
}

void SetBytes(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}

void Load(benchmark::State& state) {
  Guarded(state, [&] {
    const std::string json = FileOf("HLWQ_TOKENIZER");
    for (auto _ : state) benchmark::DoNotOptimize(Tokenizer(json).size());
    SetBytes(state, json.size());
  });
}
BENCHMARK(Load)->Name("Tokenizer/load")->Unit(benchmark::kMillisecond);

// The argument is how much of the text is encoded at a time: a prompt, or a whole file.
void Encode(benchmark::State& state) {
  Guarded(state, [&] {
    const Tokenizer tokenizer(FileOf("HLWQ_TOKENIZER"));
    const std::string text = FileOf("HLWQ_TEXT").substr(0, static_cast<size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(tokenizer.Encode(text).data());
    SetBytes(state, text.size());
  });
}
BENCHMARK(Encode)->Name("Tokenizer/encode")->Arg(200)->Arg(4000)->Arg(64 << 20);

void Decode(benchmark::State& state) {
  Guarded(state, [&] {
    const Tokenizer tokenizer(FileOf("HLWQ_TOKENIZER"));
    const std::string text = FileOf("HLWQ_TEXT");
    const std::vector<TokenId> ids = tokenizer.Encode(text);
    for (auto _ : state) benchmark::DoNotOptimize(tokenizer.Decode(ids).data());
    SetBytes(state, text.size());
  });
}
BENCHMARK(Decode)->Name("Tokenizer/decode");

// One letter again and again: the longest word there is.
void EncodeOneLetter(benchmark::State& state) {
  Guarded(state, [&] {
    const Tokenizer tokenizer(FileOf("HLWQ_TOKENIZER"));
    const std::string text(static_cast<size_t>(state.range(0)), 'a');
    for (auto _ : state) benchmark::DoNotOptimize(tokenizer.Encode(text).data());
    SetBytes(state, text.size());
  });
}
BENCHMARK(EncodeOneLetter)->Name("Tokenizer/encode_one_letter")->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace hlwq::text
