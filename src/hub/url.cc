#include <curl/curl.h>

#include <memory>

#include "hub/http_client.h"

namespace hlwq::hub {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url Parse(const std::string& text) {
  Url url(curl_url(), curl_url_cleanup);
  if (url == nullptr) throw std::bad_alloc();
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

std::string Part(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return "";
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
  return text;
}

std::string Encode(std::string_view text, std::string_view kept) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9');
    if (is_plain || kept.find(c) != kept.npos) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace

std::string ShownUrl(const std::string& url) {
  const Url parsed = Parse(url);
  if (parsed == nullptr) return "a URL that is none";
  for (const CURLUPart part :
       {CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_USER, CURLUPART_PASSWORD}) {
    curl_url_set(parsed.get(), part, nullptr, 0);
  }
  return Part(parsed, CURLUPART_URL);
}

std::string OriginOf(const std::string& url) {
  const Url parsed = Parse(url);
  if (parsed == nullptr) return "";
  const std::string scheme = Part(parsed, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "";
  std::string host = Part(parsed, CURLUPART_HOST);
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return scheme + "://" + host + ":" + Part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string EncodePath(std::string_view path) { return Encode(path, "-_.~/"); }
std::string EncodePart(std::string_view part) { return Encode(part, "-_.~"); }

}  // namespace hlwq::hub
