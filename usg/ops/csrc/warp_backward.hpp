// Gradients of graph attention by warps, computed again from log-sum-exp. With p and g of each edge,
// delta = sum of p g and ds = p (g - delta):
//
//   rows     one pass over a row: sum of ds (k + table) = sum of p g (k + table) - delta sum of p (k + table), so delta need
//            not be known before; p and g are left in memory
//   columns  dk_j = sum of ds q_i, dv_j = sum of p grad_i over the edges that start in j
//            without atomics; or, by choice, rows add ds q_i and p grad_i to their sources atomically, with delta = grad . out
//   types    each warp sums the tables' gradients over a range of edges, in memory of its own; ranges are added in order
//   attributes  the same over ranges of rows, from the attributes summed with the weights of each row; then the gradient
//            of each attribute, a sum over heads
#pragma once
#include "warp_attention.hpp"

namespace usg {
namespace {

// Adds up over the lanes that looked at other edges of the row.
template <int W> USG_FN void add_lanes(F (&x)[W], int from_bit, int bits) {
  for (int bit = 0; bit < bits; bit++)
    USG_UNROLL for (int i = 0; i < W; i++) x[i] = x[i] + from_xor(x[i], 1 << (from_bit + bit));
}

// Row i of dq and delta, and the attributes summed with the weights of keys and of values. mass: p g, p, and p with dropout.
template <class R, class T, int W>
USG_FN void finish_row(const R &lay, const Problem &problem, I row, F delta, const F (&steep)[W], const F (&flat)[W], const float *mass, B on) {
  const usg_attention &in = problem.in;
  F sum[W];
  USG_UNROLL for (int i = 0; i < W; i++) sum[i] = (steep[i] - delta * flat[i]) * F(problem.scale);
  lay.store((T *)in.dq, lay.head_at(row, in.dq_row), sum, on);
  write(problem.at.delta, longer(lay.head) * L(in.targets) + longer(row), delta, on & lay.leads());
  const int places = problem.own_places;
  for (int place = 0; place < places; place++) {
    const I a = I(place * lay.parts) + lay.part;
    const B some = on & lay.there & (a < I((int)in.attributes));
    F pg[1], p[1], w[1];
    read_own<1>(mass, I(place), pg), read_own<1>(mass + places * 32, I(place), p), read_own<1>(mass + 2 * places * 32, I(place), w);
    write(problem.at.key_mass, lay.per_attribute(row, a), pg[0] - delta * p[0], some);
    write(problem.at.value_mass, lay.per_attribute(row, a), w[0], some);
  }
}

template <class T, int W, int known, bool whole, bool atomic> struct BackwardRows {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *scratch) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.rows;
    const int tile = int(warp % share.tiles), unit = int(warp / share.tiles);
    const Rows<T, W, known, whole> lay(problem, share, tile);
    const Walk w = walk(Pointer{in.rowptr, 0, (int)in.targets, (int)in.edges}, share, unit, lay.rest);
    if (w.idle) return;
    constexpr int at_once = lay.at_once / 2;
    const int own = problem.own_places * 32;
    float *const query_attr = scratch, *const grad_attr = scratch + own, *const mass = scratch + 2 * own;
    F q[W], grad[W], steep[W], flat[W], delta[1] = {F(0)};
    lay.load((const T *)in.q, lay.head_at(w.row, in.q_row), w.mine, q);
    lay.load((const T *)in.grad, lay.head_at(w.row, in.grad_row), w.mine, grad);
    USG_UNROLL for (int i = 0; i < W; i++) q[i] = q[i] * F(problem.scale), steep[i] = F(0), flat[i] = F(0);
    const F log_sum = read((const float *)in.log_sum, longer(lay.head) * L(in.targets) + longer(w.row), w.mine & lay.there) * F(log2_e);
    F slant = F(0);  // delta, before the edges have been seen
    if constexpr (atomic) {
      F out[W];
      lay.load((const T *)in.out, lay.table_at(w.row), w.mine, out);
      slant = lay.sum_of_head(lay.dot(grad, out));
    }
    if (in.attributes) {
      lay.project(q, in.key_proj, query_attr), lay.project(grad, in.value_proj, grad_attr);
      for (int i = 0; i < 3; i++) lay.clear(mass + i * own);
      keep_sides(lay, w, query_attr, grad_attr);
    }

    for (int round = 0; round < w.rounds; round += at_once) {
      Edge e[at_once];
      F key[at_once][W], s[at_once], g[at_once];
      USG_UNROLL for (int u = 0; u < at_once; u++) {
        const I slot = w.begin + w.first + (I(round + u) << I(w.bits));
        e[u] = edge_of(in, slot, slot < w.end);
        F value[W];
        s[u] = lay.edge_dot(q, (const T *)in.k, in.k_row, in.key_table, e[u], key[u]);
        g[u] = lay.edge_dot(grad, (const T *)in.v, in.v_row, in.value_table, e[u], value);
        if (in.attributes) s[u] = s[u] + lay.attributes_dot(e[u], query_attr), g[u] = g[u] + lay.attributes_dot(e[u], grad_attr);
      }
      USG_UNROLL for (int u = 0; u < at_once; u++) {
        const F keep = lay.kept(e[u]);
        // Where there is no edge the logit is -inf; so may log_sum be.
        const F p = select(e[u].on, power(lay.logit(e[u], lay.sum_of_head(s[u])) - log_sum), F(0));
        g[u] = lay.sum_of_head(g[u]) * keep;
        const L at = lay.per_head(e[u].slot);
        write(problem.at.weight, at, p, e[u].on & lay.leads());
        write(problem.at.grad, at, g[u], e[u].on & lay.leads());
        const F pg = p * g[u];
        delta[0] = delta[0] + pg;
        USG_UNROLL for (int i = 0; i < W; i++) steep[i] = steep[i] + pg * key[u][i], flat[i] = flat[i] + p * key[u][i];
        if (in.attributes) {
          lay.add_attributes(e[u], pg, F(1), mass), lay.add_attributes(e[u], p, F(1), mass + own);
          lay.add_attributes(e[u], p * keep, F(1), mass + 2 * own);
        }
        if constexpr (atomic) {
          F to_key[W], to_value[W];
          const F slope = p * (g[u] - slant), weight = p * keep;
          USG_UNROLL for (int i = 0; i < W; i++) to_key[i] = slope * q[i], to_value[i] = weight * grad[i];
          lay.add(problem.at.key_sum, lay.head_at(e[u].source, problem.at.key_row), to_key, e[u].on & e[u].good);
          lay.add(problem.at.value_sum, lay.head_at(e[u].source, problem.at.value_row), to_value, e[u].on & e[u].good);
        }
      }
    }
    if (in.attributes) lay.unproject(mass, in.key_proj, steep), lay.unproject(mass + own, in.key_proj, flat);

    const int from = share.part_bits + share.head_bits;
    add_lanes(delta, from, w.bits), add_lanes(steep, from, w.bits), add_lanes(flat, from, w.bits);
    for (int i = 0; i < 3 * problem.own_places; i++) {
      F x[1];
      read_own<1>(mass, I(i), x), add_lanes(x, from, w.bits), write_own<1>(mass, I(i), x);
    }
    mark_gaps(Pointer{in.rowptr, 0, (int)in.targets, (int)in.edges}, share, unit, lay.rest, [&](I slot, B on) {
      const F none = F(__builtin_nanf(""));
      write(problem.at.weight, lay.per_head(slot), none, on & lay.leads());
      write(problem.at.grad, lay.per_head(slot), none, on & lay.leads());
    });
    const B on = w.mine & (w.first == I(0));
    if (!w.piece) return finish_row<decltype(lay), T, W>(lay, problem, w.row, delta[0], steep, flat, mass, on);
    lay.store(problem.at.piece_sum, lay.table_at(I(unit)), steep, on);
    lay.store(problem.at.piece_more, lay.table_at(I(unit)), flat, on);
    write(problem.at.piece_total, lay.per_head(I(unit)), delta[0], on & lay.leads());
    for (int i = 0; i < 3; i++)
      for (int place = 0; place < problem.own_places; place++) {
        const I a = I(place * lay.parts) + lay.part;
        F x[1];
        read_own<1>(mass + i * own, I(place), x);
        write(problem.at.piece_mass, lay.per_attribute(I(3 * unit + i), a), x[0], on & lay.there & (a < I((int)in.attributes)));
      }
  }

 private:
  // For the gradients of attributes, once per row: by the piece that holds its first edge.
  template <class R> USG_FN void keep_sides(const R &lay, const Walk &w, const float *query_attr, const float *grad_attr) const {
    const usg_attention &in = problem.in;
    if (!in.dedge_attr) return;
    const B begins = w.begin == Pointer{in.rowptr, 0, (int)in.targets, (int)in.edges}(w.row, w.mine);
    for (int place = 0; place < problem.own_places; place++) {
      const I a = I(place * lay.parts) + lay.part;
      const B some = w.mine & (w.first == I(0)) & begins & lay.there & (a < I((int)in.attributes));
      F x[1], y[1];
      read_own<1>(query_attr, I(place), x), read_own<1>(grad_attr, I(place), y);
      write(problem.at.query_attr, lay.per_attribute(w.row, a), x[0], some);
      write(problem.at.grad_attr, lay.per_attribute(w.row, a), y[0], some);
    }
  }
};

template <class T, int W, bool whole> struct MergeRows {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *mass) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.rows;
    const int tile = int(warp % share.tiles);
    const Pieces pieces = pieces_of(Pointer{in.rowptr, 0, (int)in.targets, (int)in.edges}, int(warp / share.tiles));
    if (!pieces.some) return;
    const Rows<T, W, -1, whole> lay(problem, share, tile);
    const int bits = share.slot_bits + share.row_bits, from = share.part_bits + share.head_bits, own = problem.own_places * 32;
    F steep[W], flat[W], delta[1] = {F(0)};
    USG_UNROLL for (int i = 0; i < W; i++) steep[i] = F(0), flat[i] = F(0);
    for (int i = 0; i < 3; i++) lay.clear(mass + i * own);
    for (int stretch = pieces.first; stretch <= pieces.last; stretch += 1 << bits) {
      const I mine = I(stretch) + lay.rest, unit = pieces.unit(mine);
      const B on = mine <= I(pieces.last);
      F x[W], y[W];
      lay.load(problem.at.piece_sum, lay.table_at(unit), on, x), lay.load(problem.at.piece_more, lay.table_at(unit), on, y);
      USG_UNROLL for (int i = 0; i < W; i++) steep[i] = steep[i] + x[i], flat[i] = flat[i] + y[i];
      delta[0] = delta[0] + read(problem.at.piece_total, lay.per_head(unit), on & lay.there);
      for (int i = 0; i < 3; i++)
        for (int place = 0; place < problem.own_places; place++) {
          const I a = I(place * lay.parts) + lay.part;
          F z[1];
          read_own<1>(mass + i * own, I(place), z);
          z[0] = z[0] + read(problem.at.piece_mass, lay.per_attribute(unit * I(3) + I(i), a),
                             on & lay.there & (a < I((int)in.attributes)));
          write_own<1>(mass + i * own, I(place), z);
        }
    }
    add_lanes(delta, from, bits), add_lanes(steep, from, bits), add_lanes(flat, from, bits);
    for (int i = 0; i < 3 * problem.own_places; i++) {
      F x[1];
      read_own<1>(mass, I(i), x), add_lanes(x, from, bits), write_own<1>(mass, I(i), x);
    }
    finish_row<decltype(lay), T, W>(lay, problem, I(pieces.row), delta[0], steep, flat, mass, lay.rest == I(0));
  }
};

// An edge of each lane as the passes after the rows see it: its target, ds, and p with dropout.
struct Slope {
  I target;
  F slope, weight;
};
template <class R> USG_FN Slope slope_of(const R &lay, const Problem &problem, I target, I slot, B on) {
  const usg_attention &in = problem.in;
  const B good = (target >= I(0)) & (target < I((int)in.targets)) & (slot >= I(0)) & (slot < I((int)in.edges));
  const B some = on & good & lay.there;
  target = select(good, target, I(0)), slot = select(good, slot, I(0));
  const F p = read(problem.at.weight, lay.per_head(slot), some), g = read(problem.at.grad, lay.per_head(slot), some);
  const F delta = read(problem.at.delta, longer(lay.head) * L(in.targets) + longer(target), some);
  const F keep = in.keep ? read(in.keep, longer(lay.head) * L(in.edges) + longer(slot), some) : F(1);
  const F bad = select(on & !good, F(__builtin_nanf("")), F(0));
  return {target, p * (g - delta) + bad, p * keep + bad};
}

template <class T, int W, bool whole> struct BackwardColumns {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.columns;
    const int tile = int(warp % share.tiles), unit = int(warp / share.tiles);
    const Lay<T, W, -1, whole> lay(in, share, tile);
    const Walk w = walk(Pointer{in.colptr, 0, (int)in.sources, (int)in.edges}, share, unit, lay.rest);
    if (w.idle) return;
    constexpr int at_once = W == 4 ? 4 : 2;
    F key[W], value[W];
    USG_UNROLL for (int i = 0; i < W; i++) key[i] = F(0), value[i] = F(0);
    for (int round = 0; round < w.rounds; round += at_once) {
      USG_UNROLL for (int u = 0; u < at_once; u++) {
        const I at = w.begin + w.first + (I(round + u) << I(w.bits));
        const B on = at < w.end;
        const Slope e = slope_of(lay, problem, read(in.row, longer(at), on), read(in.position, longer(at), on), on);
        F q[W], grad[W];
        lay.load((const T *)in.q, lay.head_at(e.target, in.q_row), on, q);
        lay.load((const T *)in.grad, lay.head_at(e.target, in.grad_row), on, grad);
        USG_UNROLL for (int i = 0; i < W; i++) key[i] = key[i] + e.slope * q[i], value[i] = value[i] + e.weight * grad[i];
      }
    }
    const int from = share.part_bits + share.head_bits;
    add_lanes(key, from, w.bits), add_lanes(value, from, w.bits);
    const B on = w.mine & (w.first == I(0));
    if (w.piece) {
      lay.store(problem.at.piece_sum, lay.table_at(I(unit)), key, on);
      lay.store(problem.at.piece_more, lay.table_at(I(unit)), value, on);
    } else {
      USG_UNROLL for (int i = 0; i < W; i++) key[i] = key[i] * F(problem.scale);  // queries were not scaled here
      lay.store((T *)in.dk, lay.head_at(w.row, in.dk_row), key, on);
      lay.store((T *)in.dv, lay.head_at(w.row, in.dv_row), value, on);
    }
  }
};

template <class T, int W, bool whole> struct MergeColumns {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.columns;
    const int tile = int(warp % share.tiles);
    const Pieces pieces = pieces_of(Pointer{in.colptr, 0, (int)in.sources, (int)in.edges}, int(warp / share.tiles));
    if (!pieces.some) return;
    const Lay<T, W, -1, whole> lay(in, share, tile);
    const int bits = share.slot_bits + share.row_bits;
    F key[W], value[W];
    USG_UNROLL for (int i = 0; i < W; i++) key[i] = F(0), value[i] = F(0);
    for (int stretch = pieces.first; stretch <= pieces.last; stretch += 1 << bits) {
      const I mine = I(stretch) + lay.rest, unit = pieces.unit(mine);
      const B on = mine <= I(pieces.last);
      F x[W], y[W];
      lay.load(problem.at.piece_sum, lay.table_at(unit), on, x), lay.load(problem.at.piece_more, lay.table_at(unit), on, y);
      USG_UNROLL for (int i = 0; i < W; i++) key[i] = key[i] + x[i], value[i] = value[i] + y[i];
    }
    add_lanes(key, share.part_bits + share.head_bits, bits), add_lanes(value, share.part_bits + share.head_bits, bits);
    USG_UNROLL for (int i = 0; i < W; i++) key[i] = key[i] * F(problem.scale);
    lay.store((T *)in.dk, lay.head_at(I(pieces.row), in.dk_row), key, lay.rest == I(0));
    lay.store((T *)in.dv, lay.head_at(I(pieces.row), in.dv_row), value, lay.rest == I(0));
  }
};

// Before rows add to the sums of keys and values, `clear`; and behind them, where those are not dk and dv themselves.
template <class T, int W, bool whole, bool clear> struct SourceSums {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.columns;
    const Lay<T, W, -1, whole> lay(in, share, int(warp % share.tiles));
    const I row = (I(int(warp / share.tiles)) << I(share.row_bits)) | lay.rest;
    const B on = row < I((int)in.sources);
    auto finish = [&](float *sum, int64_t sum_row, void *to, int64_t to_row) {
      F x[W];
      if constexpr (clear) {
        USG_UNROLL for (int i = 0; i < W; i++) x[i] = F(0);
        lay.store(sum, lay.head_at(row, sum_row), x, on);
      } else {
        lay.load((const float *)sum, lay.head_at(row, sum_row), on, x);
        lay.store((T *)to, lay.head_at(row, to_row), x, on);
      }
    };
    finish(problem.at.key_sum, problem.at.key_row, in.dk, in.dk_row);
    finish(problem.at.value_sum, problem.at.value_row, in.dv, in.dv_row);
  }
};

// Where the sums of a range of edges or rows lie in its part of `tables`: as in the backward pass of the processor.
struct TablePlaces {
  int64_t key, value, bias, key_proj, value_proj, size;
};
inline TablePlaces table_places(const usg_attention &in) {
  const int64_t span = in.heads * in.width, table = in.types * span, projection = in.attributes * span;
  TablePlaces p{};
  p.value = table, p.bias = 2 * table, p.key_proj = p.bias + in.types * in.heads;
  p.value_proj = p.key_proj + projection, p.size = p.value_proj + projection;
  return p;
}

// The tables' gradients over a range: of edges for key_table, value_table and bias, of rows for the projections.
template <class T, int W, bool whole, bool of_edges> struct Tables {
  Problem problem;
  TablePlaces places;
  int range;         // edges or rows of a warp
  bool in_scratch;   // whether a warp's sums fit in shared memory

  static constexpr int own = 32 * (2 * W + (of_edges ? 1 : 0));  // floats of an entry

  USG_FN void operator()(int64_t warp, float *scratch) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.rows;
    const int tile = int(warp % share.tiles);
    const int64_t number = warp / share.tiles;
    const int entries = int(of_edges ? in.types : in.attributes), all = int(of_edges ? in.edges : in.targets);
    const Lay<T, W, -1, whole> lay(in, share, tile);
    float *const keys = in_scratch ? scratch : problem.at.own + warp * entries * own, *const values = keys + entries * 32 * W,
         *const biases = values + entries * 32 * W;
    const F none[W] = {}, nothing[1] = {F(0)};
    for (int t = 0; t < entries; t++) {
      write_own(keys, I(t), none), write_own(values, I(t), none);
      if (of_edges) write_own<1>(biases, I(t), nothing);
    }
    const int bits = share.slot_bits + share.row_bits;
    const int begin = int(number * range), end = begin + range < all ? begin + range : all;
    // Several are read before the first is added, so that their reads are under way together.
    constexpr int at_once = !of_edges ? 1 : W == 4 ? 4 : 2;
    for (int first = begin; first < end; first += at_once << bits) {
      F q[at_once][W], grad[at_once][W];
      if constexpr (of_edges) {
        Slope e[at_once];
        I type[at_once];
        USG_UNROLL for (int u = 0; u < at_once; u++) {
          const I at = I(first + (u << bits)) + lay.rest;
          const B on = at < I(end);
          type[u] = edge_of(in, at, on).type;
          e[u] = slope_of(lay, problem, read(in.row_index, longer(at), on), at, on);
          load_sides(lay, e[u].target, on, q[u], grad[u]);
        }
        USG_UNROLL for (int u = 0; u < at_once; u++) {
          add(keys, type[u], e[u].slope, q[u]), add(values, type[u], e[u].weight, grad[u]);
          F bias[1];
          read_own<1>(biases, type[u], bias);
          bias[0] = bias[0] + e[u].slope;
          write_own<1>(biases, type[u], bias);
        }
      } else {
        const I at = I(first) + lay.rest;
        const B on = at < I(end);
        load_sides(lay, select(on, at, I(0)), on, q[0], grad[0]);
        for (int a = 0; a < entries; a++) {
          const L mass = lay.per_attribute(at, I(a));
          add(keys, I(a), read(problem.at.key_mass, mass, on & lay.there), q[0]);
          add(values, I(a), read(problem.at.value_mass, mass, on & lay.there), grad[0]);
        }
      }
    }
    float *const to = problem.at.tables + number * places.size;
    const int from = share.part_bits + share.head_bits;
    const B on = lay.rest == I(0);
    for (int t = 0; t < entries; t++) {
      F key[W], value[W];
      read_own(keys, I(t), key), read_own(values, I(t), value);
      add_lanes(key, from, bits), add_lanes(value, from, bits);
      USG_UNROLL for (int i = 0; i < W; i++) key[i] = key[i] * F(problem.scale);
      put(lay, to + (of_edges ? places.key : places.key_proj), t, key, on);
      put(lay, to + (of_edges ? places.value : places.value_proj), t, value, on);
      if (of_edges) {
        F bias[1];
        read_own<1>(biases, I(t), bias), add_lanes(bias, from, bits);
        write(to + places.bias, lay.per_head(I(t)), bias[0], on & lay.leads());
      }
    }
  }

 private:
  template <class R> USG_FN void load_sides(const R &lay, I row, B on, F (&q)[W], F (&grad)[W]) const {
    const usg_attention &in = problem.in;
    lay.load((const T *)in.q, lay.head_at(row, in.q_row), on, q);
    lay.load((const T *)in.grad, lay.head_at(row, in.grad_row), on, grad);
  }
  USG_FN static void add(float *table, I entry, F factor, const F (&x)[W]) {
    F sum[W];
    read_own(table, entry, sum);
    USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] + factor * x[i];
    write_own(table, entry, sum);
  }
  // Channel by channel: a range's part of `tables` may begin anywhere.
  template <class R> USG_FN static void put(const R &lay, float *to, int entry, const F (&x)[W], B on) {
    USG_UNROLL for (int i = 0; i < W; i++) {
      const I channel = whole ? lay.part * I(W) + I(i) : lay.part + I(i << lay.part_bits);
      write(to, lay.table_at(I(entry)) + longer(channel), x[i], on & lay.there & (channel < I((int)lay.in.width)));
    }
  }
};

// Adds `count` arrays, `stride` floats apart, into the first, or into where they belong. A warp takes 32 entries of a group.
struct AddUp {
  const float *from;
  float *into;        // null: to the five outputs
  usg_attention in;
  TablePlaces places;
  int64_t begin, end, stride;  // entries, of an array
  int count, groups, group;    // arrays; groups of them, each of `group` arrays

  USG_FN void operator()(int64_t warp, float *) const {
    const int number = int(warp % groups);
    const L x = L(begin + warp / groups * 32) + longer(lane());
    const B on = x < L(end);
    F sum = F(0);
    const int first = number * group, last = first + group < count ? first + group : count;
    for (int i = first; i < last; i++) sum = sum + read(from, L(i * stride) + x, on);
    if (into) return write(into, L(first * stride) + x, sum, on);
    put(in.dkey_table, x, 0, places.value, sum, on), put(in.dvalue_table, x, places.value, places.bias, sum, on);
    put(in.dbias, x, places.bias, places.key_proj, sum, on), put(in.dkey_proj, x, places.key_proj, places.value_proj, sum, on);
    put(in.dvalue_proj, x, places.value_proj, places.size, sum, on);
  }

 private:
  USG_FN static void put(void *to, L x, int64_t first, int64_t last, F sum, B on) {
    write((float *)to, x - L(first), sum, on & (x >= L(first)) & (x < L(last)));
  }
};

// The gradient of each edge's attributes; a lane takes one.
struct EdgeAttributes {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const usg_attention &in = problem.in;
    const L x = L(warp * 32) + longer(lane()), many = L(in.attributes);
    const B some = x < L(in.edges * in.attributes);
    const L slot = select(some, x / many, L(0)), a = select(some, x - slot * many, L(0));
    I row = read(in.row_index, slot, some);
    const B on = some & (row >= I(0)) & (row < I((int)in.targets));
    row = select(on, row, I(0));
    F sum = F(0);
    for (int head = 0; head < in.heads; head++) {
      const L at = slot * L(in.heads) + L(head), side = (longer(row) * L(in.heads) + L(head)) * many + a;
      const F p = read(problem.at.weight, at, on), g = read(problem.at.grad, at, on);
      const F delta = read(problem.at.delta, L(head * in.targets) + longer(row), on);
      const F keep = in.keep ? read(in.keep, L(head * in.edges) + slot, on) : F(1);
      sum = sum + p * (g - delta) * read(problem.at.query_attr, side, on) + p * keep * read(problem.at.grad_attr, side, on);
    }
    write((float *)in.dedge_attr, x, sum, some);
  }
};

}  // namespace
}  // namespace usg
