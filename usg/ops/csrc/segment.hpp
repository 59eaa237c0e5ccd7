// Reductions over the rows of a CSR and the two edge-wise products, in slot order by one thread per row.
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
    const int64_t total = rowptr[in.rows] + in.rows;
    // Rows are cut by edges, small ones together; a row is never cut.
    std::vector<int64_t> cuts{0};
    const int64_t share = std::max<int64_t>((total + 255) / 256, 1 + 65536 / std::max<int64_t>(1, c));
    for (int64_t i = 0, done = 0; i < in.rows; i++)
      if (i + 1 == in.rows || rowptr[i + 1] + i + 1 - done >= share) cuts.push_back(i + 1), done = rowptr[i + 1] + i + 1;
    share_out(cuts.size() - 1, in.threads, [&] {
      return [&, sum = std::vector<A>(2 * c)](int64_t part) mutable {
        for (int64_t i = cuts[part]; i < cuts[part + 1]; i++) row(i, rowptr[i], rowptr[i + 1], sum.data());
      };
    });
  }

 private:
  void row(int64_t i, int64_t begin, int64_t end, A *sum) {
    switch (in.op) {
      case USG_SUM:
        std::fill(sum, sum + c, A(0));
        for (int64_t e = begin; e < end; e++) add(sum, A(1), values + e * c);
        return put(out + i * c, sum);
      case USG_WEIGHTED_SUM:
        std::fill(sum, sum + c, A(0));
        for (int64_t e = begin; e < end; e++) add(sum, other ? get(other[e]) : A(1), values + in.col[e] * c);
        return put(out + i * c, sum);
      case USG_DOT:
        for (int64_t e = begin; e < end; e++) out[e] = narrow<T>(dot(other + i * c, values + in.col[e] * c));
        return;
      case USG_GATHER:
        for (int64_t e = begin; e < end; e++) std::copy(values + i * c, values + (i + 1) * c, out + e * c);
        return;
      case USG_MAX:
        return largest(i, begin, end);
      case USG_SOFTMAX:
        return softmax(begin, end, sum);
      case USG_SOFTMAX_BACKWARD:
        std::fill(sum, sum + c, A(0));
        for (int64_t x = begin * c; x < end * c; x += c)
          for (int64_t y = 0; y < c; y++) sum[y] += get(values[x + y]) * get(other[x + y]);
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

  void largest(int64_t i, int64_t begin, int64_t end) {
    for (int64_t x = 0; x < c; x++) {
      int64_t best = begin;
      for (int64_t e = begin + 1; e < end; e++) {
        const A value = get(values[e * c + x]), top = get(values[best * c + x]);
        if (value > top || (value != value && top == top)) best = e;
      }
      out[i * c + x] = begin < end ? values[best * c + x] : T{};
      in.slot[i * c + x] = begin < end ? best : in.slots;
    }
  }

  void softmax(int64_t begin, int64_t end, A *sum) {
    A *top = sum + c;
    std::fill(sum, sum + c, A(0));
    std::fill(top, top + c, -std::numeric_limits<A>::infinity());
    for (int64_t e = begin; e < end; e++)
      for (int64_t x = 0; x < c; x++) top[x] = std::max(top[x], get(values[e * c + x]));
    for (int64_t e = begin; e < end; e++)
      for (int64_t x = 0; x < c; x++) sum[x] += std::exp(get(values[e * c + x]) - top[x]);
    for (int64_t e = begin; e < end; e++)
      for (int64_t x = 0; x < c; x++) out[e * c + x] = narrow<T>(std::exp(get(values[e * c + x]) - top[x]) / sum[x]);
  }
};

}  // namespace
}  // namespace usg
