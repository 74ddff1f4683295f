// From an HTTP request to its response: errors, and answers that come whole or as a stream.
#pragma once

#include <httplib.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "server/reply.h"
#include "server/scheduler.h"

namespace hlwq::server {

// The form in which an API tells errors.
using ErrorForm = nlohmann::ordered_json (*)(int status, const std::string& message,
                                             const std::string& param, const std::string& code);

void SendJson(httplib::Response& response, int status, const nlohmann::ordered_json& body);

// A handler that is given the body as JSON. What it throws becomes a response in this form: BadRequest and bad
// arguments 400, anything else 500.
using JsonHandler =
    std::function<void(const nlohmann::ordered_json& body, httplib::Response& response)>;
httplib::Server::Handler WithJson(JsonHandler handler, ErrorForm form);

// What a reply is made of. `owner` keeps alive what the reply borrows.
struct Exchange {
  Request request;
  std::unique_ptr<Reply> reply;
  bool streams = false;
  std::shared_ptr<void> owner;
};

// Has the request answered. A client that goes ends the work for it.
void Answer(Scheduler& scheduler, Exchange exchange, ErrorForm form, httplib::Response& response);

}  // namespace hlwq::server
