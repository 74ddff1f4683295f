// --prompt-cache: a prompt that an earlier run has read is not read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "chat/session.h"
#include "cli/arguments.h"

namespace hlwq::cli {

// One run's dealings with the file. Where there is none, nothing happens.
class PromptCache {
 public:
  // What the flags of the verb say. Throws Error{kInvalidArgument} for flags that make no sense together.
  explicit PromptCache(const Arguments& arguments);

  bool is_on() const noexcept { return path_.has_value(); }
  // Of moments of recurrent states that are noted for the file: OpenOptions::snapshot_bytes.
  uint64_t snapshot_bytes() const noexcept;

  // Before the first prompt of a session that holds nothing. A file that is not there, or empty, is as none, but of
  // --prompt-cache-ro. Throws as runtime::LoadSequence.
  void Load(chat::Session& session, std::span<const runtime::TokenId> prompt);
  // Whether Load threw.
  bool has_failed() const noexcept { return has_failed_; }
  // That came from the file.
  size_t loaded_tokens() const noexcept { return loaded_.kept_tokens; }
  // For statistics: "from FILE"; nothing without one.
  std::optional<std::string> Source() const;

  // After the first prompt was read, and, for --prompt-cache-all, at the end. What goes wrong waits for Finish.
  void SavePrompt(chat::Session& session);
  void SaveAll(const chat::Session& session);
  // Throws what kept the file from being written.
  void Finish() const;

 private:
  const Arguments& arguments_;
  std::optional<std::filesystem::path> path_;
  bool saves_all_ = false, is_read_only_ = false;
  bool has_failed_ = false;
  bool has_news_ = true;  // the prompt goes beyond what it has in common with the file
  runtime::LoadedSequence loaded_;
  std::optional<Error> failure_;

  void Take(chat::Session& session, std::span<const runtime::TokenId> prompt);
  void Save(const chat::Session& session);
};

}  // namespace hlwq::cli
