#include "hub/settings.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "hub/headers.h"

namespace hlwq::hub {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTokenBytes = 4096;

// A line end in it would begin a header field of its own.
std::string CheckedToken(const std::string& where, const std::string& text) {
  std::string token(Trimmed(text));
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c >= 0x7f; };
  if (std::ranges::any_of(token, is_bad)) {
    throw Error(ErrorCode::kInvalidArgument, where + ": want a token of one word");
  }
  return token;
}

}  // namespace

Settings SettingsFrom(const Environment& environment) {
  const auto path_of = [&](const char* name) -> std::optional<fs::path> {
    auto text = environment(name);
    if (!text) return std::nullopt;
    // As a shell would have done, had the value not been quoted.
    if (*text == "~" || text->starts_with("~/")) {
      *text = environment("HOME").value_or("") + text->substr(1);
    }
    return *text;
  };
  Settings settings;
  if (auto endpoint = environment("HF_ENDPOINT")) settings.endpoint = Trimmed(*endpoint);
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  if (!settings.endpoint.starts_with("https://") && !settings.endpoint.starts_with("http://")) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "HF_ENDPOINT: want a URL with https:// or http://, got '" + settings.endpoint + "'");
  }
  const fs::path home = path_of("HOME").value_or(".");
  const fs::path caches = path_of("XDG_CACHE_HOME").value_or(home / ".cache");
  const fs::path hub_home = path_of("HF_HOME").value_or(caches / "huggingface");
  settings.cache = path_of("HF_HUB_CACHE").value_or(hub_home / "hub");
  if (const auto token = environment("HF_TOKEN")) {
    settings.token = CheckedToken("HF_TOKEN", *token);
  } else {
    const fs::path file = path_of("HF_TOKEN_PATH").value_or(hub_home / "token");
    std::error_code failure;
    if (fs::exists(file, failure)) {
      settings.token = CheckedToken(file.string(), ReadSmallFile(file, kMaxTokenBytes));
    }
  }
  std::string offline = environment("HF_HUB_OFFLINE").value_or("");
  std::ranges::transform(offline, offline.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
  });
  settings.is_offline = offline == "1" || offline == "ON" || offline == "YES" || offline == "TRUE";
  return settings;
}

Settings SettingsFromEnvironment() {
  return SettingsFrom([](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  });
}

}  // namespace hlwq::hub
