#include "server/http/server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "chat/prompt.h"
#include "hlwq/version.h"
#include "server/anthropic/messages_reply.h"
#include "server/anthropic/messages_request.h"
#include "server/http/connections.h"
#include "server/http/exchange.h"
#include "server/openai/chat_request.h"
#include "server/openai/replies.h"
#include "server/openai/responses_reply.h"
#include "server/openai/responses_request.h"
#include "server/page/page.h"

namespace hlwq::server {
namespace {

using nlohmann::ordered_json;

constexpr int kSecondsToRead = 30, kSecondsToWrite = 30, kSecondsBetweenRequests = 60;

// Of what the HTTP library refuses by itself.
std::string MeaningOf(int status) {
  switch (status) {
    case 400:
      return "the request is not HTTP as it should be";
    case 404:
      return "there is nothing at this path";
    case 413:
      return "the body is too large";
    case 414:
      return "the path is too long";
    default:
      return fmt::format("status {}", status);
  }
}

ErrorForm FormOf(const std::string& path) {
  return path.starts_with("/v1/messages") ? MessagesError : ErrorBody;
}

// The page is no secret; what it asks for is.
bool IsPage(const std::string& path) {
  return std::ranges::find(PageFiles(), path, &PageFile::path) != PageFiles().end();
}

// While answers under way end, and for their last bytes to be sent.
constexpr auto kPollWhenStopping = std::chrono::milliseconds(20);
constexpr auto kLastBytes = std::chrono::milliseconds(300);

}  // namespace

class Server::Impl {
 public:
  Impl(ModelShelf& models, ServerOptions options) : models_(models), options_(std::move(options)) {
    http_.new_task_queue = [most = options_.most_connections] {
      return new httplib::ThreadPool(most);
    };
    http_.set_payload_max_length(options_.most_body_bytes);
    http_.set_read_timeout(kSecondsToRead);
    http_.set_write_timeout(kSecondsToWrite);
    http_.set_keep_alive_max_count(1000);
    http_.set_keep_alive_timeout(kSecondsBetweenRequests);
    http_.set_tcp_nodelay(true);
    http_.set_pre_routing_handler(
        [this](const auto& request, auto& response) { return Guard(request, response); });
    http_.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return;
      const int status = response.status;
      SendJson(response, status, FormOf(request.path)(status, MeaningOf(status), "", ""));
    });
    http_.set_exception_handler(
        [](const auto& request, httplib::Response& response, std::exception_ptr failure) {
          std::string message = "unknown";
          try {
            std::rethrow_exception(failure);
          } catch (const std::exception& error) {
            message = error.what();
          } catch (...) {
          }
          SendJson(response, 500, FormOf(request.path)(500, message, "", ""));
        });
    AddRoutes();
    if (options_.port == 0) {
      options_.port = http_.bind_to_any_port(options_.host);
      if (options_.port > 0) return;
    } else if (http_.bind_to_port(options_.host, options_.port)) {
      return;
    }
    throw Error(ErrorCode::kIo,
                fmt::format("{}:{}: cannot listen there", options_.host, options_.port));
  }

  int port() const noexcept { return options_.port; }
  void Run() { http_.listen_after_bind(); }
  // The library cuts streams once it is told to stop: it is told last.
  void Stop() {
    is_stopping_ = true;
    do {
      while (under_way_ > 0) std::this_thread::sleep_for(kPollWhenStopping);
      std::this_thread::sleep_for(kLastBytes);
    } while (under_way_ > 0);
    http_.stop();
    ShutDownConnections(options_.port);
  }

 private:
  ModelShelf& models_;
  ServerOptions options_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<size_t> under_way_ = 0;  // answers
  httplib::Server http_;

  // Before any route: whom the request comes from, and whether it is one request.
  httplib::Server::HandlerResponse Guard(const httplib::Request& request,
                                         httplib::Response& response) const {
    using Result = httplib::Server::HandlerResponse;
    const auto refuse = [&](int status, const std::string& message) {
      SendJson(response, status, FormOf(request.path)(status, message, "", ""));
      return Result::Handled;
    };
    if (is_stopping_) {
      response.set_header("Connection", "close");
      return refuse(503, "the server is shutting down");
    }
    const AccessOptions& access = options_.access;
    const std::string host = request.get_header_value("Host");
    const bool is_ambiguous =
        request.get_header_value_count("Content-Length") > 1 ||
        request.get_header_value_count("Transfer-Encoding") > 1 ||
        request.get_header_value_count("Host") > 1 ||
        (request.has_header("Content-Length") && request.has_header("Transfer-Encoding"));
    if (is_ambiguous) {
      response.set_header("Connection", "close");
      return refuse(400, "want one Host and one length of the body");
    }
    if (access.checks_host && !IsOwnHost(host, access.hosts)) {
      return refuse(403, "this server is not known by that name; --allow-host NAME lets it be");
    }
    if (request.has_header("Origin")) {
      const std::string origin = request.get_header_value("Origin");
      if (!IsAllowedOrigin(origin, host, access.origins)) {
        return refuse(403, "pages of this origin may not call; --cors ORIGIN lets them");
      }
      response.set_header("Access-Control-Allow-Origin", origin);
      response.set_header("Vary", "Origin");
      if (request.method == "OPTIONS") {
        response.set_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
        response.set_header("Access-Control-Allow-Headers",
                            "Authorization, Content-Type, x-api-key, anthropic-version");
        response.status = 204;
        return Result::Handled;
      }
    }
    const bool is_for_all = request.path == "/health" || IsPage(request.path);
    if (!access.api_keys.empty() && !is_for_all) {
      const std::string authorization = request.get_header_value("Authorization");
      const std::string x_api_key = request.get_header_value("x-api-key");
      if (!IsKnownKey(access.api_keys, KeyOf(authorization, x_api_key))) {
        return refuse(401, "want an API key that is known");
      }
    }
    return Result::Unhandled;
  }

  void Post(const char* path, JsonHandler handler) {
    http_.Post(path, WithJson(std::move(handler), ErrorBody));
  }

  void AddRoutes() {
    Post("/v1/chat/completions", [this](const Call& call, auto& response) {
      Answer(call, ReadChatRequest, OpenAiReplies(ReplyKind::kChat), ErrorBody, response);
    });
    Post("/v1/completions", [this](const Call& call, auto& response) {
      Answer(call, ReadCompletionRequest, OpenAiReplies(ReplyKind::kCompletion), ErrorBody,
             response);
    });
    Post("/v1/responses", [this](const Call& call, auto& response) {
      Answer(call, ReadResponsesRequest, RepliesOf<ResponsesReply>, ErrorBody, response);
    });
    http_.Post("/v1/messages", WithJson(
                                   [this](const Call& call, auto& response) {
                                     Answer(call, ReadMessagesRequest, RepliesOf<MessagesReply>,
                                            MessagesError, response);
                                   },
                                   MessagesError));
    http_.Post(
        "/v1/messages/count_tokens",
        WithJson(
            [this](const Call& call, auto& response) {
              const auto read = ReadMessagesRequest(call.body, ModelOf(call)->context());
              SendJson(response, 200, {{"input_tokens", read.request.prompts.front().size()}});
            },
            MessagesError));
    Post("/v1/embeddings", [](const auto&, auto& response) {
      SendJson(response, 501, ErrorBody(501, "a model that writes text makes no embeddings"));
    });
    AddTextRoutes();
    AddPage();
    AddRoutesThatTell();
  }

  void AddTextRoutes() {
    Post("/tokenize", [this](const Call& call, auto& response) {
      const Fields fields(call.body);
      const std::string content = fields.Text("content").value_or("");
      const auto tokens = ModelOf(call)->model().tokenizer().Encode(
          content, {.add_special = fields.Switch("add_special", false),
                    .parse_special = fields.Switch("parse_special", true)});
      SendJson(response, 200, {{"tokens", tokens}});
    });
    Post("/detokenize", [this](const Call& call, auto& response) {
      const Fields fields(call.body);
      const ordered_json* tokens = fields.Find("tokens");
      if (tokens == nullptr || !tokens->is_array())
        throw BadRequest{"'tokens': want a list of token ids", "tokens"};
      const auto served = ModelOf(call);
      const auto ids = ReadTokens(*tokens, "tokens", served->model());
      SendJson(response, 200, {{"content", served->model().tokenizer().Decode(ids)}});
    });
    Post("/apply-template", [this](const Call& call, auto& response) {
      const auto served = ModelOf(call);
      SendJson(response, 200, {{"prompt", RenderMessages(Fields(call.body), served->context())}});
    });
  }

  void AddPage() {
    for (const PageFile& file : PageFiles()) {
      http_.Get(
          std::string(file.path), [&file](const httplib::Request&, httplib::Response& response) {
            response.set_header("Content-Security-Policy", std::string(kPagePolicy));
            response.set_header("X-Content-Type-Options", "nosniff");
            response.set_header("Referrer-Policy", "no-referrer");
            response.set_content(file.content.data(), file.content.size(), std::string(file.type));
          });
    }
  }

  void AddRoutesThatTell() {
    const auto models = [this](const httplib::Request&, httplib::Response& response) {
      SendJson(response, 200, Models());
    };
    http_.Get("/v1/models", models);
    http_.Get("/models", models);
    http_.Get(
        "/v1/models/(.+)", [this](const httplib::Request& request, httplib::Response& response) {
          const std::string name = request.matches[1];
          for (const auto& [known, served] : models_.Entries()) {
            if (known == name) return SendJson(response, 200, ModelCard(name, served.get()));
          }
          SendJson(response, 404, ErrorBody(404, "there is no model '" + name.substr(0, 80) + "'"));
        });
    const auto health = [](const httplib::Request&, httplib::Response& response) {
      SendJson(response, 200, {{"status", "ok"}});
    };
    http_.Get("/health", health);
    http_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(models_.RenderMetrics(), "text/plain; version=0.0.4");
    });
    http_.Get("/props", [this](const httplib::Request&, httplib::Response& response) {
      const auto [name, served] = models_.Entries().front();
      ordered_json context;  // null while it is closed
      if (served) context = served->scheduler().context_tokens();
      SendJson(response, 200,
               {{"default_generation_settings", {{"n_ctx", context}}},
                {"model_alias", name},
                {"build_info", std::string("hlwq ") + kVersion}});
    });
    // Clients that look for Ollama.
    http_.Get("/api/version", [](const httplib::Request&, httplib::Response& response) {
      SendJson(response, 200, {{"version", kVersion}});
    });
    http_.Get("/api/tags", [this](const httplib::Request&, httplib::Response& response) {
      ordered_json list = ordered_json::array();
      for (const auto& [name, model] : models_.Entries())
        list.push_back({{"name", name}, {"model", name}});
      SendJson(response, 200, {{"models", std::move(list)}});
    });
  }

  // In the forms of OpenAI and Anthropic at once. What is not open is not read for this.
  static ordered_json ModelCard(const std::string& name, const ServedModel* served) {
    ordered_json card = {{"id", name},
                         {"object", "model"},
                         {"created", 0},
                         {"owned_by", "hlwq"},
                         {"type", "model"},
                         {"display_name", name},
                         {"created_at", "1970-01-01T00:00:00Z"}};
    if (served == nullptr) return card;
    const model::ModelConfig& config = served->model().config();
    const size_t context = served->scheduler().context_tokens();
    card["max_input_tokens"] = context;
    card["meta"] = {{"n_ctx", context},
                    {"n_ctx_train", config.max_positions},
                    {"n_vocab", config.sizes.vocab},
                    {"n_embd", config.sizes.hidden},
                    {"memory_bytes", served->memory_bytes()}};
    return card;
  }

  ordered_json Models() const {
    ordered_json list = ordered_json::array();
    for (const auto& [name, served] : models_.Entries()) {
      list.push_back(ModelCard(name, served.get()));
    }
    ordered_json models = {{"object", "list"}, {"data", list}, {"has_more", false}};
    if (!list.empty()) {
      models["first_id"] = list.front()["id"];
      models["last_id"] = list.back()["id"];
    }
    models["models"] = std::move(list);  // where older clients look
    return models;
  }

  std::shared_ptr<ServedModel> ModelOf(const Call& call) {
    const Fields fields(call.body);
    return models_.Get(fields.Text("model").value_or(""));
  }

  using Read = OpenAiRequest (*)(const ordered_json& body, const ModelContext& context);
  // The reply borrows both.
  using MakeReply = std::function<std::unique_ptr<Reply>(const ServedModel& served,
                                                         const OpenAiRequest& request)>;

  static MakeReply OpenAiReplies(ReplyKind kind) {
    return [kind](const ServedModel& served, const OpenAiRequest& request) {
      return std::make_unique<OpenAiReply>(kind, served.name(), served.model().tokenizer(),
                                           request);
    };
  }
  template <class OneReply>
  static std::unique_ptr<Reply> RepliesOf(const ServedModel& served, const OpenAiRequest& request) {
    return std::make_unique<OneReply>(served.name(), request);
  }

  // What an answer needs as long as it is made; a stream, until it is sent.
  class Held {
   public:
    explicit Held(std::atomic<size_t>& under_way) : under_way_(under_way) { ++under_way_; }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { --under_way_; }

    std::shared_ptr<ServedModel> model;
    OpenAiRequest read;

   private:
    std::atomic<size_t>& under_way_;
  };

  void Answer(const Call& call, Read read, const MakeReply& make, ErrorForm form,
              httplib::Response& response) {
    auto held = std::make_shared<Held>(under_way_);
    held->model = ModelOf(call);
    held->read = read(call.body, held->model->context());
    server::Answer(held->model->scheduler(),
                   {.request = held->read.request,
                    .reply = make(*held->model, held->read),
                    .streams = held->read.streams,
                    .owner = held},
                   {.port = options_.port, .peer = call.peer, .seconds = options_.most_seconds},
                   form, response);
  }
};

Server::Server(ModelShelf& models, ServerOptions options)
    : impl_(std::make_unique<Impl>(models, std::move(options))) {}
Server::~Server() = default;

int Server::port() const noexcept { return impl_->port(); }
void Server::Run() { impl_->Run(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace hlwq::server
