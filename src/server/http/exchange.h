// From an HTTP request to its response: errors, and answers that come whole or as a stream.
#pragma once

#include <httplib.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "server/http/connections.h"
#include "server/reply.h"
#include "server/scheduler.h"

namespace hlwq::server {

// The form in which an API tells errors.
using ErrorForm = nlohmann::ordered_json (*)(int status, const std::string& message,
                                             const std::string& param, const std::string& code);

void SendJson(httplib::Response& response, int status, const nlohmann::ordered_json& body);

struct Call {
  nlohmann::ordered_json body;
  Peer peer;
};

// A handler that is given the body as JSON, whatever Content-Type says: curl calls it a form. What it throws becomes a response in this form: BadRequest and bad
// arguments 400, anything else 500.
using JsonHandler = std::function<void(const Call& call, httplib::Response& response)>;
httplib::Server::HandlerWithContentReader WithJson(JsonHandler handler, ErrorForm form);

// What a reply is made of. `owner` keeps alive what the reply borrows.
struct Exchange {
  Request request;
  std::unique_ptr<Reply> reply;
  bool streams = false;
  std::shared_ptr<void> owner;
};

// How long, and for whom.
struct AnswerLimits {
  int port = 0;  // at which the client came in
  Peer peer;
  double seconds = 0;  // of an answer from the request to its end; 0: any
};

// Has the request answered. A client that goes ends the work for it, and so does the end of the time.
void Answer(Scheduler& scheduler, Exchange exchange, const AnswerLimits& limits, ErrorForm form,
            httplib::Response& response);

}  // namespace hlwq::server
