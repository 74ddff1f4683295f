// The files of one folder, wherever it is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace hlwq {

// What the opener of a checkpoint asks of a folder. Thread: safe.
class Folder {
 public:
  virtual ~Folder() = default;

  // Where it is, for messages: "models/Qwen3-1.7B", "hf:Qwen/Qwen3-1.7B".
  virtual const std::filesystem::path& path() const noexcept = 0;
  // What is directly in it, sorted. Throws Error{kIo} when it cannot be listed.
  virtual std::vector<std::string> Names() const = 0;
  // The configuration and text files in the folders directly in it, those that are hidden left out:
  // "1_Pooling/config.json", sorted.
  virtual std::vector<std::string> NamesBelow() const = 0;
  // Throws as File::OpenForRead.
  virtual File Open(const std::string& name) const = 0;
  // Where a file of it is on this machine; empty for one that is elsewhere.
  virtual std::optional<std::filesystem::path> LocalPath(const std::string& name) const = 0;
};

// Whether a file of this name is one of those that NamesBelow lists, by its suffix.
bool IsListedBelow(std::string_view name) noexcept;

// A folder of this machine. What is in it is asked for anew at each call.
class LocalFolder final : public Folder {
 public:
  explicit LocalFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const noexcept override { return path_; }
  // Folders and links that lead nowhere as well: opening one says what is wrong.
  std::vector<std::string> Names() const override;
  std::vector<std::string> NamesBelow() const override;
  File Open(const std::string& name) const override { return File::OpenForRead(path_ / name); }
  std::optional<std::filesystem::path> LocalPath(const std::string& name) const override {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hlwq
