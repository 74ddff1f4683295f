// A Hub of one repository on two ports of this machine: the API and small files on one, the store of
// the large files on the other.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "hub/http_client.h"
#include "hub/settings.h"
#include "tests/hub/http_server.h"

namespace hlwq::test {

inline constexpr const char* kRepository = "org/model";
inline constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

class FakeHub {
 public:
  FakeHub();

  // Before the first request.
  void AddSmall(const std::string& path, std::string content);
  void AddLarge(const std::string& path, std::string content);  // by way of the store

  // Looks at each request and what would be answered, and may answer otherwise; called by one thread
  // at a time. `is_store`: of the port of the store.
  using Fault = std::function<std::optional<ServedReply>(
      bool is_store, const ServedRequest& request, const ServedReply& usual)>;
  void SetFault(Fault fault);

  HttpServer& api() { return *api_; }
  HttpServer& store() { return *store_; }
  std::string EtagOf(const std::string& path) const { return files_.at(path).etag; }

  // Quick to lose patience.
  hub::HttpOptions Http() const;
  hub::Settings SettingsWith(const std::filesystem::path& cache) const;

 private:
  struct HubFile {
    std::string content, etag;
    bool is_large = false;
  };
  ServedReply Usual(bool is_store, const ServedRequest& request) const;
  ServedReply Answer(bool is_store, const ServedRequest& request);

  std::map<std::string, HubFile> files_;
  std::mutex mutex_;
  Fault fault_;
  std::optional<HttpServer> store_, api_;
};

}  // namespace hlwq::test
