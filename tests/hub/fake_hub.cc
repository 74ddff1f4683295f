#include "tests/hub/fake_hub.h"

#include <nlohmann/json.hpp>

#include "hub/sha256.h"

namespace hlwq::test {
namespace {

std::string HashOf(const std::string& content) {
  hub::Sha256 hash;
  hash.Update(std::as_bytes(std::span(content)));
  return hash.Digest();
}

std::string Decoded(const std::string& text) {
  std::string decoded;
  for (size_t index = 0; index < text.size(); ++index) {
    if (text[index] == '%') {
      decoded += static_cast<char>(std::stoi(text.substr(index + 1, 2), nullptr, 16));
      index += 2;
    } else {
      decoded += text[index];
    }
  }
  return decoded;
}

// The part that a Range field asks for, or all of it.
ServedReply Ranged(const ServedRequest& request, const std::string& content) {
  const auto range = request.headers.find("range");
  if (range == request.headers.end()) return {.body = content};
  const size_t dash = range->second.find('-');
  const size_t first = std::stoul(range->second.substr(6, dash - 6));
  const size_t last =
      std::min<size_t>(std::stoul(range->second.substr(dash + 1)), content.size() - 1);
  if (first >= content.size()) return {.status = 416};
  return {
      .status = 206,
      .headers = {{"Content-Range", "bytes " + std::to_string(first) + "-" + std::to_string(last) +
                                        "/" + std::to_string(content.size())}},
      .body = content.substr(first, last - first + 1)};
}

}  // namespace

FakeHub::FakeHub() {
  store_.emplace([this](const ServedRequest& request) { return Answer(true, request); });
  api_.emplace([this](const ServedRequest& request) { return Answer(false, request); });
}

void FakeHub::AddSmall(const std::string& path, std::string content) {
  std::string etag = HashOf(content).substr(0, 40);
  files_[path] = {std::move(content), std::move(etag), false};
}

void FakeHub::AddLarge(const std::string& path, std::string content) {
  std::string etag = HashOf(content);
  files_[path] = {std::move(content), std::move(etag), true};
}

void FakeHub::SetFault(Fault fault) {
  const std::scoped_lock lock(mutex_);
  fault_ = std::move(fault);
}

ServedReply FakeHub::Answer(bool is_store, const ServedRequest& request) {
  ServedReply usual = Usual(is_store, request);
  const std::scoped_lock lock(mutex_);
  if (fault_) {
    if (auto reply = fault_(is_store, request, usual)) return *reply;
  }
  return usual;
}

ServedReply FakeHub::Usual(bool is_store, const ServedRequest& request) const {
  if (is_store) {  // "/<etag>?signature=secret"
    for (const auto& [path, file] : files_) {
      if (request.target == "/" + file.etag + "?signature=secret") {
        return Ranged(request, file.content);
      }
    }
    return {.status = 403};
  }
  const std::string api = std::string("/api/models/") + kRepository + "/revision/";
  if (request.target.starts_with(api)) {
    const std::string revision = request.target.substr(api.size());
    if (revision != "main" && revision != "v1" && revision != kCommit) return {.status = 404};
    nlohmann::json siblings = nlohmann::json::array();
    for (const auto& [path, file] : files_) siblings.push_back({{"rfilename", path}});
    return {.body = nlohmann::json({{"sha", kCommit}, {"siblings", siblings}}).dump()};
  }
  const std::string resolve = std::string("/") + kRepository + "/resolve/" + kCommit + "/";
  if (!request.target.starts_with(resolve)) return {.status = 404};
  const auto found = files_.find(Decoded(request.target.substr(resolve.size())));
  if (found == files_.end()) return {.status = 404};
  const HubFile& file = found->second;
  if (file.is_large) {
    return {.status = 302,
            .headers = {{"X-Repo-Commit", kCommit},
                        {"X-Linked-Etag", "\"" + file.etag + "\""},
                        {"X-Linked-Size", std::to_string(file.content.size())},
                        {"Location", store_->url() + "/" + file.etag + "?signature=secret"}},
            .body = "Found. Redirecting"};
  }
  ServedReply reply = Ranged(request, file.content);
  reply.headers.emplace_back("X-Repo-Commit", kCommit);
  reply.headers.emplace_back("ETag", "\"" + file.etag + "\"");
  if (request.method == "HEAD") {
    reply.headers.emplace_back("Content-Length", std::to_string(file.content.size()));
  }
  return reply;
}

hub::HttpOptions FakeHub::Http() const {
  return {.endpoint = api_->url(),
          .token = "hf_secret",
          .attempts = 4,
          .first_delay = std::chrono::milliseconds(1),
          .connect_timeout = std::chrono::seconds(5),
          .stall_timeout = std::chrono::seconds(2)};
}

hub::Settings FakeHub::SettingsWith(const std::filesystem::path& cache) const {
  return {.endpoint = api_->url(), .token = "hf_secret", .cache = cache};
}

}  // namespace hlwq::test
