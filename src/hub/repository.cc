#include "hub/repository.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/json_reader.h"

namespace hlwq::hub {
namespace {

constexpr uint64_t kMaxListingBytes = 64u << 20;
constexpr uint64_t kMaxFiles = 1'000'000;
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 50;
constexpr size_t kQuestionsAtATime = 8;

[[noreturn]] void Fail(const std::string& message) {
  throw Error(ErrorCode::kInvalidData, message);
}

}  // namespace

Listing ParseListing(std::string_view text) {
  const nlohmann::json document = ParseJson(text);
  const JsonReader reader(document);
  Listing listing;
  listing.commit = reader.String("sha");
  if (!IsCommit(listing.commit)) {
    reader.Fail("sha", "want 40 hexadecimal digits, got " + Shown(document["sha"]));
  }
  const nlohmann::json& siblings = reader.List("siblings");
  if (siblings.size() > kMaxFiles) {
    reader.Fail("siblings", "want at most " + std::to_string(kMaxFiles) + " files");
  }
  for (const nlohmann::json& sibling : siblings) {
    std::string path = JsonReader(sibling, {.within = "siblings"}).String("rfilename");
    if (!IsSafePath(path)) {
      reader.Fail("siblings", "want relative paths of files, got " + Shown(sibling["rfilename"]));
    }
    listing.files.push_back(std::move(path));
  }
  std::ranges::sort(listing.files);
  if (std::ranges::adjacent_find(listing.files) != listing.files.end()) {
    reader.Fail("siblings", "names a file twice");
  }
  return listing;
}

FileInfo ParseFileInfo(const HttpReply& reply, std::string_view path, std::string_view commit) {
  const Headers& headers = reply.headers;
  const auto got = [](std::optional<std::string_view> text) {
    return text ? Shown(nlohmann::json(std::string(*text))) : std::string("none");
  };
  if (const auto sent = headers.Find("x-repo-commit"); sent && *sent != commit) {
    throw Error(ErrorCode::kSourceChanged,
                "want commit " + std::string(commit) + ", got " + got(sent));
  }
  FileInfo info;
  info.path = path;
  auto etag = headers.Find("x-linked-etag");
  if (!etag) etag = headers.Find("etag");
  const auto parsed = etag ? ParseEtag(*etag) : std::nullopt;
  if (!parsed) Fail("ETag: want the name of a content, got " + got(etag));
  info.etag = *parsed;
  auto size = headers.Find("x-linked-size");
  if (!size && !reply.is_redirect()) size = headers.Find("content-length");
  const auto bytes = size ? ParseSize(*size) : std::nullopt;
  if (!bytes || *bytes > kMaxFileBytes) Fail("want the size of the file, got " + got(size));
  info.size_bytes = *bytes;
  return info;
}

Repository::Repository(const HttpClient& client, const Settings& settings, Reference reference)
    : client_(client), endpoint_(settings.endpoint), reference_(std::move(reference)) {
  const std::string url = endpoint_ + "/api/models/" + reference_.repository + "/revision/" +
                          EncodePart(reference_.revision);
  const std::string text = client_.GetText(url, kMaxListingBytes);
  listing_ = WithContext(ShownUrl(url), [&] { return ParseListing(text); });
}

std::string Repository::UrlOf(std::string_view path) const {
  return endpoint_ + "/" + reference_.repository + "/resolve/" + listing_.commit + "/" +
         EncodePath(path);
}

FileInfo Repository::Ask(const std::string& path) const {
  const std::string url = UrlOf(path);
  const HttpReply reply = client_.Head(url);
  return WithContext(ShownUrl(url), [&] { return ParseFileInfo(reply, path, listing_.commit); });
}

std::vector<FileInfo> Repository::AskAll(const std::vector<std::string>& paths) const {
  std::vector<FileInfo> infos(paths.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  const auto fail = [&](const Error& error) {
    next = paths.size();  // nobody begins another
    const std::scoped_lock lock(mutex);
    if (!failure) failure = error;
  };
  const auto ask = [&] {
    try {
      for (size_t index = next++; index < paths.size(); index = next++) {
        infos[index] = Ask(paths[index]);
      }
    } catch (const Error& error) {
      fail(error);
    } catch (const std::exception& error) {  // out of memory
      fail(Error(ErrorCode::kIo, error.what()));
    }
  };
  {
    std::vector<std::jthread> threads;  // joined at the end of the block
    for (size_t thread = 1; thread < std::min(kQuestionsAtATime, paths.size()); ++thread) {
      threads.emplace_back(ask);
    }
    ask();
  }
  if (failure) throw Error(*failure);
  return infos;
}

}  // namespace hlwq::hub
