// What a model's files say about generating with it.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/sampler_options.h"

namespace hlwq::runtime {

struct GenerationConfig {
  std::vector<TokenId> eos;            // each of them ends an answer; may be empty
  std::vector<std::string> eos_texts;  // the same, given as the texts of tokens
  std::optional<TokenId> bos;
  // How the makers sample; empty where they do not say.
  std::optional<bool> do_sample;
  std::optional<double> temperature, top_p, min_p, typical_p, repetition_penalty;
  std::optional<size_t> top_k;

  // `defaults` with what is said here: do_sample false is temperature 0.
  SamplerOptions Apply(SamplerOptions defaults) const;
};

// Reads parsed files, each an object or null. An answer ends at what any of generation_config.json,
// config.json and its text_config names; it begins with what the first of them names. Throws
// Error{kInvalidData} naming file and key.
GenerationConfig ReadGenerationConfig(const nlohmann::json& generation_config,
                                      const nlohmann::json& config);

}  // namespace hlwq::runtime
