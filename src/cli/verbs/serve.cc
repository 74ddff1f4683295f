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

// What DIR holds.
struct Shelved {
  std::string name, path;
};

std::string NameOf(const std::filesystem::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// The models in a folder of models; of a model itself, that one.
std::vector<Shelved> ModelsIn(const Arguments& arguments) {
  namespace fs = std::filesystem;
  const std::string operand = arguments.Operand("DIR");
  std::error_code failure;
  std::vector<Shelved> models;
  if (!fs::exists(fs::path(operand) / "config.json", failure)) {
    for (const auto& entry : fs::directory_iterator(operand, failure)) {
      if (!fs::exists(entry.path() / "config.json", failure)) continue;
      models.push_back({NameOf(entry.path()), entry.path().string()});
    }
    std::ranges::sort(models, {}, &Shelved::name);
  }
  const auto alias = arguments.FindText(flag::kAlias);
  if (models.empty()) return {{alias.value_or(NameOf(operand)), operand}};
  if (alias) {
    throw Error(
        ErrorCode::kInvalidArgument,
        "--alias: " + operand + " is a folder of models, which have the names of their folders");
  }
  return models;
}

// Until a signal comes.
void Serve(const Arguments& arguments, server::ModelShelf& models,
           const server::ServerOptions& options, const std::string& what,
           std::unique_ptr<EndSignals> signals) {
  server::Server server(models, options);
  if (arguments.json()) PrintJson({{"host", options.host}, {"port", server.port()}});
  PrintNote(arguments, fmt::format("{} at http://{}:{}/v1", what, options.host, server.port()));
  std::thread listening([&] { server.Run(); });
  signals->Wait();
  signals.reset();  // another one ends the program at once
  PrintNote(arguments, "ending; answers under way are finished");
  server.Stop();
  listening.join();
}

server::SchedulerOptions SchedulingOf(const Arguments& arguments, const chat::TextModel& model,
                                      uint64_t cache_bytes) {
  const size_t context = arguments.Has(flag::kCtxSize)
                             ? ContextTokensOf(arguments, model)
                             : std::min<size_t>(model.config().max_positions, kMostDefaultContext);
  server::SchedulerOptions scheduling;
  scheduling.cache = CacheOptionsOf(arguments, context);
  scheduling.most_active = static_cast<size_t>(arguments.Integer(flag::kParallel));
  scheduling.idle_bytes = cache_bytes;
  scheduling.most_drafted = static_cast<size_t>(arguments.Integer(flag::kDraftMax));
  scheduling.is_exact = arguments.Switch(flag::kExact);
  return scheduling;
}

}  // namespace

int RunServe(const Arguments& arguments) {
  const std::vector<Shelved> found = ModelsIn(arguments);
  const auto most_open =
      std::min<size_t>(found.size(), static_cast<size_t>(arguments.Integer(flag::kModelsMax)));
  const uint64_t free_bytes = ReadMemoryLimit().available_bytes;
  const uint64_t cache_bytes =
      (arguments.Has(flag::kCacheRam) ? arguments.Bytes(flag::kCacheRam)
                                      : std::min(free_bytes / 4, kMostDefaultCache)) /
      most_open;
  const server::ServerOptions options = ServerOptionsOf(arguments);
  auto signals = std::make_unique<EndSignals>();  // before any thread begins
  const auto open = [&](const std::string& name, std::shared_ptr<server::Metrics> metrics) {
    const auto shelved = std::ranges::find(found, name, &Shelved::name);
    auto served = std::make_shared<server::ServedModel>(
        name,
        [&] {
          return OpenModel(arguments, shelved->path,
                           {.models = static_cast<int>(most_open), .snapshot_bytes = cache_bytes});
        },
        [&](const chat::TextModel& model) { return SchedulingOf(arguments, model, cache_bytes); },
        std::move(metrics));
    PrintModelNotes(arguments, served->model());
    if (found.size() > 1) PrintNote(arguments, name + " is open");
    return served;
  };
  std::vector<std::string> names;
  for (const Shelved& model : found) names.push_back(model.name);
  server::ModelShelf models(names, most_open, open);
  std::string what = fmt::format("{} models", found.size());
  if (found.size() == 1) {
    const size_t context = models.Get("")->scheduler().context_tokens();
    what = fmt::format("{}, {} tokens of context,", names.front(), context);
  }
  Serve(arguments, models, options, what, std::move(signals));
  models.FinishTraces();
  return 0;
}

}  // namespace hlwq::cli
