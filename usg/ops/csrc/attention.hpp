// Graph attention, one pass over the edges of each target; the formulas stand in usg/ops/attention.py.
//
// Heads are taken in groups of 8, 4, 2 or 1, whichever divides their number. Eight logits, of eight heads of one edge or
// of one head of eight edges, are formed at once and stay one vector ("lanes": edge by edge, in each head by head).
// D is the width of a head where the compiler knows it, else 0.
#pragma once
#include <type_traits>

#include "tasks.hpp"
#include "usg_ops.h"
#include "vector.hpp"

namespace usg {
namespace {

constexpr int block = 64;  // edges whose logits are held at once
constexpr int ahead = 8;   // edges between asking for a row of memory and using it

// What a thread needs for the row it is at.
template <class A> struct Scratch {
  std::vector<A> q, grad, sum, lanes, top, total, delta;
  std::vector<A> query_attr, grad_attr;            // (H, a) what a unit of an attribute adds to a logit, to its gradient
  std::vector<A> key_attr_mass, value_attr_mass;   // (H, a) attributes summed with the weights of keys and of values
  std::vector<A> key_mass, value_mass;             // (T, H) weights summed by edge type
  std::vector<int64_t> types;                      // those with a mass
  std::vector<char> seen;                          // whether a type is among them
};

template <class T, class A, int D> class Attention {
 public:
  explicit Attention(const usg_attention &arguments) : in(arguments) {
    while (group > 1 && heads % group) group /= 2;
    while ((1 << shift) < group) shift++;
  }

 protected:
  using V = V16<A>;
  using Lanes = V8<A>;
  static constexpr int vectors = D / 16;

  const usg_attention &in;
  const int64_t d = D ? D : in.width, heads = in.heads, span = in.heads * d, attributes = in.attributes;
  const A scale = A(1) / std::sqrt(A(d));
  const A *const bias = (const A *)in.bias, *const edge_attr = (const A *)in.edge_attr;
  int group = 8, shift = 0;

  int64_t type(int64_t slot) const {
    return in.edge_type_is_wide ? ((const int64_t *)in.edge_type)[slot] : ((const int32_t *)in.edge_type)[slot];
  }
  A kept(int64_t head, int64_t slot) const { return in.keep ? A(in.keep[head * in.edges + slot]) : A(1); }

  // f(offset, n) for each vector of a head: n is 16, or what is left.
  template <class F> void each_vector(F f) const {
    if constexpr (D > 0) {
#pragma GCC unroll 8
      for (int x = 0; x < D; x += 16) f(x, 16);
    } else {
      for (int64_t x = 0; x < d; x += 16) f(x, std::min<int64_t>(16, d - x));
    }
  }
  template <class P> static V load(const P *p, int64_t n) { return D > 0 ? load16(p) : n == 16 ? load16(p) : load16(p, n); }
  template <class P> static void store(P *p, V x, int64_t n) {
    if (D > 0 || n == 16) store16(p, x);
    else store16(p, x, n);
  }

  // Results too large for the cache are streamed past it: half the traffic of writing them.
  bool streams(const void *to, int64_t rows) const {
    return D > 0 && std::is_same_v<T, float> && rows * span * sizeof(T) >= (size_t(4) << 20) && (uintptr_t)to % 64 == 0;
  }
  void deliver(T *p, V x, int64_t n, bool stream) const {
    if constexpr (std::is_same_v<T, float>)
      if (stream) return stream16(p, x);
    store(p, x, n);
  }

  void widen(const T *from, A *to, A factor) const {
    for (int64_t x = 0; x < span; x += d)
      each_vector([&](int64_t o, int64_t n) { store(to + x + o, load(from + x + o, n) * factor, n); });
  }
  A dot(const A *x, const A *y) const {
    V sum{};
    each_vector([&](int64_t o, int64_t n) { sum += load(x + o, n) * load(y + o, n); });
    A total = 0;
    for (int i = 0; i < 16; i++) total += sum[i];
    return total;
  }
  // to += factor * from, over one head.
  void add(A *to, A factor, const A *from) const {
    each_vector([&](int64_t o, int64_t n) { store(to + o, load(to + o, n) + all16<A>(factor) * load(from + o, n), n); });
  }

  void fetch(const T *p) const {
    const int64_t lines = std::max<int64_t>(1, group * d * sizeof(T) / 64);
    for (int64_t i = 0; i < lines; i++) __builtin_prefetch((const char *)p + 64 * i);
  }

  void fetch_ahead(int64_t slot, int64_t head) const {
    for (int64_t e = slot + ahead; e < std::min<int64_t>(slot + ahead + (8 >> shift), in.edges); e++) {
      fetch((const T *)in.k + in.col[e] * in.k_row + head * d);
      fetch((const T *)in.v + in.col[e] * in.v_row + head * d);
    }
  }

  // Dots of the group's heads of x (wide) with rows of y plus a table, for edges [begin, begin + count), as lanes.
  // f(number of the first lane, lanes) takes them; lanes behind the last edge repeat it.
  template <class F> void dots(const A *x, const T *y, int64_t row, const A *table, int64_t head, int64_t begin,
                               int64_t count, F f) const {
    for (int64_t first = 0; first < count << shift; first += 8) {
      V part[8];
      const A *side = nullptr, *entry = nullptr;
      const T *vector = nullptr;
#pragma GCC unroll 8
      for (int u = 0; u < 8; u++) {
        if ((u & (group - 1)) == 0) {
          const int64_t slot = begin + std::min<int64_t>((first + u) >> shift, count - 1);
          side = x + head * d;
          entry = table + type(slot) * span + head * d;
          vector = y + in.col[slot] * row + head * d;
        }
        V sum{};
        each_vector([&](int64_t o, int64_t n) { sum += load(side + o, n) * (load(vector + o, n) + load(entry + o, n)); });
        part[u] = sum;
        side += d, entry += d, vector += d;
      }
      f(first, totals<A>(part));
    }
  }

  // What types and attributes add to the lanes from `first` on.
  Lanes from_edges(const A *attr_side, bool with_bias, int64_t head, int64_t begin, int64_t count, int64_t first) const {
    if (!attributes && !with_bias) return Lanes{};
    if (!attributes && group == 8) return read<Lanes>(bias + type(begin + (first >> 3)) * heads + head);
    A sum[8] = {};
    for (int u = 0; u < 8 && first + u < count << shift; u++) {
      const int64_t slot = begin + ((first + u) >> shift), h = head + ((first + u) & (group - 1));
      if (with_bias) sum[u] = bias[type(slot) * heads + h];
      for (int64_t a = 0; a < attributes; a++) sum[u] += edge_attr[slot * attributes + a] * attr_side[h * attributes + a];
    }
    return read<Lanes>(sum);
  }

  // sum = sum * decay + over the edges: lane * (row of y + table), for the heads of the group.
  void weighted_sum(const A *lanes, const A *decay, const T *y, int64_t row, const A *table, int64_t head, int64_t begin,
                    int64_t count, A *sum) const {
    if constexpr (D == 16 || D == 32) {
      int h = 0;
      for (; h + 2 <= group; h += 2) side_by_side<2>(h, lanes, decay, y, row, table, head, begin, count, sum);
      for (; h < group; h++) side_by_side<1>(h, lanes, decay, y, row, table, head, begin, count, sum);
    } else if constexpr (D > 0) {
      for (int h = 0; h < group; h++) side_by_side<1>(h, lanes, decay, y, row, table, head, begin, count, sum);
    } else {
      for (int h = 0; h < group; h++) {
        A *to = sum + (head + h) * d;
        each_vector([&](int64_t o, int64_t n) { store(to + o, load(to + o, n) * decay[h], n); });
        for (int64_t t = 0; t < count; t++) {
          const T *b = y + in.col[begin + t] * row + (head + h) * d;
          const A *c = table + type(begin + t) * span + (head + h) * d;
          const V weight = all16<A>(lanes[(t << shift) + h]);
          each_vector([&](int64_t o, int64_t n) {
            store(to + o, load(to + o, n) + weight * (load(b + o, n) + load(c + o, n)), n);
          });
        }
      }
    }
  }

  template <int N> void side_by_side(int h, const A *lanes, const A *decay, const T *y, int64_t row, const A *table,
                                     int64_t head, int64_t begin, int64_t count, A *sum) const {
    constexpr int VN = vectors ? vectors : 1;
    V part[N][VN];
    A *to = sum + (head + h) * D;
#pragma GCC unroll 2
    for (int k = 0; k < N; k++)
#pragma GCC unroll 8
      for (int x = 0; x < vectors; x++) part[k][x] = load16(to + k * D + 16 * x) * decay[h + k];
    for (int64_t t = 0; t < count; t++) {
      const T *b = y + in.col[begin + t] * row + (head + h) * D;
      const A *c = table + type(begin + t) * span + (head + h) * D;
#pragma GCC unroll 2
      for (int k = 0; k < N; k++) {
        const V weight = all16<A>(lanes[(t << shift) + h + k]);
#pragma GCC unroll 8
        for (int x = 0; x < vectors; x++)
          part[k][x] += weight * (load16(b + k * D + 16 * x) + load16(c + k * D + 16 * x));
      }
    }
#pragma GCC unroll 2
    for (int k = 0; k < N; k++)
#pragma GCC unroll 8
      for (int x = 0; x < vectors; x++) store16(to + k * D + 16 * x, part[k][x]);
  }

  // Combines lanes of the same head with f and repeats the result in all of them.
  template <class F> Lanes by_head(Lanes x, F f) const {
    for (int width = 4; width >= group; width /= 2) {
      Lanes other;
      for (int u = 0; u < 8; u++) other[u] = x[u ^ width];
      x = f(x, other);
    }
    return x;
  }

  // Products of a wide row (H, D) with a projection (a, H, D): (H, a).
  void project(const A *x, const void *projection, A *to) const {
    for (int64_t h = 0; h < heads; h++)
      for (int64_t a = 0; a < attributes; a++)
        to[h * attributes + a] = dot(x + h * d, (const A *)projection + a * span + h * d);
  }
};

template <class T, class A, int D> class Forward : Attention<T, A, D> {
  using Base = Attention<T, A, D>;
  using typename Base::Lanes;
  using Base::in, Base::heads, Base::span, Base::d, Base::attributes, Base::group, Base::shift, Base::scale;

 public:
  using Base::Base;

  void run() {
    const Plan work = plan(in.rowptr, in.targets, 256);
    // Of each piece of a long row: the top and the total of its heads, then its sums.
    const int64_t stride = 2 * heads + span;
    std::vector<A> pieces(work.pieces * stride);
    share_out(work.tasks.size(), in.threads, [&] {
      Scratch<A> s;
      s.q.resize(span), s.sum.resize(span), s.lanes.resize(8 * block);
      s.top.resize(heads), s.total.resize(heads);
      s.query_attr.resize(heads * attributes), s.key_attr_mass.resize(heads * attributes);
      return [&, s = std::move(s)](int64_t index) mutable {
        const Task &task = work.tasks[index];
        if (task.piece >= 0) {
          A *piece = pieces.data() + task.piece * stride;
          attend(task.first, task.begin, task.end, s, piece, piece + heads, piece + 2 * heads);
          return;
        }
        for (int64_t i = task.first; i < task.last; i++) {
          attend(i, in.rowptr[i], in.rowptr[i + 1], s, s.top.data(), s.total.data(), s.sum.data());
          finish(i, s.top.data(), s.total.data(), s.sum.data());
        }
      };
    });
    for (const LongRow &row : work.long_rows) {
      A *merged = pieces.data() + row.piece * stride;
      for (int64_t p = 1; p < row.pieces; p++) merge(merged, merged + p * stride);
      finish(row.row, merged, merged + heads, merged + 2 * heads);
    }
  }

 private:
  static A finite(A top) { return top == -std::numeric_limits<A>::infinity() ? A(0) : top; }

  void attend(int64_t i, int64_t begin, int64_t end, Scratch<A> &s, A *top, A *total, A *sum) {
    std::fill(sum, sum + span, A(0));
    if (begin == end) return;
    const T *k = (const T *)in.k, *v = (const T *)in.v;
    this->widen((const T *)in.q + i * in.q_row, s.q.data(), scale);
    if (attributes) {
      this->project(s.q.data(), in.key_proj, s.query_attr.data());
      std::fill(s.key_attr_mass.begin(), s.key_attr_mass.end(), A(0));
    }
    A *lanes = s.lanes.data();
    for (int64_t head = 0; head < heads; head += group) {
      const A infinity = std::numeric_limits<A>::infinity();
      Lanes high = Lanes{} - infinity, sums{};
      for (int64_t b = begin; b < end; b += block) {
        const int64_t count = std::min<int64_t>(block, end - b), all = count << shift;
        const Lanes before = high;
        this->dots(s.q.data(), k, in.k_row, (const A *)in.key_table, head, b, count, [&](int64_t first, Lanes x) {
          this->fetch_ahead(b + (first >> shift), head);
          x += this->from_edges(s.query_attr.data(), true, head, b, count, first);
          write(lanes + first, x);
          for (int64_t u = all - first; u < 8; u++) x[u] = -infinity;
          high = x > high || x != x ? x : high;  // a NaN stays
        });
        high = this->by_head(high, [](Lanes x, Lanes y) { return x > y || x != x ? x : y; });
        // Logits of -inf alone must give weights of 0, not NaN, as long as others may follow.
        const Lanes level = high == -infinity ? Lanes{} : high, decay = exp8(before - level);
        sums *= decay;
        for (int64_t first = 0; first < all; first += 8) {
          Lanes p = exp8(read<Lanes>(lanes + first) - level);
          for (int64_t u = all - first; u < 8; u++) p[u] = 0;
          sums += p;
          if (in.keep)
            for (int64_t u = 0; u < std::min<int64_t>(8, all - first); u++)
              p[u] *= this->kept(head + ((first + u) & (group - 1)), b + ((first + u) >> shift));
          write(lanes + first, p);
        }
        A factor[8];
        write(factor, decay);
        this->weighted_sum(lanes, factor, v, in.v_row, (const A *)in.value_table, head, b, count, sum);
        if (attributes)
          for (int64_t h = 0; h < group; h++)
            for (int64_t a = 0; a < attributes; a++) {
              A &mass = s.key_attr_mass[(head + h) * attributes + a];
              mass *= factor[h];
              for (int64_t t = 0; t < count; t++) mass += lanes[(t << shift) + h] * this->edge_attr[(b + t) * attributes + a];
            }
      }
      sums = this->by_head(sums, [](Lanes x, Lanes y) { return x + y; });
      for (int64_t h = 0; h < group; h++) top[head + h] = high[h], total[head + h] = sums[h];
    }
    for (int64_t h = 0; h < heads && attributes; h++)
      for (int64_t a = 0; a < attributes; a++)
        this->add(sum + h * d, s.key_attr_mass[h * attributes + a], (const A *)in.value_proj + a * span + h * d);
  }

  void merge(A *into, const A *from) {
    for (int64_t h = 0; h < heads; h++) {
      const A top = into[h] > from[h] || into[h] != into[h] ? into[h] : from[h];
      const A mine = std::exp(into[h] - finite(top)), other = std::exp(from[h] - finite(top));
      into[h] = top;
      into[heads + h] = into[heads + h] * mine + from[heads + h] * other;
      A *sum = into + 2 * heads + h * d;
      const A *more = from + 2 * heads + h * d;
      for (int64_t x = 0; x < d; x++) sum[x] = sum[x] * mine + more[x] * other;
    }
  }

  void finish(int64_t i, const A *top, const A *total, const A *sum) {
    const bool empty = in.rowptr[i] == in.rowptr[i + 1], stream = this->streams(in.out, in.targets);
    for (int64_t h = 0; h < heads; h++) {
      const A inverse = empty ? A(0) : A(1) / total[h];
      ((A *)in.log_sum)[h * in.targets + i] =
          empty ? -std::numeric_limits<A>::infinity() : finite(top[h]) + std::log(total[h]);
      T *out = (T *)in.out + i * span + h * d;
      this->each_vector([&](int64_t o, int64_t n) { this->deliver(out + o, this->load(sum + h * d + o, n) * inverse, n, stream); });
    }
  }
};

}  // namespace
}  // namespace usg
