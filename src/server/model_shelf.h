// The models of a server: open when they are asked for, closed for others.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/metrics.h"
#include "server/served_model.h"

namespace hlwq::server {

struct ShelfLimits {
  size_t most_open = 1;
  // Of all that are open together (ServedModel::memory_bytes). One alone may take more.
  uint64_t most_bytes = std::numeric_limits<uint64_t>::max();
};

// Whenever a limit is exceeded, the model that is unused for the longest time is closed, busy ones excepted.
// Thread: safe.
class ModelShelf {
 public:
  // What a model is opened with.
  struct Opening {
    std::string name;
    std::shared_ptr<Metrics> metrics;  // that count its requests
    std::function<void()> on_growth;   // SchedulerOptions
  };
  using Open = std::function<std::shared_ptr<ServedModel>(const Opening& opening)>;
  // About what a model that was never open will take.
  using Measure = std::function<uint64_t(const std::string& name)>;

  // Names that differ, one at least.
  ModelShelf(std::vector<std::string> names, const ShelfLimits& limits, Open open, Measure measure);
  // Waits for the answers under way.
  ~ModelShelf();

  // The model of this name; where there is one only, that one, whatever the name. Opens it if need be, and closes
  // others for it before. An empty name means the first. Throws BadRequest with 404 and the names that there
  // are, with 503 when all that would have to be closed are busy; and as Open and Measure.
  std::shared_ptr<ServedModel> Get(const std::string& name);

  // Of each model its name, and what is open of it now.
  struct Entry {
    std::string name;
    std::shared_ptr<const ServedModel> model;  // null: closed
  };
  std::vector<Entry> Entries() const;

  std::string RenderMetrics() const;
  // Once no request comes any more.
  void FinishTraces();

 private:
  struct Slot {
    std::string name;
    std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
    std::shared_ptr<ServedModel> model;
    uint64_t needed_bytes = 0;  // to open it; 0: not known yet
    uint64_t last_use = 0;
  };

  ShelfLimits limits_;
  Open open_;
  Measure measure_;
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;  // their number never changes
  uint64_t uses_ = 0;
  std::atomic<uint64_t> closed_ = 0;  // for others

  Slot& SlotOf(const std::string& name);
  size_t CountOpen() const noexcept;
  uint64_t CountBytes() noexcept;
  bool CloseOldestBut(const Slot& kept);
  void MakeRoomFor(Slot& slot);
  void OpenIn(Slot& slot);
  void KeepWithinMemory(const Slot& kept);
  void OnGrowth(const Slot& slot);
};

}  // namespace hlwq::server
