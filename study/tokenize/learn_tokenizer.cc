#include "study/tokenize/learn_tokenizer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "study/corpus/documents.h"
#include "study/tokenize/train_bpe.h"

namespace hlwq::study {

void LearnTokenizer(const LearnOptions& options, const std::filesystem::path& folder) {
  std::vector<std::string> texts;
  for (const std::filesystem::path& file : TextFiles(options.text)) texts.push_back(ReadText(file));
  std::vector<std::string_view> training;
  for (const std::string& text : texts) {
    for (const std::string_view document : CutDocuments(text, options.separator)) {
      const auto bytes = std::as_bytes(std::span(document.data(), document.size()));
      if (SplitOf(bytes, options.shares) == Split::kTrain) training.push_back(document);
    }
  }
  const BpeOptions bpe = {.vocabulary = options.vocabulary, .threads = options.threads};
  const BpeVocabulary learned = TrainBpe(training, bpe);
  if (learned.tokens.size() < options.vocabulary) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{}: has pairs for {} tokens, want {}", options.text.string(),
                            learned.tokens.size(), options.vocabulary));
  }
  std::filesystem::create_directories(folder);
  WriteFileAtomically(folder / "tokenizer.json", BpeToJson(learned, /*begins_texts=*/true));
  const nlohmann::json config = {{"bos_token", bpe.special[0]}, {"eos_token", bpe.special[0]}};
  WriteFileAtomically(folder / "tokenizer_config.json", DumpJson(config));
}

}  // namespace hlwq::study
