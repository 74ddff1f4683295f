#include "hub/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "hlwq/version.h"

namespace hlwq::hub {
namespace {

constexpr int kMaxRedirects = 5;
constexpr long kStallBytesPerSecond = 1024;
// The body of an error is read this far, so that the connection can be kept.
constexpr size_t kMaxIgnoredBytes = 1u << 20;

void InitializeCurl() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(ErrorCode::kIo, "libcurl cannot be initialized");
}

// A failure that another attempt can mend.
bool IsTransient(CURLcode code) noexcept {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

bool IsLater(int status) noexcept {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

struct Transfer {
  CURL* handle;
  HttpReply& reply;
  BodySink sink;
  FunctionRef<bool()> is_stopped;
  size_t ignored_bytes = 0;
  bool was_cut = false;
  std::exception_ptr failure = nullptr;  // of the sink; must not pass through C
};

size_t OnHeader(char* data, size_t, size_t bytes, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) transfer.reply.headers = {};  // after "100 Continue"
    transfer.reply.headers.AddLine(line);
    return bytes;
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;
  }
}

size_t OnBody(char* data, size_t, size_t bytes, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = static_cast<int>(status);
    if (status == 200 || status == 206) {
      const auto piece = std::as_bytes(std::span(data, bytes));
      transfer.was_cut = !transfer.sink(transfer.reply, piece);
    } else {
      transfer.ignored_bytes += bytes;
      transfer.was_cut = transfer.ignored_bytes > kMaxIgnoredBytes;
    }
    return transfer.was_cut ? 0 : bytes;
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;
  }
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const Transfer*>(user)->is_stopped() ? 1 : 0;
}

[[noreturn]] void ThrowCancelled() { throw Error(ErrorCode::kCancelled, "the work was stopped"); }

}  // namespace

// A curl handle out of the client's store, and back into it.
class HttpClient::Handle {
 public:
  explicit Handle(const HttpClient& client) : client_(client) {
    {
      const std::scoped_lock lock(client.mutex_);
      if (!client.idle_.empty()) {
        curl_ = static_cast<CURL*>(client.idle_.back());
        client.idle_.pop_back();
      }
    }
    if (curl_ == nullptr) curl_ = curl_easy_init();
    if (curl_ == nullptr) throw std::bad_alloc();
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    curl_slist_free_all(fields_);
    curl_easy_reset(curl_);  // keeps the connection
    try {
      const std::scoped_lock lock(client_.mutex_);
      client_.idle_.push_back(curl_);
    } catch (...) {
      curl_easy_cleanup(curl_);
    }
  }

  CURL* get() const noexcept { return curl_; }
  void AddField(const std::string& line) {
    curl_slist* longer = curl_slist_append(fields_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    fields_ = longer;
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, fields_);
  }

 private:
  const HttpClient& client_;
  CURL* curl_ = nullptr;
  curl_slist* fields_ = nullptr;
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)), token_origin_(OriginOf(options_.endpoint)) {
  InitializeCurl();
}

HttpClient::~HttpClient() {
  for (void* handle : idle_) curl_easy_cleanup(static_cast<CURL*>(handle));
}

bool HttpClient::is_stopped() const {
  const std::scoped_lock lock(mutex_);
  return is_stopped_;
}

void HttpClient::Stop() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  stopped_.notify_all();
}

void HttpClient::Sleep(std::chrono::milliseconds delay) const {
  std::unique_lock lock(mutex_);
  if (stopped_.wait_for(lock, delay, [&] { return is_stopped_; })) ThrowCancelled();
}

HttpReply HttpClient::Send(const HttpRequest& request, BodySink sink) const {
  const std::string origin = OriginOf(request.url);
  if (origin.empty()) {
    throw Error(ErrorCode::kInvalidArgument, ShownUrl(request.url) + ": want an http or https URL");
  }
  HttpReply reply;
  reply.url = request.url;
  Handle handle(*this);
  CURL* const curl = handle.get();
  const auto stops = [this] { return is_stopped(); };
  Transfer transfer{curl, reply, sink, stops};
  char reason[CURL_ERROR_SIZE] = "";
  const auto set = [curl](CURLoption option, auto value) {
    const CURLcode code = curl_easy_setopt(curl, option, value);
    if (code != CURLE_OK) throw Error(ErrorCode::kIo, curl_easy_strerror(code));
  };
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, (std::string("hlwq/") + std::string(kVersion)).c_str());
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_timeout.count()));
  set(CURLOPT_BUFFERSIZE, 256L << 10);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &OnProgress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
  if (request.is_head) set(CURLOPT_NOBODY, 1L);
  // Sizes and ranges are those of the file, not of a compressed form of it.
  handle.AddField("Accept-Encoding: identity");
  if (!options_.token.empty() && origin == token_origin_) {
    handle.AddField("Authorization: Bearer " + options_.token);
  }
  if (request.range) {
    const uint64_t last = request.range->offset + request.range->bytes - 1;
    set(CURLOPT_RANGE,
        (std::to_string(request.range->offset) + "-" + std::to_string(last)).c_str());
  }
  const CURLcode code = is_stopped() ? CURLE_ABORTED_BY_CALLBACK : curl_easy_perform(curl);
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (code == CURLE_ABORTED_BY_CALLBACK) ThrowCancelled();
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  if (status != 0) has_answered_ = true;
  if (code != CURLE_OK && !transfer.was_cut) {
    const std::string why = *reason != '\0' ? reason : curl_easy_strerror(code);
    if (!IsTransient(code)) throw Error(ErrorCode::kIo, ShownUrl(request.url) + ": " + why);
    reply.failure = why;
    return reply;
  }
  char* location = nullptr;  // made absolute by curl; belongs to the handle
  if (status >= 300 && status < 400) curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
  if (location != nullptr) reply.location = location;
  return reply;
}

HttpReply HttpClient::FollowWithin(HttpRequest request, bool leaves_host, BodySink sink) const {
  for (int redirects = 0;; ++redirects) {
    HttpReply reply = Send(request, sink);
    if (!reply.failure.empty() || !reply.is_redirect()) return reply;
    const std::string here = OriginOf(request.url), there = OriginOf(reply.location);
    if (there.empty() || (here.starts_with("https:") && !there.starts_with("https:"))) {
      throw Error(ErrorCode::kIo, ShownUrl(request.url) + ": redirects to " +
                                      ShownUrl(reply.location) + ": want an https URL");
    }
    if (!leaves_host && here != there) return reply;
    if (redirects == kMaxRedirects) {
      throw Error(ErrorCode::kIo, ShownUrl(request.url) + ": more than " +
                                      std::to_string(kMaxRedirects) + " redirects");
    }
    request.url = reply.location;
  }
}

HttpReply HttpClient::SendFollowing(const HttpRequest& request, BodySink sink) const {
  return FollowWithin(request, true, sink);
}

std::string HttpClient::GetText(const std::string& url, uint64_t max_bytes) const {
  Retries retries(*this, url);
  for (;;) {
    std::string text;
    bool is_too_long = false;
    const auto take = [&](const HttpReply&, std::span<const std::byte> piece) {
      is_too_long = piece.size() > max_bytes - text.size();
      if (!is_too_long) text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      return !is_too_long;
    };
    const HttpReply reply = SendFollowing({.url = url}, take);
    if (is_too_long) {
      throw Error(ErrorCode::kInvalidData,
                  ShownUrl(url) + ": want at most " + std::to_string(max_bytes) + " bytes");
    }
    if (retries.WaitAfter(reply)) continue;
    if (reply.status != 200) ThrowStatus(reply);
    return text;
  }
}

HttpReply HttpClient::Head(const std::string& url) const {
  Retries retries(*this, url);
  const auto take = [](const HttpReply&, std::span<const std::byte>) { return true; };
  for (;;) {
    HttpReply reply = FollowWithin({.url = url, .is_head = true}, false, take);
    if (retries.WaitAfter(reply)) continue;
    if (reply.status != 200 && !reply.is_redirect()) ThrowStatus(reply);
    return reply;
  }
}

void Retries::Wait(std::string_view why, std::optional<std::chrono::seconds> retry_after) {
  const HttpOptions& options = client_.options();
  const int most = client_.has_answered() ? options.attempts
                                          : std::min(options.attempts, options.first_attempts);
  if (++failures_ >= most) {
    throw Error(ErrorCode::kIo, ShownUrl(url_) + ": " + std::string(why) + ", after " +
                                    std::to_string(failures_) + " attempts");
  }
  // Doubling 30 times is beyond every limit.
  const std::chrono::milliseconds doubled =
      options.first_delay * (1L << std::min(failures_ - 1, 30));
  std::chrono::milliseconds delay = std::min(doubled, options.longest_delay);
  if (retry_after) delay = std::min(*retry_after, options.longest_retry_after);
  client_.Sleep(delay);
}

bool Retries::WaitAfter(const HttpReply& reply) {
  if (!reply.failure.empty()) {
    Wait(reply.failure);
    return true;
  }
  if (!IsLater(reply.status)) return false;
  std::optional<std::chrono::seconds> retry_after;
  if (const auto text = reply.headers.Find("retry-after")) {
    retry_after = ParseRetryAfter(*text, std::chrono::system_clock::now());
  }
  Wait("got status " + std::to_string(reply.status), retry_after);
  return true;
}

void ThrowStatus(const HttpReply& reply) {
  const std::string line = ShownUrl(reply.url) + ": got status " + std::to_string(reply.status);
  switch (reply.status) {
    case 401:
    case 403:
      throw Error(ErrorCode::kInvalidArgument,
                  line +
                      ": no such repository, or one that not everybody may read: want in HF_TOKEN "
                      "the token of an account that may");
    case 404:
    case 410:
      throw Error(ErrorCode::kNotFound, line + ": no such repository, revision or file");
    default:
      throw Error(ErrorCode::kIo, line + ", want 200");
  }
}

}  // namespace hlwq::hub
