// hlwq serve.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/memory_limit.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "server/http/server.h"
#include "server/scheduler.h"

namespace hlwq::cli {
namespace {

constexpr size_t kMostDefaultContext = 32768;
constexpr uint64_t kMostDefaultCache = uint64_t{8} << 30;
constexpr uint64_t kMostKeyFileBytes = 1 << 20;

std::vector<std::string> ApiKeysOf(const Arguments& arguments) {
  std::vector<std::string> keys = arguments.List(flag::kApiKey);
  if (const auto file = arguments.FindText(flag::kApiKeyFile)) {
    std::string key;
    for (const char byte : ReadSmallFile(*file, kMostKeyFileBytes) + "\n") {
      if (byte != '\n' && byte != '\r') {
        key += byte;
      } else if (!key.empty()) {
        keys.push_back(std::exchange(key, {}));
      }
    }
    if (keys.empty())
      throw Error(ErrorCode::kInvalidData, *file + ": want a key on a line, got none");
  }
  return keys;
}

server::ServerOptions ServerOptionsOf(const Arguments& arguments) {
  server::ServerOptions options;
  options.host = arguments.Text(flag::kHost);
  options.port = static_cast<int>(arguments.Integer(flag::kPort));
  const std::filesystem::path folder = arguments.Operand("DIR");
  const std::filesystem::path named = folder.has_filename() ? folder : folder.parent_path();
  options.model_name = arguments.FindText(flag::kAlias).value_or(named.filename().string());
  options.access.api_keys = ApiKeysOf(arguments);
  options.access.origins = arguments.List(flag::kCors);
  options.access.hosts = arguments.List(flag::kAllowHost);
  options.most_seconds = arguments.FindNumber(flag::kTimeout).value_or(0);
  options.access.checks_host =
      options.host == "localhost" || options.host == "::1" || options.host.starts_with("127.");
  return options;
}

// While one exists, SIGINT and SIGTERM wait to be asked for; threads that are begun meanwhile leave them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  ~EndSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void Wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
  }

 private:
  sigset_t signals_, before_;
};

// Until a signal comes.
void Serve(const Arguments& arguments, const chat::TextModel& model, server::Scheduler& scheduler,
           const server::ServerOptions& options, std::unique_ptr<EndSignals> signals) {
  server::Server server(model, scheduler, options);
  if (arguments.json()) PrintJson({{"host", options.host}, {"port", server.port()}});
  PrintNote(arguments,
            fmt::format("{} at http://{}:{}/v1, {} tokens of context", options.model_name,
                        options.host, server.port(), scheduler.context_tokens()));
  std::thread listening([&] { server.Run(); });
  signals->Wait();
  signals.reset();  // another one ends the program at once
  PrintNote(arguments, "ending; answers under way are finished");
  server.Stop();
  listening.join();
}

}  // namespace

int RunServe(const Arguments& arguments) {
  const uint64_t free_bytes = ReadMemoryLimit().available_bytes;
  const uint64_t cache_bytes = arguments.Has(flag::kCacheRam)
                                   ? arguments.Bytes(flag::kCacheRam)
                                   : std::min(free_bytes / 4, kMostDefaultCache);
  const server::ServerOptions options = ServerOptionsOf(arguments);
  auto signals = std::make_unique<EndSignals>();  // before any thread begins
  chat::TextModel model =
      OpenModel(arguments, arguments.Operand("DIR"), {.snapshot_bytes = cache_bytes});
  PrintModelNotes(arguments, model);
  const size_t context = arguments.Has(flag::kCtxSize)
                             ? ContextTokensOf(arguments, model)
                             : std::min<size_t>(model.config().max_positions, kMostDefaultContext);
  server::SchedulerOptions scheduling;
  scheduling.cache = CacheOptionsOf(arguments, context);
  scheduling.most_active = static_cast<size_t>(arguments.Integer(flag::kParallel));
  scheduling.idle_bytes = cache_bytes;
  scheduling.most_drafted = static_cast<size_t>(arguments.Integer(flag::kDraftMax));
  scheduling.is_exact = arguments.Switch(flag::kExact);
  {
    server::Scheduler scheduler(model, scheduling);
    Serve(arguments, model, scheduler, options, std::move(signals));
  }
  model.engine().FinishTrace();
  return 0;
}

}  // namespace hlwq::cli
