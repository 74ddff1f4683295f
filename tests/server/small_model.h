// A tiny model with a tokenizer and a template, as a folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/file.h"
#include "chat/text_model.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace hlwq::test {

inline constexpr const char* kSmallTemplate =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class SmallModel {
 public:
  // One of tests/golden/good/models; or the one with the tokenizer, whose vocabulary is as large as its. The template: by
  // default kSmallTemplate or its own.
  explicit SmallModel(const std::string& name = "", const std::string& chat_template = "") {
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
      if (!chat_template.empty()) ReplaceTemplate(chat_template);
    } else {
      std::ofstream(folder_ / "chat_template.jinja")
          << (chat_template.empty() ? kSmallTemplate : chat_template);
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

  // In the file, made as long as the one that is there by a comment.
  void ReplaceTemplate(const std::string& chat_template) const {
    constexpr std::string_view kOwn =
        "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>\n{% endfor %}";
    std::string bytes = ReadSmallFile(path_, 1 << 20);
    const size_t at = bytes.find(kOwn);
    ASSERT_NE(at, bytes.npos);
    ASSERT_LE(chat_template.size() + 4, kOwn.size());
    const std::string blanks(kOwn.size() - chat_template.size() - 4, ' ');
    bytes.replace(at, kOwn.size(), chat_template + "{#" + blanks + "#}");
    std::ofstream(path_, std::ios::binary) << bytes;
  }

  static chat::TextModelOptions Options() {
    return {.engine = {.threads = 2, .chunk_tokens = 64, .snapshot_bytes = 1 << 20}};
  }
};

}  // namespace hlwq::test
