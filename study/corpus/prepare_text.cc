#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "chat/open_tokenizer.h"
#include "study/corpus/documents.h"
#include "study/corpus/prepare.h"
#include "study/corpus/tokenizer_files.h"

namespace hlwq::study {
namespace {

TokenId FindStart(const text::Tokenizer& tokenizer, const std::string& wanted) {
  if (!wanted.empty()) {
    if (const auto id = tokenizer.IdOf(wanted)) return *id;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the tokenizer has no token '{}'", wanted));
  }
  for (const char* name : {"<s>", "<|endoftext|>", "<|begin_of_text|>", "<bos>", "</s>"}) {
    if (const auto id = tokenizer.IdOf(name)) return *id;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the tokenizer has no token for the beginning of a text that is known here: want "
              "--start TOKEN");
}

}  // namespace

void PrepareText(const TextCorpusOptions& options, const std::filesystem::path& folder) {
  const text::Tokenizer tokenizer = chat::OpenTokenizerAt(options.tokenizer);
  CorpusTokens corpus;
  corpus.vocabulary = tokenizer.size();
  corpus.start = FindStart(tokenizer, options.start);
  corpus.source = options.text.string();
  size_t tokens = 0;
  bool is_full = false;
  const std::vector<std::filesystem::path> files = TextFiles(options.text);
  for (const std::filesystem::path& file : files) {
    const std::string text = ReadText(file);
    for (const std::string_view document : CutDocuments(text, options.separator)) {
      if (is_full) break;
      const auto split = static_cast<size_t>(
          SplitOf(std::as_bytes(std::span(document.data(), document.size())), options.shares));
      CorpusTokens::Part& part = corpus.splits[split];
      part.tokens.push_back(corpus.start);
      const auto ids = tokenizer.Encode(document, {.add_special = false, .parse_special = false});
      part.tokens.insert(part.tokens.end(), ids.begin(), ids.end());
      part.ends.push_back(static_cast<int64_t>(part.tokens.size()));
      tokens += ids.size() + 1;
      is_full = options.max_tokens != 0 && tokens >= options.max_tokens;
      if (options.on_progress && part.ends.size() % 256 == 0) {
        options.on_progress(tokens, options.max_tokens);
      }
    }
  }
  corpus.facts["kind"] = "text";
  corpus.facts["text_path"] = std::filesystem::absolute(options.text).string();
  corpus.facts["text_identity"] = TextIdentity(options.text);
  corpus.facts["shares"] = fmt::format("{} {}", options.shares.validation, options.shares.test);
  std::filesystem::create_directories(folder);
  corpus.facts["tokenizer_hash"] = CopyTokenizer(options.tokenizer, folder);
  WriteCorpus(folder, corpus);
}

}  // namespace hlwq::study
