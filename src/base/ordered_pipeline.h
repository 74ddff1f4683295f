// A stream of pieces: made in order, worked on by all threads, finished in order, in a fixed amount
// of memory.
#pragma once

#include <cstddef>
#include <vector>

#include "base/function_ref.h"

namespace hlwq {

// Pieces that a pipeline holds at once; `threads` as of ResolveThreads.
size_t PiecesInFlight(int threads) noexcept;

// The stages, for pieces 0 to PiecesInFlight(threads) - 1, of which each is used again and again.
struct PipelineStages {
  FunctionRef<bool(size_t)> read;    // in order, one at a time; false: the stream has ended
  FunctionRef<void(size_t)> work;    // in any order, many at a time
  FunctionRef<void(size_t)> finish;  // in the order of reading, one at a time
};

// Returns when all that was read is finished. The first exception of a stage ends the stream and is
// thrown; what was finished before stays so. Thread: `read` and `finish` run beside each other and
// beside `work`, on any thread, but never for one piece.
void RunOrderedPipeline(int threads, const PipelineStages& stages);

// The same for pieces of a type of the caller's, with its stages Read(Piece&), Work(Piece&) and
// Finish(Piece&). A piece comes to Read as Finish left it, so that its buffers can be used again.
template <typename Piece, typename Stages>
void RunOrderedPipeline(int threads, Stages& stages) {
  std::vector<Piece> pieces(PiecesInFlight(threads));
  RunOrderedPipeline(threads, {.read = [&](size_t piece) { return stages.Read(pieces[piece]); },
                               .work = [&](size_t piece) { stages.Work(pieces[piece]); },
                               .finish = [&](size_t piece) { stages.Finish(pieces[piece]); }});
}

}  // namespace hlwq
