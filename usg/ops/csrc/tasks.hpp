// How rows are shared out: by edges, in pieces that depend on the graph alone.
//
// A task is a run of whole rows, or a piece of one long row. Whoever works on a task, its sums are formed in the same
// order and merged in the order of tasks, so results have the same bits for any number of threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace usg {
namespace {

struct Task {
  int64_t first, last;  // rows [first, last)
  int64_t begin, end;   // edges
  int64_t piece;        // its number among the pieces of long rows; -1 for whole rows
};

struct LongRow { int64_t row, piece, pieces; };

struct Plan {
  std::vector<Task> tasks;
  std::vector<LongRow> long_rows;
  int64_t pieces = 0;
};

constexpr int64_t least_work = 512;  // edges and rows that are worth handing to a thread

// most: of tasks, about; less where each needs tables of its own. least: edges and rows of a task.
template <class I> Plan plan(const I *rowptr, int64_t rows, int64_t most, int64_t least = least_work) {
  Plan result;
  const int64_t total = rowptr[rows] + rows;
  const int64_t share = std::max(least, (total + most - 1) / most);
  int64_t first = 0;
  auto close = [&](int64_t row) {
    if (row > first) result.tasks.push_back({first, row, rowptr[first], rowptr[row], -1});
    first = row;
  };
  for (int64_t i = 0; i < rows; i++) {
    const int64_t edges = rowptr[i + 1] - rowptr[i];
    if (edges >= 2 * share) {
      close(i);
      const int64_t pieces = edges / share;
      result.long_rows.push_back({i, result.pieces, pieces});
      for (int64_t p = 0; p < pieces; p++)
        result.tasks.push_back({i, i + 1, rowptr[i] + edges * p / pieces, rowptr[i] + edges * (p + 1) / pieces,
                                result.pieces++});
      first = i + 1;
    } else if (rowptr[i + 1] - rowptr[first] + (i + 1 - first) >= share) {
      close(i + 1);
    }
  }
  close(rows);
  return result;
}

// Makes streamed stores visible to other threads.
inline void fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// Calls make() once on every thread and what it gives with each number in [0, count).
template <class F> void share_out(int64_t count, int threads, F make) {
  const int team = (int)std::min<int64_t>(threads, count);
#ifdef _OPENMP
  if (team > 1) {
    std::atomic<int64_t> next{0};
    std::atomic<bool> failed{false};  // for lack of memory, the one thing that can fail
#pragma omp parallel num_threads(team)
    {
      try {
        auto work = make();
        for (int64_t i; (i = next.fetch_add(1)) < count;) work(i);
        fence();
      } catch (const std::bad_alloc &) {
        failed = true;
      }
    }
    if (failed) throw std::bad_alloc();
    return;
  }
#endif
  if (count == 0) return;
  auto work = make();
  for (int64_t i = 0; i < count; i++) work(i);
  fence();
}

template <class I> bool rises(const I *pointer, int64_t rows, int64_t slots) {
  bool good = pointer[0] == 0 && pointer[rows] == slots;
  for (int64_t i = 0; i < rows; i++) good &= pointer[i] <= pointer[i + 1];
  return good;
}

template <class I> bool within(const I *index, int64_t count, int64_t size) {
  bool good = true;
  for (int64_t i = 0; i < count; i++) good &= index[i] >= 0 && (int64_t)index[i] < size;
  return good;
}

}  // namespace
}  // namespace usg
