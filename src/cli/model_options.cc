#include "cli/model_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/expert_options.h"
#include "cli/output.h"
#include "cli/verbs/conversion.h"

namespace hlwq::cli {
namespace {

DType CacheTypeOf(const Arguments& arguments) {
  const std::string name = arguments.Text("cache-type");
  if (name == "f32") return DType::kF32;
  return name == "bf16" ? DType::kBF16 : DType::kF16;
}

}  // namespace

runtime::Engine OpenEngine(const Arguments& arguments, const std::filesystem::path& path,
                           int engines) {
  runtime::Engine engine(path, {.threads = ThreadsOf(arguments)});
  HoldExperts(arguments, engine, engines);
  return engine;
}

void PrintModelNotes(const Arguments& arguments, const runtime::Engine& engine) {
  for (const std::string& note : engine.model().notes()) PrintNote(arguments, note);
}

runtime::KvCacheOptions CacheOptionsOf(const Arguments& arguments, size_t tokens) {
  return {.dtype = CacheTypeOf(arguments), .capacity = tokens};
}

size_t ContextTokensOf(const Arguments& arguments, const model::ModelConfig& config) {
  const auto wanted = arguments.FindInteger("ctx-size");
  if (!wanted) return std::min(config.max_positions, kDefaultContextTokens);
  if (static_cast<uint64_t>(*wanted) > config.max_positions) {
    PrintNote(arguments, fmt::format("--ctx-size {}: the model was made for {} positions", *wanted,
                                     config.max_positions));
  }
  return static_cast<size_t>(*wanted);
}

}  // namespace hlwq::cli
