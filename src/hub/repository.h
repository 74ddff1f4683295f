// What the Hub says of a repository: its files at one commit, and what each of them is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/http_client.h"
#include "hub/reference.h"
#include "hub/settings.h"

namespace hlwq::hub {

// The reply of /api/models/ORG/NAME/revision/REVISION.
struct Listing {
  std::string commit;              // 40 hexadecimal digits
  std::vector<std::string> files;  // safe relative paths (IsSafePath), sorted, each once
};

// Throws Error{kInvalidData} for what is not such a reply: other JSON, a commit that is none, a path
// that leads out of the folder, more than a million files.
Listing ParseListing(std::string_view json);

// What the headers of /ORG/NAME/resolve/COMMIT/PATH say.
struct FileInfo {
  std::string path;
  std::string etag;  // names the content; of large files its SHA-256
  uint64_t size_bytes = 0;

  bool has_sha256() const noexcept { return IsSha256(etag); }
};

// X-Linked-Etag and X-Linked-Size where the file is kept elsewhere, else ETag and Content-Length;
// X-Repo-Commit, where it is sent, must be `commit`. Throws Error{kInvalidData}, kSourceChanged for
// another commit; without the URL.
FileInfo ParseFileInfo(const HttpReply& reply, std::string_view path, std::string_view commit);

// One repository at one commit. Thread: safe.
class Repository {
 public:
  // Asks for the listing. Borrows the client. Throws as HttpClient::GetText and ParseListing, with the
  // URL.
  Repository(const HttpClient& client, const Settings& settings, Reference reference);

  const Reference& reference() const noexcept { return reference_; }
  const std::string& commit() const noexcept { return listing_.commit; }
  const std::vector<std::string>& files() const noexcept { return listing_.files; }

  // Where the content of a file is to be had. Bound to the commit, it never changes.
  std::string UrlOf(std::string_view path) const;
  FileInfo Ask(const std::string& path) const;
  // The same for all of `paths`, several at a time.
  std::vector<FileInfo> AskAll(const std::vector<std::string>& paths) const;

 private:
  const HttpClient& client_;
  std::string endpoint_;
  Reference reference_;
  Listing listing_;
};

}  // namespace hlwq::hub
