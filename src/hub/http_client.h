// HTTP as hub needs it: single requests over kept connections, redirects and retries by our own
// rules. TLS certificates are checked against the authorities of the system.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "hub/headers.h"

namespace hlwq::hub {

struct HttpOptions {
  // Where the token may go: to URLs of the same scheme, host and port as this one, nowhere else.
  std::string endpoint;
  std::string token = {};
  // A request is given up after so many failures in a row without progress in between.
  int attempts = 8;
  // The same while no server has ever answered: a wrong address should be told soon.
  int first_attempts = 4;
  // Before the second attempt; doubled for each further one up to `longest_delay`.
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds longest_delay{30'000};
  // What a server may ask for with Retry-After; more counts as so much.
  std::chrono::seconds longest_retry_after{300};
  std::chrono::seconds connect_timeout{20};
  // A transfer below 1 KiB/s for so long is broken off, and tried again.
  std::chrono::seconds stall_timeout{30};
};

struct ByteRange {
  uint64_t offset = 0;
  uint64_t bytes = 0;  // at least 1
};

struct HttpRequest {
  std::string url;
  bool is_head = false;
  std::optional<ByteRange> range = {};
};

struct HttpReply {
  int status = 0;  // 0 where none came
  Headers headers;
  std::string url;       // that was asked, after redirects
  std::string location;  // absolute; of a redirect that was not followed
  // Not empty: the connection could not be made or broke, for this reason. What came of the body
  // until then was given to the sink.
  std::string failure;

  bool is_redirect() const noexcept { return !location.empty(); }
};

// Takes the body of a reply with status 200 or 206, piece by piece; `status` and `headers` are there
// by then. False ends the transfer, which is no failure.
using BodySink = FunctionRef<bool(const HttpReply& reply, std::span<const std::byte> piece)>;

// Thread: safe; each request under way has a connection of its own.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();  // no request is under way

  const HttpOptions& options() const noexcept { return options_; }

  // One attempt, redirects not followed. Throws Error{kIo} for what no second attempt can mend (a
  // certificate that does not hold), Error{kInvalidArgument} for a URL that is none,
  // Error{kCancelled} after Stop().
  HttpReply Send(const HttpRequest& request, BodySink sink) const;
  // The same, following up to 5 redirects, never from https to http.
  HttpReply SendFollowing(const HttpRequest& request, BodySink sink) const;

  // The body of a reply with status 200, of at most `max_bytes`; retried. Throws Error by
  // ThrowStatus, Error{kInvalidData} for longer ones.
  std::string GetText(const std::string& url, uint64_t max_bytes) const;
  // Header fields of the reply with status 200, or of a redirect to another host; redirects within
  // the host are followed. Retried; throws as GetText.
  HttpReply Head(const std::string& url) const;

  // Ends all requests and waits, now and to come, with Error{kCancelled}.
  void Stop() noexcept;
  // Whether any reply came so far.
  bool has_answered() const noexcept { return has_answered_; }
  // Returns after `delay`. Throws Error{kCancelled} when stopped.
  void Sleep(std::chrono::milliseconds delay) const;

 private:
  class Handle;
  bool is_stopped() const;
  HttpReply FollowWithin(HttpRequest request, bool leaves_host, BodySink sink) const;

  HttpOptions options_;
  std::string token_origin_;
  mutable std::atomic<bool> has_answered_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable stopped_;
  mutable std::vector<void*> idle_;  // curl handles, which keep their connections
  bool is_stopped_ = false;
};

// The failures in a row of one request, and the waits between its attempts.
class Retries {
 public:
  Retries(const HttpClient& client, const std::string& url) : client_(client), url_(url) {}

  // What came before does not count any more.
  void Forget() noexcept { failures_ = 0; }
  // Counts a failure and waits: as long as the server asked for, else longer each time. Throws
  // Error{kIo} naming the URL and `why` when that was the last attempt.
  void Wait(std::string_view why, std::optional<std::chrono::seconds> retry_after = {});
  // For a reply whose status says "later" (408, 429, 500, 502, 503, 504) or a broken connection: Wait,
  // and true. Else false.
  bool WaitAfter(const HttpReply& reply);

 private:
  const HttpClient& client_;
  const std::string& url_;
  int failures_ = 0;
};

// An Error about the status of a reply: kNotFound for 404 and 410, kInvalidArgument for 401 and 403
// with what to do about it, kIo for others.
[[noreturn]] void ThrowStatus(const HttpReply& reply);

// A URL for messages: without the query and the user, which may hold secrets.
std::string ShownUrl(const std::string& url);
// "https://huggingface.co:443"; empty for what is no http or https URL.
std::string OriginOf(const std::string& url);
// Each part of a path with '/' between them, everything but letters, digits and "-_.~" as %XX.
std::string EncodePath(std::string_view path);
// The same with '/' encoded as well.
std::string EncodePart(std::string_view part);

}  // namespace hlwq::hub
