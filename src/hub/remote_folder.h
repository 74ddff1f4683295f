// A repository of the Hub as a folder whose files are read where they are.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/folder.h"
#include "hub/reference.h"
#include "hub/remote_file.h"
#include "hub/repository.h"
#include "hub/settings.h"

namespace hlwq::hub {

// The files at the top of the repository, and the small ones in the folders there. What is opened may outlive the folder: it keeps what it
// needs. Thread: safe.
class RemoteFolder final : public Folder {
 public:
  // Asks what files there are, of which sizes. Throws as Repository.
  RemoteFolder(HttpOptions http, const Settings& settings, const Reference& reference,
               int connections = 6);

  // "hf:ORG/NAME".
  const std::filesystem::path& path() const noexcept override { return path_; }
  const std::string& commit() const noexcept { return commit_; }
  std::vector<std::string> Names() const override;
  std::vector<std::string> NamesBelow() const override;
  // Throws Error{kNotFound} for what the listing does not have.
  File Open(const std::string& name) const override;
  std::optional<std::filesystem::path> LocalPath(const std::string&) const override { return {}; }

 private:
  std::filesystem::path path_;
  std::string commit_;
  std::shared_ptr<Connections> connections_;  // shared with the files that were opened
  struct Entry {
    FileInfo info;
    std::string url;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace hlwq::hub
