// Reductions over the rows of a CSR and the two edge-wise products.
//
// Every op is up to three steps: reduce the edges of a row, write what is the row's, fill in what is the edges'. A long row
// is cut by `plan`: its pieces are reduced each by one thread, merged in order, and filled in.
#pragma once
#include "tasks.hpp"
#include "usg_ops.h"
#include "vector.hpp"

namespace usg {
namespace {

template <class T> inline Wide<T> get(T x) { return x; }
inline float get(bfloat x) {
  const uint32_t bits = uint32_t(x.bits) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}
inline float get(half x) { return to_float(x); }
template <class T> inline T narrow(Wide<T> x) {
  T y;
  store16(&y, all16<Wide<T>>(x), 1);
  return y;
}
template <> inline float narrow<float>(float x) { return x; }
template <> inline double narrow<double>(double x) { return x; }

template <class T, class I> class Segments {
  using A = Wide<T>;
  const usg_segment &in;
  const I *rowptr = (const I *)in.rowptr;
  const T *values = (const T *)in.values, *other = (const T *)in.other;
  T *out = (T *)in.out;
  const int64_t c = in.columns;

 public:
  explicit Segments(const usg_segment &arguments) : in(arguments) {}

  void run() {
    const Plan work = plan(rowptr, in.rows, 256, std::max(least_work, 65536 / std::max<int64_t>(1, c)));
    // Of each piece of a long row: its sums and, behind them, its maxima; of a maximum its slots.
    std::vector<A> sums(work.pieces * 2 * c);
    std::vector<int64_t> slots(in.op == USG_MAX ? work.pieces * c : 0), first(work.pieces);
    const int64_t kept = in.op == USG_MAX ? c : 0;
    share_out(work.tasks.size(), in.threads, [&] {
      return [&, sum = std::vector<A>(2 * c), best = std::vector<int64_t>(kept)](int64_t index) mutable {
        const Task &task = work.tasks[index];
        if (task.piece >= 0)
          return reduce(task.begin, task.end, sums.data() + task.piece * 2 * c, slots.data() + task.piece * kept);
        for (int64_t i = task.first; i < task.last; i++) {
          const int64_t begin = rowptr[i], end = rowptr[i + 1];
          reduce(begin, end, sum.data(), best.data());
          finish(i, begin, end, sum.data(), best.data());
          fill(i, begin, end, sum.data());
        }
      };
    });
    if (work.pieces == 0) return;
    for (const LongRow &row : work.long_rows) {
      A *all = sums.data() + row.piece * 2 * c;
      int64_t *best = slots.data() + row.piece * kept;
      for (int64_t p = 1; p < row.pieces; p++) merge(all, all + p * 2 * c, best, best + p * kept);
      finish(row.row, rowptr[row.row], rowptr[row.row + 1], all, best);
      std::fill(first.begin() + row.piece, first.begin() + row.piece + row.pieces, row.piece);
    }
    share_out(work.tasks.size(), in.threads, [&] {
      return [&](int64_t index) {
        const Task &task = work.tasks[index];
        if (task.piece >= 0) fill(task.first, task.begin, task.end, sums.data() + first[task.piece] * 2 * c);
      };
    });
  }

 private:
  void reduce(int64_t begin, int64_t end, A *sum, int64_t *best) {
    if (in.op == USG_GATHER || in.op == USG_DOT) return;
    if (in.op == USG_MAX) return largest(begin, end, best);
    std::fill(sum, sum + c, A(0));
    switch (in.op) {
      case USG_SUM:
        for (int64_t e = begin; e < end; e++) add(sum, A(1), values + e * c);
        return;
      case USG_WEIGHTED_SUM:
        for (int64_t e = begin; e < end; e++) add(sum, other ? get(other[e]) : A(1), values + in.col[e] * c);
        return;
      case USG_SOFTMAX:
        return powers(begin, end, sum);
      case USG_SOFTMAX_BACKWARD:
        for (int64_t x = begin * c; x < end * c; x += c)
          for (int64_t y = 0; y < c; y++) sum[y] += get(values[x + y]) * get(other[x + y]);
        return;
    }
  }

  void merge(A *sum, const A *more, int64_t *best, const int64_t *other_best) {
    if (in.op == USG_MAX) {
      for (int64_t x = 0; x < c; x++) best[x] = larger(best[x], other_best[x], x);
    } else if (in.op == USG_SOFTMAX) {
      for (int64_t x = 0; x < c; x++) {
        const A top = std::max(sum[c + x], more[c + x]), level = level_of(top);
        sum[x] = sum[x] * std::exp(sum[c + x] - level) + more[x] * std::exp(more[c + x] - level);
        sum[c + x] = top;
      }
    } else {
      for (int64_t x = 0; x < c; x++) sum[x] += more[x];
    }
  }

  void finish(int64_t i, int64_t begin, int64_t end, const A *sum, const int64_t *best) {
    if (in.op == USG_SUM || in.op == USG_WEIGHTED_SUM) return put(out + i * c, sum);
    if (in.op != USG_MAX) return;
    for (int64_t x = 0; x < c; x++) {
      out[i * c + x] = begin < end ? values[best[x] * c + x] : T{};
      in.slot[i * c + x] = begin < end ? best[x] : in.slots;
    }
  }

  void fill(int64_t i, int64_t begin, int64_t end, const A *sum) {
    switch (in.op) {
      case USG_DOT:
        for (int64_t e = begin; e < end; e++) out[e] = narrow<T>(dot(other + i * c, values + in.col[e] * c));
        return;
      case USG_GATHER:
        for (int64_t e = begin; e < end; e++) std::copy(values + i * c, values + (i + 1) * c, out + e * c);
        return;
      case USG_SOFTMAX:
        for (int64_t x = begin * c; x < end * c; x += c)
          for (int64_t y = 0; y < c; y++) out[x + y] = narrow<T>(std::exp(get(values[x + y]) - sum[c + y]) / sum[y]);
        return;
      case USG_SOFTMAX_BACKWARD:
        for (int64_t x = begin * c; x < end * c; x += c)
          for (int64_t y = 0; y < c; y++) out[x + y] = narrow<T>(get(values[x + y]) * (get(other[x + y]) - sum[y]));
        return;
    }
  }

  void put(T *to, const A *from) {
    int64_t x = 0;
    for (; x + 16 <= c; x += 16) store16(to + x, load16(from + x));
    for (; x < c; x++) to[x] = narrow<T>(from[x]);
  }

  void add(A *to, A weight, const T *from) {
    int64_t x = 0;
    for (; x + 16 <= c; x += 16) store16(to + x, load16(to + x) + weight * load16(from + x));
    for (; x < c; x++) to[x] += weight * get(from[x]);
  }

  A dot(const T *x, const T *y) {
    V16<A> sum{};
    int64_t o = 0;
    for (; o + 16 <= c; o += 16) sum += load16(x + o) * load16(y + o);
    A total = 0;
    for (; o < c; o++) total += get(x[o]) * get(y[o]);
    for (int i = 0; i < 16; i++) total += sum[i];
    return total;
  }

  // Of two slots that of the larger value in column x; a NaN is larger than all, and of equals the first.
  int64_t larger(int64_t first, int64_t second, int64_t x) const {
    const A top = get(values[first * c + x]), value = get(values[second * c + x]);
    return value > top || (value != value && top == top) ? second : first;
  }

  void largest(int64_t begin, int64_t end, int64_t *best) const {
    std::fill(best, best + c, begin);
    for (int64_t e = begin + 1; e < end; e++)
      for (int64_t x = 0; x < c; x++) best[x] = larger(best[x], e, x);
  }

  // A piece of -inf alone counts 0; a row of -inf alone gives NaN, as torch.softmax does, when it is filled in.
  static A level_of(A top) { return top == -std::numeric_limits<A>::infinity() ? A(0) : top; }

  // Maxima, behind the sums, and sums of powers.
  void powers(int64_t begin, int64_t end, A *sum) {
    A *top = sum + c;
    std::fill(top, top + c, -std::numeric_limits<A>::infinity());
    for (int64_t x = begin * c; x < end * c; x += c)
      for (int64_t y = 0; y < c; y++) top[y] = std::max(top[y], get(values[x + y]));
    for (int64_t x = begin * c; x < end * c; x += c)
      for (int64_t y = 0; y < c; y++) sum[y] += std::exp(get(values[x + y]) - level_of(top[y]));
  }
};

}  // namespace
}  // namespace usg
