#include "tests/study/study_support.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/random.h"

namespace hlwq::study {

void WriteSmallCorpus(const std::filesystem::path& folder, uint64_t seed) {
  CorpusTokens corpus;
  corpus.vocabulary = 12;
  corpus.document_tokens = 8;
  corpus.source = "a rule";
  CounterRandom random(seed, 0);
  for (size_t document = 0; document < 400; ++document) {
    CorpusTokens::Part& part = corpus.splits[document % 10 == 0 ? 1 : document % 10 == 1 ? 2 : 0];
    TokenId token = static_cast<TokenId>(random.Below(12));
    for (size_t place = 0; place < 8; ++place) {
      part.tokens.push_back(token);
      token = random.Below(4) == 0 ? static_cast<TokenId>(random.Below(12)) : (token + 5) % 12;
    }
    part.ends.push_back(static_cast<int64_t>(part.tokens.size()));
    part.source_nll.push_back(8.0);
  }
  std::filesystem::create_directories(folder);
  WriteCorpus(folder, corpus);
}

StudyConfig SmallStudy() {
  StudyConfig config;
  config.name = "small";
  config.seeds = {1};
  config.model = {.layers = 2, .heads = 2, .width = 16, .hidden = 24, .window = 8};
  config.training.steps = 30;
  config.training.batch = 8;
  config.training.accumulation = 2;
  config.training.warmup_steps = 5;
  config.training.learning_rate = 1e-2;
  config.training.ema = 0.9;
  config.training.log_every = 4;
  config.training.evaluate_every = 10;
  config.training.save_every = 6;
  config.evaluation = {.windows = 8, .noise_samples = 4, .final_windows = 16};
  config.arms = {{.name = "ar", .dropout = 0.1},
                 {.name = "mdlm", .objective = ObjectiveKind::kMaskedDiffusion}};
  return config;
}

std::string FileText(const std::filesystem::path& path) { return ReadSmallFile(path, 1 << 26); }

std::string LogText(const std::filesystem::path& path) {
  std::istringstream lines(FileText(path));
  std::string text, line;
  while (std::getline(lines, line)) {
    auto document = nlohmann::json::parse(line);
    document.erase("tokens_per_second");
    text += document.dump() + "\n";
  }
  return text;
}

}  // namespace hlwq::study
