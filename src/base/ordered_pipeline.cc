#include "base/ordered_pipeline.h"

#include <tbb/parallel_pipeline.h>

#include <mutex>
#include <numeric>

#include "base/parallel.h"
#include "base/thread_order.h"

namespace hlwq {
namespace {

// The pieces that no stage holds.
class FreePieces {
 public:
  explicit FreePieces(size_t count) : pieces_(count) {
    std::iota(pieces_.begin(), pieces_.end(), size_t{0});
  }

  // There is always one: the pipeline lets no more in than there are pieces.
  size_t Take() {
    const std::scoped_lock lock(mutex_);
    const size_t piece = pieces_.back();
    pieces_.pop_back();
    return piece;
  }

  void Give(size_t piece) {
    const std::scoped_lock lock(mutex_);
    pieces_.push_back(piece);
  }

 private:
  std::mutex mutex_;
  std::vector<size_t> pieces_;
};

}  // namespace

size_t PiecesInFlight(int threads) noexcept {
  return 2 * static_cast<size_t>(ResolveThreads(threads)) + 2;
}

void RunOrderedPipeline(int threads, const PipelineStages& stages) {
  const size_t count = PiecesInFlight(threads);
  FreePieces free(count);
  ThreadOrder reading, finishing;
  std::vector<ThreadOrder> pieces(count);
  TaskOrder order;
  const auto read = [&](tbb::flow_control& control) {
    const InThreadOrder task = order.Task(), stage(reading);
    const size_t piece = free.Take();
    const InThreadOrder held(pieces[piece]);
    if (!stages.read(piece)) control.stop();
    return piece;
  };
  const auto work = [&](size_t piece) {
    const InThreadOrder task = order.Task(), held(pieces[piece]);
    stages.work(piece);
    return piece;
  };
  const auto finish = [&](size_t piece) {
    const InThreadOrder task = order.Task(), stage(finishing);
    const InThreadOrder held(pieces[piece]);
    stages.finish(piece);
    free.Give(piece);
  };
  using tbb::filter_mode;
  WithThreads(threads, [&] {
    tbb::parallel_pipeline(
        count, tbb::make_filter<void, size_t>(filter_mode::serial_in_order, read) &
                   tbb::make_filter<size_t, size_t>(filter_mode::parallel, work) &
                   tbb::make_filter<size_t, void>(filter_mode::serial_in_order, finish));
  });
}

}  // namespace hlwq
