// Gradients of graph attention, computed again from log-sum-exp, in two passes and without atomics:
//
//   rows     p = exp(logit - log_sum), g = grad . value, delta = sum of p g, ds = p (g - delta): gives those of q, of the
//            tables, of attributes and projections, and leaves p and ds, (e, H), for
//   columns  dk_j = sum of ds q_i, dv_j = sum of p grad_i over the edges that start in j.
//
// delta is summed over edges rather than taken as grad . out, which in half precision would bring the rounding of out.
// Tables get one partial sum per task; these are added in the order of tasks.
#pragma once
#include <memory>

#include "attention.hpp"

namespace usg {
namespace {

template <class T, class A, int D> class Backward : Attention<T, A, D> {
  using Base = Attention<T, A, D>;
  using typename Base::Lanes;
  using typename Base::V;
  using Base::in, Base::heads, Base::span, Base::d, Base::attributes, Base::group, Base::shift, Base::scale, Base::edge_attr;

 public:
  using Base::Base;

  void run() {
    // Left uninitialised: every entry is written before it is read.
    weights.reset(new A[in.edges * heads]);
    slopes.reset(new A[in.edges * heads]);
    rows();
    columns();
  }

 private:
  std::unique_ptr<A[]> weights, slopes;  // p and ds: by group of heads, in it by slot, in it by head

  // Parts of a task's table sums.
  const int64_t key_at = 0, value_at = in.types * span, bias_at = 2 * in.types * span, key_proj_at = bias_at + in.types * heads,
                value_proj_at = key_proj_at + attributes * span, table_size = value_proj_at + attributes * span;

  static Lanes take(const A *p, int64_t n) {
    if (n >= 8) return read<Lanes>(p);
    Lanes x{};
    for (int64_t u = 0; u < n; u++) x[u] = p[u];
    return x;
  }
  static void put(A *p, Lanes x, int64_t n) {
    if (n >= 8) return write(p, x);
    for (int64_t u = 0; u < n; u++) p[u] = x[u];
  }
  Lanes spread(const A *per_head, int64_t step) const {
    Lanes x;
    for (int u = 0; u < 8; u++) x[u] = per_head[(u & (group - 1)) * step];
    return x;
  }
  Lanes dropout(int64_t head, int64_t begin, int64_t first, int64_t all) const {
    Lanes x{};
    for (int64_t u = 0; u < std::min<int64_t>(8, all - first); u++)
      x[u] = this->kept(head + ((first + u) & (group - 1)), begin + ((first + u) >> shift));
    return x;
  }

  void rows() {
    const int64_t fits = (int64_t(32) << 20) / std::max<int64_t>(1, table_size * sizeof(A));
    const Plan work = plan(in.rowptr, in.targets, std::clamp<int64_t>(fits, 8, 256));
    const int64_t count = work.tasks.size();
    std::unique_ptr<A[]> tables(new A[count * table_size]);
    std::vector<A> deltas(work.pieces * heads), sums(work.pieces * span);
    auto make = [&] {
      Scratch<A> s;
      for (auto *x : {&s.q, &s.grad, &s.sum}) x->resize(span);
      for (auto *x : {&s.query_attr, &s.grad_attr, &s.key_attr_mass, &s.value_attr_mass}) x->resize(heads * attributes);
      for (auto *x : {&s.key_mass, &s.value_mass}) x->resize(in.types * heads);
      s.lanes.resize(8 * block), s.delta.resize(heads), s.seen.resize(in.types);
      return s;
    };
    share_out(count, in.threads, [&] {
      return [&, s = make()](int64_t index) mutable {
        const Task &task = work.tasks[index];
        A *table = tables.get() + index * table_size;
        std::fill(table, table + table_size, A(0));
        for (int64_t i = task.first; i < task.last; i++) {
          const bool whole = task.piece < 0;
          const int64_t begin = whole ? in.rowptr[i] : task.begin, end = whole ? in.rowptr[i + 1] : task.end;
          prepare(i, s);
          recompute(i, begin, end, s, whole ? s.delta.data() : deltas.data() + task.piece * heads);
          if (!whole) continue;
          differentiate(begin, end, s, s.delta.data(), s.sum.data(), table);
          finish(i, s.sum.data());
        }
      };
    });
    if (work.pieces) {
      for (const LongRow &row : work.long_rows) {
        A *all = deltas.data() + row.piece * heads;
        for (int64_t p = 1; p < row.pieces; p++)
          for (int64_t h = 0; h < heads; h++) all[h] += all[p * heads + h];
        for (int64_t p = 1; p < row.pieces; p++) std::copy(all, all + heads, all + p * heads);
      }
      share_out(count, in.threads, [&] {
        return [&, s = make()](int64_t index) mutable {
          const Task &task = work.tasks[index];
          if (task.piece < 0) return;
          prepare(task.first, s);
          differentiate(task.begin, task.end, s, deltas.data() + task.piece * heads, sums.data() + task.piece * span,
                        tables.get() + index * table_size);
        };
      });
      for (const LongRow &row : work.long_rows) {
        A *all = sums.data() + row.piece * span;
        for (int64_t p = 1; p < row.pieces; p++)
          for (int64_t x = 0; x < span; x++) all[x] += all[p * span + x];
        finish(row.row, all);
      }
    }
    add_up(tables.get(), count);
  }

  void prepare(int64_t i, Scratch<A> &s) {
    this->widen((const T *)in.q + i * in.q_row, s.q.data(), scale);
    this->widen((const T *)in.grad + i * in.grad_row, s.grad.data(), A(1));
    if (attributes) {
      this->project(s.q.data(), in.key_proj, s.query_attr.data());
      this->project(s.grad.data(), in.value_proj, s.grad_attr.data());
    }
  }

  // Leaves p in weights, g in slopes, and sums delta.
  void recompute(int64_t i, int64_t begin, int64_t end, Scratch<A> &s, A *delta) {
    for (int64_t head = 0; head < heads; head += group) {
      const Lanes log_sum = spread((const A *)in.log_sum + head * in.targets + i, in.targets);
      Lanes sum{};
      for (int64_t b = begin; b < end; b += block) {
        const int64_t count = std::min<int64_t>(block, end - b), all = count << shift;
        A *p = weights.get() + head * in.edges + (b << shift), *g = slopes.get() + head * in.edges + (b << shift);
        this->dots(s.q.data(), (const T *)in.k, in.k_row, (const A *)in.key_table, head, b, count, [&](int64_t first, Lanes x) {
          this->fetch_ahead(b + (first >> shift), head);
          x += this->from_edges(s.query_attr.data(), true, head, b, count, first);
          put(p + first, exp8(x - log_sum), all - first);
        });
        this->dots(s.grad.data(), (const T *)in.v, in.v_row, (const A *)in.value_table, head, b, count,
                   [&](int64_t first, Lanes x) {
                     x += this->from_edges(s.grad_attr.data(), false, head, b, count, first);
                     if (in.keep) x *= dropout(head, b, first, all);
                     sum += take(p + first, all - first) * x;
                     put(g + first, x, all - first);
                   });
      }
      sum = this->by_head(sum, [](Lanes x, Lanes y) { return x + y; });
      for (int64_t h = 0; h < group; h++) delta[head + h] = sum[h];
    }
  }

  // Turns g into ds, and sums it over keys, types and attributes.
  void differentiate(int64_t begin, int64_t end, Scratch<A> &s, const A *delta, A *sum, A *table) {
    std::fill(sum, sum + span, A(0));
    std::fill(s.key_attr_mass.begin(), s.key_attr_mass.end(), A(0));
    std::fill(s.value_attr_mass.begin(), s.value_attr_mass.end(), A(0));
    for (int64_t slot = begin; slot < end; slot++) {
      const int64_t type = this->type(slot);
      if (!s.seen[type]) s.seen[type] = 1, s.types.push_back(type);
    }
    const A ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (int64_t head = 0; head < heads; head += group) {
      const Lanes level = spread(delta + head, 1);
      for (int64_t b = begin; b < end; b += block) {
        const int64_t count = std::min<int64_t>(block, end - b), all = count << shift;
        A *p = weights.get() + head * in.edges + (b << shift), *ds = slopes.get() + head * in.edges + (b << shift);
        for (int64_t first = 0; first < all; first += 8) {
          const int64_t n = all - first;
          Lanes weight = take(p + first, n);
          const Lanes slope = weight * (take(ds + first, n) - level);
          if (in.keep) {
            weight *= dropout(head, b, first, all);
            put(p + first, weight, n);
          }
          put(ds + first, slope, n);
          sum_by_type(slope, weight, head, b, first, all, s);
        }
        this->weighted_sum(ds, ones, (const T *)in.k, in.k_row, (const A *)in.key_table, head, b, count, sum);
        if (attributes) sum_attributes(p, ds, head, b, count, s);
      }
    }
    for (const int64_t type : s.types) {
      A *key_mass = s.key_mass.data() + type * heads, *value_mass = s.value_mass.data() + type * heads;
      for (int64_t h = 0; h < heads; h++) {
        this->add(table + key_at + type * span + h * d, key_mass[h], s.q.data() + h * d);
        this->add(table + value_at + type * span + h * d, value_mass[h], s.grad.data() + h * d);
        table[bias_at + type * heads + h] += key_mass[h];
        key_mass[h] = value_mass[h] = 0;
      }
      s.seen[type] = 0;
    }
    s.types.clear();
    for (int64_t h = 0; h < heads; h++)
      for (int64_t a = 0; a < attributes; a++) {
        const A key = s.key_attr_mass[h * attributes + a], value = s.value_attr_mass[h * attributes + a];
        this->add(sum + h * d, key, (const A *)in.key_proj + a * span + h * d);
        this->add(table + key_proj_at + a * span + h * d, key, s.q.data() + h * d);
        this->add(table + value_proj_at + a * span + h * d, value, s.grad.data() + h * d);
      }
  }

  void sum_by_type(Lanes slope, Lanes weight, int64_t head, int64_t b, int64_t first, int64_t all, Scratch<A> &s) {
    if (group == 8) {
      const int64_t at = this->type(b + (first >> 3)) * heads + head;
      write(&s.key_mass[at], read<Lanes>(&s.key_mass[at]) + slope);
      write(&s.value_mass[at], read<Lanes>(&s.value_mass[at]) + weight);
      return;
    }
    A slopes_[8], weights_[8];
    write(slopes_, slope), write(weights_, weight);
    for (int64_t u = 0; u < std::min<int64_t>(8, all - first); u++) {
      const int64_t at = this->type(b + ((first + u) >> shift)) * heads + head + ((first + u) & (group - 1));
      s.key_mass[at] += slopes_[u];
      s.value_mass[at] += weights_[u];
    }
  }

  void sum_attributes(const A *p, const A *ds, int64_t head, int64_t b, int64_t count, Scratch<A> &s) {
    A *attr_grad = (A *)in.dedge_attr;
    for (int64_t t = 0; t < count; t++)
      for (int64_t a = 0; a < attributes; a++) {
        const A value = edge_attr[(b + t) * attributes + a];
        A grad = 0;
        for (int64_t h = 0; h < group; h++) {
          const A weight = p[(t << shift) + h], slope = ds[(t << shift) + h];
          const int64_t at = (head + h) * attributes + a;
          s.key_attr_mass[at] += slope * value;
          s.value_attr_mass[at] += weight * value;
          grad += slope * s.query_attr[at] + weight * s.grad_attr[at];
        }
        if (attr_grad) {
          A &to = attr_grad[(b + t) * attributes + a];
          to = head ? to + grad : grad;
        }
      }
  }

  void finish(int64_t i, const A *sum) {
    T *dq = (T *)in.dq + i * in.dq_row;
    const bool stream = this->streams(in.dq, in.targets);
    for (int64_t h = 0; h < span; h += d)
      this->each_vector([&](int64_t o, int64_t n) { this->deliver(dq + h + o, this->load(sum + h + o, n) * scale, n, stream); });
  }

  void add_up(const A *tables, int64_t count) {
    const int64_t size = 4096, parts = (table_size + size - 1) / size;
    struct { int64_t at, end; void *to; } const outputs[] = {
        {key_at, value_at, in.dkey_table},          {value_at, bias_at, in.dvalue_table},
        {bias_at, key_proj_at, in.dbias},           {key_proj_at, value_proj_at, in.dkey_proj},
        {value_proj_at, table_size, in.dvalue_proj},
    };
    share_out(parts, in.threads, [&] {
      return [&, sum = std::vector<A>(size)](int64_t part) mutable {
        const int64_t begin = part * size, end = std::min(table_size, begin + size);
        std::fill(sum.begin(), sum.end(), A(0));
        for (int64_t t = 0; t < count; t++)
          for (int64_t x = begin; x < end; x++) sum[x - begin] += tables[t * table_size + x];
        for (const auto &output : outputs)
          for (int64_t x = std::max(begin, output.at); x < std::min(end, output.end); x++)
            ((A *)output.to)[x - output.at] = sum[x - begin];
      };
    });
  }

  void columns() {
    const Plan work = plan(in.colptr, in.sources, 256);
    std::vector<A> pieces(work.pieces * 2 * span);
    share_out(work.tasks.size(), in.threads, [&] {
      return [&, sums = std::vector<A>(2 * span)](int64_t index) mutable {
        const Task &task = work.tasks[index];
        if (task.piece >= 0) return column(task.begin, task.end, pieces.data() + task.piece * 2 * span);
        for (int64_t j = task.first; j < task.last; j++) {
          column(in.colptr[j], in.colptr[j + 1], sums.data());
          finish_column(j, sums.data());
        }
      };
    });
    for (const LongRow &row : work.long_rows) {
      A *all = pieces.data() + row.piece * 2 * span;
      for (int64_t p = 1; p < row.pieces; p++)
        for (int64_t x = 0; x < 2 * span; x++) all[x] += all[p * 2 * span + x];
      finish_column(row.row, all);
    }
  }

  void finish_column(int64_t j, const A *sums) {
    T *dk = (T *)in.dk + j * in.dk_row, *dv = (T *)in.dv + j * in.dv_row;
    const bool stream = this->streams(in.dk, in.sources) && this->streams(in.dv, in.sources);
    for (int64_t h = 0; h < span; h += d)
      this->each_vector([&](int64_t o, int64_t n) {
        // Queries were not scaled here.
        this->deliver(dk + h + o, this->load(sums + h + o, n) * scale, n, stream);
        this->deliver(dv + h + o, this->load(sums + span + h + o, n), n, stream);
      });
  }

  void column(int64_t begin, int64_t end, A *sums) {
    const T *q = (const T *)in.q, *grad = (const T *)in.grad;
    for (int64_t head = 0; head < heads; head += group) {
      const A *p = weights.get() + head * in.edges, *ds = slopes.get() + head * in.edges;
      for (int64_t e = begin + ahead; e < std::min(end + ahead, in.edges); e++) {
        this->fetch(q + in.row[e] * in.q_row + head * d);
        this->fetch(grad + in.row[e] * in.grad_row + head * d);
      }
      for (int64_t h = 0; h < group; h++) {
        const int64_t at = (head + h) * d;
        auto each_edge = [&](auto f) {
          for (int64_t e = begin; e < end; e++) {
            const int64_t lane = (int64_t(in.position[e]) << shift) + h;
            f(ds[lane], p[lane], q + in.row[e] * in.q_row + at, grad + in.row[e] * in.grad_row + at);
          }
        };
        if constexpr (D > 0) {
          V key[D / 16]{}, value[D / 16]{};
          each_edge([&](A slope, A weight, const T *x, const T *y) {
#pragma GCC unroll 8
            for (int o = 0; o < D / 16; o++) {
              key[o] += all16<A>(slope) * load16(x + 16 * o);
              value[o] += all16<A>(weight) * load16(y + 16 * o);
            }
          });
#pragma GCC unroll 8
          for (int o = 0; o < D / 16; o++) store16(sums + at + 16 * o, key[o]), store16(sums + span + at + 16 * o, value[o]);
        } else {
          std::fill(sums + at, sums + at + d, A(0));
          std::fill(sums + span + at, sums + span + at + d, A(0));
          each_edge([&](A slope, A weight, const T *x, const T *y) {
            this->each_vector([&](int64_t o, int64_t n) {
              A *key = sums + at + o, *value = sums + span + at + o;
              this->store(key, this->load(key, n) + all16<A>(slope) * this->load(x + o, n), n);
              this->store(value, this->load(value, n) + all16<A>(weight) * this->load(y + o, n), n);
            });
          });
        }
      }
    }
  }
};

}  // namespace
}  // namespace usg
