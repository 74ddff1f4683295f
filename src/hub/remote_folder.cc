#include "hub/remote_folder.h"

#include "base/error.h"

namespace hlwq::hub {
namespace {

bool IsTop(const std::string& file) { return file.find('/') == file.npos; }

// Of Folder::NamesBelow.
bool IsBelow(const std::string& file) {
  const size_t slash = file.find('/');
  return slash != file.npos && file.find('/', slash + 1) == file.npos && !file.starts_with('.') &&
         IsListedBelow(file);
}

}  // namespace

RemoteFolder::RemoteFolder(HttpOptions http, const Settings& settings, const Reference& reference,
                           int connections)
    : path_(reference.Place()),
      connections_(std::make_shared<Connections>(std::move(http), connections)) {
  const Repository repository(connections_->client, settings, reference);
  commit_ = repository.commit();
  std::vector<std::string> names;
  for (const std::string& file : repository.files()) {
    if (IsTop(file) || IsBelow(file) || file == reference.file) names.push_back(file);
  }
  for (FileInfo& info : repository.AskAll(names)) {
    Entry entry{std::move(info), ""};
    entry.url = repository.UrlOf(entry.info.path);
    entries_.emplace(entry.info.path, std::move(entry));
  }
}

std::vector<std::string> RemoteFolder::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (IsTop(name)) names.push_back(name);
  }
  return names;
}

std::vector<std::string> RemoteFolder::NamesBelow() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (IsBelow(name)) names.push_back(name);
  }
  return names;
}

File RemoteFolder::Open(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw Error(ErrorCode::kNotFound, (path_ / name).string() + ": no such file");
  }
  const auto& [info, url] = found->second;
  return File::OfSource(path_ / name, std::make_shared<const RemoteFile>(
                                          connections_, url, info.etag, info.size_bytes));
}

}  // namespace hlwq::hub
