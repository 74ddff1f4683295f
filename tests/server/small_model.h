// A tiny model with a tokenizer and a template, as a folder.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "chat/text_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::test {

inline constexpr const char* kSmallTemplate =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class SmallModel {
 public:
  // One of tests/golden/good/models; or the one with the tokenizer, whose vocabulary is as large as its.
  explicit SmallModel(const std::string& name = "") {
    namespace fs = std::filesystem;
    const fs::path with_text = Golden("good/gguf/llama-bpe");
    if (name.empty()) {
      fs::copy(with_text, folder_.path(), fs::copy_options::recursive);
    } else {
      fs::copy(Golden("good/models") / name, folder_.path());
      fs::copy_file(with_text / "tokenizer.json", folder_ / "tokenizer.json");
    }
    if (name.empty()) {
      path_ = folder_ / "model.gguf";
    } else {
      std::ofstream(folder_ / "chat_template.jinja") << kSmallTemplate;
      path_ = folder_.path();
    }
    model_.emplace(path_, Options());
  }

  // Once more.
  chat::TextModel Open() const { return chat::TextModel(path_, Options()); }

  chat::TextModel& operator*() { return *model_; }
  chat::TextModel* operator->() { return &*model_; }
  const TempDir& folder() const { return folder_; }

 private:
  TempDir folder_;
  std::filesystem::path path_;
  std::optional<chat::TextModel> model_;

  static chat::TextModelOptions Options() {
    return {.engine = {.threads = 2, .chunk_tokens = 64, .snapshot_bytes = 1 << 20}};
  }
};

}  // namespace hlwq::test
