// Graph attention by warps: what each warp does, forward. The formulas stand in usg/ops/attention.py, the steps around it in
// warp_steps.hpp.
//
// A head's channels lie in `1 << part_bits` lanes, W in each (part_bits is `known` to the compiler, or -1): 16 bytes of a
// state, so that a head's row is read at once. A warp looks at `at_once` edges per lane before it updates its softmax, so
// that many reads are under way. Tables are read where they lie: they stay in the first cache, which is the same memory as
// shared memory.
#pragma once
#include "usg_ops.h"
#include "warp_rows.hpp"

namespace usg {
namespace {

constexpr float log2_e = 1.4426950408889634f, ln_2 = 0.6931471805599453f;

// Memory between the steps, all float; laid out by warp_steps.hpp.
struct Workspace {
  float *piece_sum, *piece_more;            // (pieces, H D) sums of pieces; the second backward only
  float *piece_top, *piece_total;           // (pieces, H)
  float *piece_mass;                        // (pieces, 3, H, a)
  float *weight, *grad;                     // (e, H) p and g
  float *delta;                             // (H, n)
  float *query_attr, *grad_attr;            // (n, H, a) what a unit of an attribute adds to a logit, to its gradient
  float *key_mass, *value_mass;             // (n, H, a) attributes summed with the weights of keys and of values
  float *tables;                            // (ranges, table size) sums of tables
  float *own;                               // scratch of warps whose tables do not fit in shared memory
  float *key_sum, *value_sum;               // (m, H, D) where dk and dv are added up atomically: themselves, if float
  int64_t key_row, value_row;               // floats from one row of them to the next
};

struct Problem {
  usg_attention in;
  Workspace at;
  Sharing rows, columns;
  float scale;     // 1 / sqrt(D)
  int own_places;  // attributes of a lane: those of its part
};

// Lanes and channels. Whole: D is W << part_bits and every row begins at a multiple of 16 bytes.
template <class T, int W, int known, bool whole> struct Lay {
  const usg_attention &in;
  const int part_bits, parts;
  I part, head, rest;
  B there;  // whether there is such a head

  USG_FN Lay(const usg_attention &arguments, const Sharing &s, int tile)
      : in(arguments), part_bits(known < 0 ? s.part_bits : known), parts(1 << part_bits) {
    part = lane() & I(parts - 1);
    head = I(tile << s.head_bits) | ((lane() >> I(part_bits)) & I((1 << s.head_bits) - 1));
    rest = lane() >> I(part_bits + s.head_bits);
    there = head < I((int)in.heads);
  }

  // The lane's channels of a head's row that begins at p + at.
  template <class P> USG_FN void load(const P *p, L at, B on, F (&x)[W]) const {
    if constexpr (whole) {
      read_vector<W>(p, at + longer(part * I(W)), on & there, x);
    } else {
      USG_UNROLL for (int i = 0; i < W; i++) {
        const I channel = part + I(i << part_bits);
        x[i] = read(p, at + longer(channel), on & there & (channel < I((int)in.width)));
      }
    }
  }
  template <class P> USG_FN void store(P *p, L at, const F (&x)[W], B on) const {
    if constexpr (whole) {
      write_vector<W>(p, at + longer(part * I(W)), x, on & there);
    } else {
      USG_UNROLL for (int i = 0; i < W; i++) {
        const I channel = part + I(i << part_bits);
        write(p, at + longer(channel), x[i], on & there & (channel < I((int)in.width)));
      }
    }
  }

  USG_FN void add(float *p, L at, const F (&x)[W], B on) const {
    if constexpr (whole) {
      add_vector_atomically<W>(p, at + longer(part * I(W)), x, on & there);
    } else {
      USG_UNROLL for (int i = 0; i < W; i++) {
        const I channel = part + I(i << part_bits);
        add_atomically(p, at + longer(channel), x[i], on & there & (channel < I((int)in.width)));
      }
    }
  }

  USG_FN L head_at(I row, int64_t stride) const { return longer(row) * L(stride) + longer(head) * L(in.width); }
  USG_FN L table_at(I row) const { return head_at(row, in.heads * in.width); }
  // Of arrays (rows, H).
  USG_FN L per_head(I row) const { return longer(row) * L(in.heads) + longer(head); }
  // Of arrays (rows, H, a).
  USG_FN L per_attribute(I row, I attribute) const { return per_head(row) * L(in.attributes) + longer(attribute); }

  USG_FN F sum_of_head(F x) const {
    USG_UNROLL for (int mask = 1; mask < parts; mask *= 2) x = x + from_xor(x, mask);
    return x;
  }
  USG_FN F dot(const F (&x)[W], const F (&y)[W]) const {
    F sum = x[0] * y[0];
    USG_UNROLL for (int i = 1; i < W; i++) sum = sum + x[i] * y[i];
    return sum;
  }
  USG_FN B leads() const { return there & (part == I(0)); }
  // Attribute a is kept by part a % parts, in place a / parts.
  USG_FN F of_attribute(F x, int a) const { return from_lane(x, (lane() & I(~(parts - 1))) | I(a & (parts - 1))); }
};

// An edge of each lane: where its source lies, and its type. An index out of range is read as 0 and makes the row NaN.
struct Edge {
  I slot, source, type;
  B on, good;
};
USG_FN Edge edge_of(const usg_attention &in, I slot, B on) {
  Edge e;
  e.slot = slot, e.on = on;
  e.source = read(in.col, longer(slot), on);
  e.type = in.edge_type_is_wide ? read((const int32_t *)in.edge_type, longer(slot) * L(2), on)
                                : read((const int32_t *)in.edge_type, longer(slot), on);
  if (in.edge_type_is_wide) {
    // The upper half of an int64 that is no type.
    const I upper = read((const int32_t *)in.edge_type, longer(slot) * L(2) + L(1), on);
    e.type = select(upper == I(0), e.type, I(-1));
  }
  e.good = (e.source >= I(0)) & (e.source < I((int)in.sources)) & (e.type >= I(0)) & (e.type < I((int)in.types));
  e.source = select(e.good, e.source, I(0)), e.type = select(e.good, e.type, I(0));
  return e;
}

template <class T, int W, int known, bool whole> struct Rows : Lay<T, W, known, whole> {
  using Base = Lay<T, W, known, whole>;
  using Base::in, Base::part, Base::head, Base::there, Base::parts;
  static constexpr int at_once = W == 4 ? 4 : 2;
  const Problem &problem;

  USG_FN Rows(const Problem &p, const Sharing &s, int tile) : Base(p.in, s, tile), problem(p) {}

  // to[place] = x . projection of the attribute, for every attribute of the lane's part.
  USG_FN void project(const F (&x)[W], const void *projection, float *to) const {
    for (int place = 0; place < problem.own_places; place++) {
      F mine[1] = {F(0)};
      for (int other = 0; other < parts; other++) {
        const int a = place * parts + other;
        if (a >= in.attributes) break;
        F side[W];
        this->load((const float *)projection, this->table_at(I(a)), B(true), side);
        mine[0] = select(part == I(other), this->sum_of_head(this->dot(x, side)), mine[0]);
      }
      write_own<1>(to, I(place), mine);
    }
  }
  // x += projection^T mass.
  USG_FN void unproject(const float *mass, const void *projection, F (&x)[W]) const {
    for (int a = 0; a < in.attributes; a++) {
      F own[1], side[W];
      read_own<1>(mass, I(a / parts), own);
      const F factor = this->of_attribute(own[0], a);
      this->load((const float *)projection, this->table_at(I(a)), B(true), side);
      USG_UNROLL for (int i = 0; i < W; i++) x[i] = x[i] + factor * side[i];
    }
  }
  USG_FN F attribute(const Edge &e, int place) const {
    const I a = I(place * parts) + part;
    return read((const float *)in.edge_attr, longer(e.slot) * L(in.attributes) + longer(a), e.on & (a < I((int)in.attributes)));
  }
  USG_FN F attributes_dot(const Edge &e, const float *side) const {
    F sum = F(0);
    for (int place = 0; place < problem.own_places; place++) {
      F own[1];
      read_own<1>(side, I(place), own);
      sum = sum + own[0] * attribute(e, place);
    }
    return sum;
  }
  USG_FN void clear(float *places) const {
    const F none[1] = {F(0)};
    for (int place = 0; place < problem.own_places; place++) write_own<1>(places, I(place), none);
  }
  USG_FN void add_attributes(const Edge &e, F factor, F decay, float *mass) const {
    for (int place = 0; place < problem.own_places; place++) {
      F own[1];
      read_own<1>(mass, I(place), own);
      own[0] = own[0] * decay + factor * attribute(e, place);
      write_own<1>(mass, I(place), own);
    }
  }
  // The dot product of a side of the row with (row of y + table) of the edge; leaves the latter in `vector`.
  template <class P> USG_FN F edge_dot(const F (&x)[W], const P *y, int64_t stride, const void *table, const Edge &e, F (&vector)[W]) const {
    F entry[W];
    this->load(y, this->head_at(e.source, stride), e.on & e.good, vector);
    this->load((const float *)table, this->table_at(e.type), e.on & e.good, entry);
    USG_UNROLL for (int i = 0; i < W; i++) vector[i] = vector[i] + entry[i];
    return this->dot(x, vector);
  }
  USG_FN F kept(const Edge &e) const {
    return in.keep ? read(in.keep, longer(head) * L(in.edges) + longer(e.slot), e.on & there) : F(1);
  }
  // log2(e) times the logit, from its dot product summed over the head's lanes; -inf where there is no edge.
  USG_FN F logit(const Edge &e, F x) const {
    const F bias = read((const float *)in.bias, this->per_head(e.type), e.on & there);
    const F y = (x + bias) * F(log2_e);
    return select(e.on, select(e.good, y, F(__builtin_nanf(""))), F(-infinite));
  }
};

USG_FN F level_of(F top) { return select(top == F(-infinite), F(0), top); }

// Row i of out, and log_sum.
template <class R, class T, int W> USG_FN void finish_forward(const R &lay, I row, B empty, F top, F total, F (&sum)[W], B on) {
  const usg_attention &in = lay.in;
  const F inverse = select(empty, F(0), F(1) / total);
  USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] * inverse;
  lay.store((T *)in.out, lay.table_at(row), sum, on);
  const F log_sum = select(empty, F(-infinite), (level_of(top) + logarithm(total)) * F(ln_2));
  write((float *)in.log_sum, longer(lay.head) * L(in.targets) + longer(row), log_sum, on & lay.leads());
}

template <class T, int W, int known, bool whole> struct Forward {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *scratch) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.rows;
    const int tile = int(warp % share.tiles), unit = int(warp / share.tiles);
    const Rows<T, W, known, whole> lay(problem, share, tile);
    const Walk w = walk(Pointer{in.rowptr, 0, (int)in.targets, (int)in.edges}, share, unit, lay.rest);
    if (w.idle) return;
    constexpr int at_once = lay.at_once;
    float *const query_attr = scratch, *const mass = scratch + problem.own_places * 32;
    F q[W], sum[W], top = F(-infinite), total = F(0);
    lay.load((const T *)in.q, lay.head_at(w.row, in.q_row), w.mine, q);
    USG_UNROLL for (int i = 0; i < W; i++) q[i] = q[i] * F(problem.scale), sum[i] = F(0);
    if (in.attributes) lay.project(q, in.key_proj, query_attr), lay.clear(mass);

    for (int round = 0; round < w.rounds; round += at_once) {
      Edge e[at_once];
      F s[at_once], high = top;
      USG_UNROLL for (int u = 0; u < at_once; u++) {
        const I slot = w.begin + w.first + (I(round + u) << I(w.bits));
        e[u] = edge_of(in, slot, slot < w.end);
        F key[W];
        s[u] = lay.edge_dot(q, (const T *)in.k, in.k_row, in.key_table, e[u], key);
        if (in.attributes) s[u] = s[u] + lay.attributes_dot(e[u], query_attr);
      }
      USG_UNROLL for (int u = 0; u < at_once; u++) {
        s[u] = lay.logit(e[u], lay.sum_of_head(s[u]));
        high = larger(high, s[u]);
      }
      // Logits of -inf alone must give weights of 0, not NaN, as long as others may follow.
      const F level = level_of(high), decay = power(top - level);
      top = high, total = total * decay;
      USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] * decay;
      USG_UNROLL for (int u = 0; u < at_once; u++) {
        F weight = power(s[u] - level), value[W], entry[W];
        total = total + weight;
        weight = weight * lay.kept(e[u]);
        lay.load((const T *)in.v, lay.head_at(e[u].source, in.v_row), e[u].on & e[u].good, value);
        lay.load((const float *)in.value_table, lay.table_at(e[u].type), e[u].on & e[u].good, entry);
        USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] + weight * (value[i] + entry[i]);
        if (in.attributes) lay.add_attributes(e[u], weight, u == 0 ? decay : F(1), mass);
      }
    }
    if (in.attributes) lay.unproject(mass, in.value_proj, sum);

    // Lanes that looked at other edges of the row.
    for (int bit = 0; bit < w.bits; bit++) {
      const int mask = 1 << (share.part_bits + share.head_bits + bit);
      const F other = from_xor(top, mask), high = larger(top, other), level = level_of(high);
      const F mine = power(top - level), theirs = power(other - level);
      total = total * mine + from_xor(total, mask) * theirs, top = high;
      USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] * mine + from_xor(sum[i], mask) * theirs;
    }
    const B on = w.mine & (w.first == I(0));
    if (w.piece) {
      lay.store(problem.at.piece_sum, lay.table_at(I(unit)), sum, on);
      write(problem.at.piece_top, lay.per_head(I(unit)), top, on & lay.leads());
      write(problem.at.piece_total, lay.per_head(I(unit)), total, on & lay.leads());
    } else {
      finish_forward<decltype(lay), T, W>(lay, w.row, w.begin == w.end, top, total, sum, on);
    }
  }
};

// One warp for every stretch in which a long row may begin, and every tile.
template <class T, int W, bool whole> struct MergeForward {
  Problem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const usg_attention &in = problem.in;
    const Sharing &share = problem.rows;
    const int tile = int(warp % share.tiles);
    const Pieces pieces = pieces_of(Pointer{in.rowptr, 0, (int)in.targets, (int)in.edges}, int(warp / share.tiles));
    if (!pieces.some) return;
    const Lay<T, W, -1, whole> lay(in, share, tile);
    const int bits = share.slot_bits + share.row_bits;
    F sum[W], top = F(-infinite), total = F(0);
    USG_UNROLL for (int i = 0; i < W; i++) sum[i] = F(0);
    for (int stretch = pieces.first; stretch <= pieces.last; stretch += 1 << bits) {
      const I mine = I(stretch) + lay.rest, unit = pieces.unit(mine);
      const B on = mine <= I(pieces.last);
      const F other = select(on & lay.there, read(problem.at.piece_top, lay.per_head(unit), on & lay.there), F(-infinite));
      F more[W];
      lay.load(problem.at.piece_sum, lay.table_at(unit), on, more);
      const F high = larger(top, other), level = level_of(high), decay = power(top - level), factor = power(other - level);
      total = total * decay + read(problem.at.piece_total, lay.per_head(unit), on & lay.there) * factor, top = high;
      USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] * decay + more[i] * factor;
    }
    for (int bit = 0; bit < bits; bit++) {
      const int mask = 1 << (share.part_bits + share.head_bits + bit);
      const F other = from_xor(top, mask), high = larger(top, other), level = level_of(high);
      const F mine = power(top - level), theirs = power(other - level);
      total = total * mine + from_xor(total, mask) * theirs, top = high;
      USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] * mine + from_xor(sum[i], mask) * theirs;
    }
    finish_forward<decltype(lay), T, W>(lay, I(pieces.row), B(false), top, total, sum, lay.rest == I(0));
  }
};

}  // namespace
}  // namespace usg
