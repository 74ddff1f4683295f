// What a client is told of its request, in the form of its API.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "server/request.h"

namespace hlwq::server {

// One reply, made of the events of one request in their order: a stream of server-sent events, or a body at
// the end. One caller at a time.
class Reply {
 public:
  virtual ~Reply() = default;

  // Text of a stream: at the beginning, for each event but a failure (which are told in any case), and
  // after all choices have ended.
  virtual std::string Begin() = 0;
  virtual std::string Take(const Event& event) = 0;
  virtual std::string Finish() = 0;
  virtual std::string Fail(const std::string& message) = 0;
  // While nothing happens.
  virtual std::string Ping() const { return ": still at work\n\n"; }

  // The whole, after all choices have ended.
  virtual nlohmann::ordered_json Body() const = 0;
};

// JSON on one line; invalid UTF-8 becomes U+FFFD.
std::string LineOf(const nlohmann::ordered_json& document);
// One server-sent event; `type` may be empty.
std::string EventOf(const std::string& type, const nlohmann::ordered_json& data);
// Of the clock, since 1970.
int64_t SecondsNow();
// "chatcmpl-1234...", never the same twice.
std::string RandomId(const char* prefix);

}  // namespace hlwq::server
