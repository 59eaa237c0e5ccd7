// Reductions over the rows of a CSR and the two edge-wise products, by warps; what each op gives stands in usg_ops.h.
//
// Columns lie in blocks of W, one to a lane: 16 bytes where every row of values begins at a multiple of that, else one
// column. What lanes are left look at other edges, or other rows. Long rows are cut as in warp_rows.hpp.
#pragma once
#include <type_traits>

#include "usg_ops.h"
#include "warp_rows.hpp"

namespace usg {
namespace {

struct SegmentProblem {
  usg_segment in;
  Sharing share;
  float *piece_sum, *piece_top;  // (pieces, c); of the maximum, the second holds slots
  USG_FN Pointer pointer() const { return Pointer{in.rowptr, in.rowptr_is_wide, (int)in.rows, (int)in.slots}; }
};

// The columns of a lane.
template <class T, int W> struct Columns {
  static constexpr int width = W;
  const SegmentProblem &problem;
  const usg_segment &in;
  I block, rest;
  B there;

  USG_FN Columns(const SegmentProblem &p, int tile) : problem(p), in(p.in) {
    const int bits = p.share.head_bits;
    block = I(tile << bits) | (lane() & I((1 << bits) - 1));
    rest = lane() >> I(bits);
    there = longer(block) * L(W) < L(in.columns);
  }
  USG_FN L at(I row) const { return longer(row) * L(in.columns) + longer(block) * L(W); }
  template <class P> USG_FN void load(const void *p, I row, B on, F (&x)[W]) const {
    if constexpr (W > 1) read_vector<W>((const P *)p, at(row), on & there, x);
    else x[0] = read((const P *)p, at(row), on & there);
  }
  template <class P> USG_FN void store(void *p, I row, const F (&x)[W], B on) const {
    if constexpr (W > 1) write_vector<W>((P *)p, at(row), x, on & there);
    else write((P *)p, at(row), x[0], on & there);
  }
  // A source, read as 0 and made NaN by `bad` where it is out of range.
  USG_FN I source(I slot, B on, F &bad) const {
    const I j = read(in.col, longer(slot), on);
    const B good = (j >= I(0)) & (j < I((int)in.sources));
    bad = select(on & !good, F(__builtin_nanf("")), F(0));
    return select(good, j, I(0));
  }
};

template <int W> USG_FN void add_up_lanes(F (&x)[W], int from_bit, int bits) {
  for (int bit = 0; bit < bits; bit++)
    USG_UNROLL for (int i = 0; i < W; i++) x[i] = x[i] + from_xor(x[i], 1 << (from_bit + bit));
}

constexpr int edges_at_once = 4;

// weighted: of the rows of the sources, else of the slots.
template <class T, int W, bool weighted> struct SegmentSum {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Columns<T, W> lay(problem, int(warp % share.tiles));
    const int unit = int(warp / share.tiles);
    const Walk w = walk(problem.pointer(), share, unit, lay.rest);
    if (w.idle) return;
    F sum[W];
    USG_UNROLL for (int i = 0; i < W; i++) sum[i] = F(0);
    for (int round = 0; round < w.rounds; round += edges_at_once) {
      USG_UNROLL for (int u = 0; u < edges_at_once; u++) {
        const I slot = w.begin + w.first + (I(round + u) << I(w.bits));
        const B on = slot < w.end;
        F x[W], factor = F(1), bad = F(0);
        if constexpr (weighted) {
          const I source = lay.source(slot, on, bad);
          lay.template load<T>(problem.in.values, source, on, x);
          if (problem.in.other) factor = read((const T *)problem.in.other, longer(slot), on);
          USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] + (factor * x[i] + bad);
        } else {
          lay.template load<T>(problem.in.values, slot, on, x);
          USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] + x[i];
        }
      }
    }
    add_up_lanes(sum, share.head_bits, w.bits);
    const B on = w.mine & (w.first == I(0));
    if (w.piece) lay.template store<float>(problem.piece_sum, I(unit), sum, on);
    else lay.template store<T>(problem.in.out, w.row, sum, on);
  }
};

template <class T, int W> struct MergeSum {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Pieces pieces = pieces_of(problem.pointer(), int(warp / share.tiles));
    if (!pieces.some) return;
    const Columns<T, W> lay(problem, int(warp % share.tiles));
    const int bits = share.slot_bits + share.row_bits;
    F sum[W], x[W];
    USG_UNROLL for (int i = 0; i < W; i++) sum[i] = F(0);
    for (int stretch = pieces.first; stretch <= pieces.last; stretch += 1 << bits) {
      const I mine = I(stretch) + lay.rest;
      lay.template load<float>(problem.piece_sum, pieces.unit(mine), mine <= I(pieces.last), x);
      USG_UNROLL for (int i = 0; i < W; i++) sum[i] = sum[i] + x[i];
    }
    add_up_lanes(sum, share.head_bits, bits);
    lay.template store<T>(problem.in.out, I(pieces.row), sum, lay.rest == I(0));
  }
};

// The larger of two values and its slot: a NaN is larger than all, and of equals the first.
USG_FN void best_of(F &x, I &at, F y, I other) {
  const B bad_x = x != x, bad_y = y != y;
  const B better = (y > x) | (bad_y & !bad_x) | (((y == x) | (bad_x & bad_y)) & (other < at));
  x = select(better, y, x), at = select(better, other, at);
}

template <class T> struct SegmentMax {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Columns<T, 1> lay(problem, int(warp % share.tiles));
    const int unit = int(warp / share.tiles), slots = (int)problem.in.slots;
    const Walk w = walk(problem.pointer(), share, unit, lay.rest);
    if (w.idle) return;
    F top = F(-infinite);
    I best = I(slots);
    for (int round = 0; round < w.rounds; round++) {
      const I slot = w.begin + w.first + (I(round) << I(w.bits));
      const B on = slot < w.end;
      F x[1];
      lay.template load<T>(problem.in.values, slot, on, x);
      best_of(top, best, select(on, x[0], F(-infinite)), select(on, slot, I(slots)));
    }
    for (int bit = 0; bit < w.bits; bit++) {
      const int mask = 1 << (share.head_bits + bit);
      best_of(top, best, from_xor(top, mask), from_xor(best, mask));
    }
    const B on = w.mine & (w.first == I(0));
    const F x[1] = {top};
    if (w.piece) {
      lay.template store<float>(problem.piece_sum, I(unit), x, on);
      write((int32_t *)problem.piece_top, lay.at(I(unit)), best, on & lay.there);
    } else {
      put(lay, w.row, top, best, on);
    }
  }

  USG_FN static void put(const Columns<T, 1> &lay, I row, F top, I best, B on) {
    const F x[1] = {select(best == I((int)lay.in.slots), F(0), top)};
    lay.template store<T>(lay.in.out, row, x, on);
    write(lay.in.slot, lay.at(row), best, on & lay.there);
  }
};

template <class T> struct MergeMax {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Pieces pieces = pieces_of(problem.pointer(), int(warp / share.tiles));
    if (!pieces.some) return;
    const Columns<T, 1> lay(problem, int(warp % share.tiles));
    const int bits = share.slot_bits + share.row_bits;
    F top = F(-infinite), x[1];
    I best = I((int)problem.in.slots);
    for (int stretch = pieces.first; stretch <= pieces.last; stretch += 1 << bits) {
      const I mine = I(stretch) + lay.rest, unit = pieces.unit(mine);
      const B on = mine <= I(pieces.last);
      lay.template load<float>(problem.piece_sum, unit, on, x);
      const I slot = read((const int32_t *)problem.piece_top, lay.at(unit), on & lay.there);
      best_of(top, best, select(on, x[0], F(-infinite)), select(on, slot, I((int)problem.in.slots)));
    }
    for (int bit = 0; bit < bits; bit++) {
      const int mask = 1 << (share.head_bits + bit);
      best_of(top, best, from_xor(top, mask), from_xor(best, mask));
    }
    SegmentMax<T>::put(lay, I(pieces.row), top, best, lay.rest == I(0));
  }
};

// Ops that write slot by slot make NaN of those that no row holds.
template <class T, class C> USG_FN void fill_gaps(const SegmentProblem &problem, const C &lay, int unit) {
  F none[C::width];
  USG_UNROLL for (int i = 0; i < C::width; i++) none[i] = F(__builtin_nanf(""));
  mark_gaps(problem.pointer(), problem.share, unit, lay.rest,
            [&](I slot, B on) { lay.template store<T>(problem.in.out, slot, none, on); });
}

// Softmax and its gradient: a sum over the row, then every slot. `last`: the slots of long rows, whose sums are merged.
template <class T, bool gradient, bool last> struct SegmentSoftmax {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Columns<T, 1> lay(problem, int(warp % share.tiles));
    const int unit = int(warp / share.tiles);
    const Walk w = walk(problem.pointer(), share, unit, lay.rest);
    if (w.idle) return;
    F top[1] = {F(-infinite)}, total[1] = {F(0)};
    if constexpr (last) {
      // Merged into what the first piece of the row left.
      const I begin = problem.pointer()(w.row, w.mine), stretch = begin / I(piece_size);
      const I first = stretch * I(2) + select(begin > stretch * I(piece_size), I(1), I(0));
      lay.template load<float>(problem.piece_top, first, w.mine, top);
      lay.template load<float>(problem.piece_sum, first, w.mine, total);
      fill(lay, w, top[0], total[0]);
    } else {
      for (int round = 0; round < w.rounds; round++) {
        const I slot = w.begin + w.first + (I(round) << I(w.bits));
        const B on = slot < w.end;
        F x[1], y[1];
        lay.template load<T>(problem.in.values, slot, on, x);
        if constexpr (gradient) {
          lay.template load<T>(problem.in.other, slot, on, y);
          total[0] = total[0] + x[0] * y[0];
        } else {
          join(top[0], total[0], select(on, x[0] * F(log2_of_e), F(-infinite)), select(on, F(1), F(0)));
        }
      }
      for (int bit = 0; bit < w.bits; bit++) {
        const int mask = 1 << (share.head_bits + bit);
        if (gradient) total[0] = total[0] + from_xor(total[0], mask);
        else join(top[0], total[0], from_xor(top[0], mask), from_xor(total[0], mask));
      }
      if (w.piece) {
        const B on = w.mine & (w.first == I(0));
        lay.template store<float>(problem.piece_sum, I(unit), total, on);
        lay.template store<float>(problem.piece_top, I(unit), top, on);
      } else {
        fill(lay, w, top[0], total[0]);
      }
      fill_gaps<T>(problem, lay, unit);
    }
  }

  // Powers are of 2, logits times log2(e).
  static constexpr float log2_of_e = 1.4426950408889634f;
  // A row of -inf alone gives NaN, as torch.softmax does, but not while others may follow.
  USG_FN static void join(F &top, F &total, F other, F more) {
    const F high = larger(top, other), level = select(high == F(-infinite), F(0), high);
    total = total * power(top - level) + more * power(other - level), top = high;
  }

 private:
  USG_FN void fill(const Columns<T, 1> &lay, const Walk &w, F top, F total) const {
    const F level = top;
    for (int round = 0; round < w.rounds; round++) {
      const I slot = w.begin + w.first + (I(round) << I(w.bits));
      const B on = slot < w.end;
      F x[1], y[1];
      lay.template load<T>(problem.in.values, slot, on, x);
      if constexpr (gradient) {
        lay.template load<T>(problem.in.other, slot, on, y);
        x[0] = x[0] * (y[0] - total);
      } else {
        x[0] = power(x[0] * F(log2_of_e) - level) / total;
      }
      lay.template store<T>(problem.in.out, slot, x, on);
    }
  }
};

template <class T, bool gradient> struct MergeSoftmax {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Pieces pieces = pieces_of(problem.pointer(), int(warp / share.tiles));
    if (!pieces.some) return;
    const Columns<T, 1> lay(problem, int(warp % share.tiles));
    const int bits = share.slot_bits + share.row_bits;
    F top[1] = {F(-infinite)}, total[1] = {F(0)}, x[1], y[1];
    for (int stretch = pieces.first; stretch <= pieces.last; stretch += 1 << bits) {
      const I mine = I(stretch) + lay.rest, unit = pieces.unit(mine);
      const B on = mine <= I(pieces.last);
      lay.template load<float>(problem.piece_sum, unit, on, x);
      lay.template load<float>(problem.piece_top, unit, on, y);
      if (gradient) total[0] = total[0] + x[0];
      else SegmentSoftmax<T, false, false>::join(top[0], total[0], select(on, y[0], F(-infinite)), x[0]);
    }
    for (int bit = 0; bit < bits; bit++) {
      const int mask = 1 << (share.head_bits + bit);
      if (gradient) total[0] = total[0] + from_xor(total[0], mask);
      else SegmentSoftmax<T, false, false>::join(top[0], total[0], from_xor(top[0], mask), from_xor(total[0], mask));
    }
    const I unit = pieces.unit(I(pieces.first));
    lay.template store<float>(problem.piece_top, unit, top, lay.rest == I(0));
    lay.template store<float>(problem.piece_sum, unit, total, lay.rest == I(0));
  }
};

template <class T, int W> struct SegmentGather {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const Columns<T, W> lay(problem, int(warp % share.tiles));
    const int unit = int(warp / share.tiles);
    const Walk w = walk(problem.pointer(), share, unit, lay.rest);
    if (w.idle) return;
    F x[W];
    lay.template load<T>(problem.in.values, w.row, w.mine, x);
    for (int round = 0; round < w.rounds; round++) {
      const I slot = w.begin + w.first + (I(round) << I(w.bits));
      lay.template store<T>(problem.in.out, slot, x, slot < w.end);
    }
    fill_gaps<T>(problem, lay, unit);
  }
};

// One warp for all columns of a row.
template <class T, int W> struct SegmentDot {
  SegmentProblem problem;

  USG_FN void operator()(int64_t warp, float *) const {
    const Sharing &share = problem.share;
    const I rest = lane() >> I(share.head_bits);
    const B leads = (lane() & I((1 << share.head_bits) - 1)) == I(0);
    const Walk w = walk(problem.pointer(), share, int(warp), rest);
    if (w.idle) return;
    for (int round = 0; round < w.rounds; round++) {
      const I slot = w.begin + w.first + (I(round) << I(w.bits));
      const B on = slot < w.end;
      F sum[1] = {F(0)}, bad = F(0);
      for (int tile = 0; tile < share.tiles; tile++) {
        const Columns<T, W> lay(problem, tile);
        F x[W], y[W];
        lay.template load<T>(problem.in.other, w.row, on, x);
        lay.template load<T>(problem.in.values, lay.source(slot, on, bad), on, y);
        USG_UNROLL for (int i = 0; i < W; i++) sum[0] = sum[0] + x[i] * y[i];
      }
      add_up_lanes(sum, 0, share.head_bits);
      write((T *)problem.in.out, longer(slot), sum[0] + bad, on & leads);
    }
    mark_gaps(problem.pointer(), share, int(warp), rest,
              [&](I slot, B on) { write((T *)problem.in.out, longer(slot), F(__builtin_nanf("")), on & leads); });
  }
};

inline int32_t check_segments(const usg_segment &in) {
  if (in.size != sizeof(usg_segment)) return USG_BAD_VERSION;
  if (in.rows == 0 && in.slots > 0) return USG_BAD_POINTER;
  constexpr int64_t most = int64_t(1) << 30;
  return in.rows < most && in.sources < most && in.slots < most && in.columns < most && in.dtype != USG_FLOAT64 ? USG_OK : USG_UNSUPPORTED;
}

// Calls f(type, W); USG_FEW leaves out all but one type.
template <class F_> int32_t with_columns(const usg_segment &in, F_ f) {
  auto typed = [&](auto type) -> int32_t {
    using T = decltype(type);
    constexpr int W = 16 / sizeof(T);
    bool whole = in.columns % W == 0 && (in.op == USG_SUM || in.op >= USG_GATHER);
    for (const void *p : {in.values, (const void *)in.out, in.op == USG_DOT ? in.other : nullptr}) whole &= (uintptr_t)p % 16 == 0;
    return whole ? f(type, std::integral_constant<int, W>{}) : f(type, std::integral_constant<int, 1>{});
  };
  switch (in.dtype) {
    case USG_FLOAT32: return typed(float{});
#ifndef USG_FEW
    case USG_FLOAT16: return typed(half{});
    case USG_BFLOAT16: return typed(bfloat{});
#endif
    default: return USG_UNSUPPORTED;
  }
}

template <int W> int64_t lay_out_segments(const usg_segment &in, char *base, SegmentProblem &p) {
  p.in = in;
  p.share = share(0, std::max<int64_t>(1, (in.columns + W - 1) / W), in.rows, in.slots);
  const bool reduces = in.op < USG_GATHER || in.op == USG_WEIGHTED_SUM;
  const int64_t bytes = reduces ? (p.share.pieces * in.columns * 4 + 255) / 256 * 256 : 0;
  p.piece_sum = (float *)base, p.piece_top = (float *)(base + bytes);
  return 2 * bytes;
}

inline int64_t segment_bytes(const usg_segment &in) {
  int64_t bytes = 0;
  if (check_segments(in) == USG_OK)
    with_columns(in, [&](auto, auto w) {
      SegmentProblem p{};
      bytes = lay_out_segments<w()>(in, nullptr, p);
      return USG_OK;
    });
  return bytes;
}

template <class Launcher> int32_t segment_steps(const usg_segment &in, void *workspace, Launcher &run) {
  const int32_t status = check_segments(in);
  if (status != USG_OK) return status;
  return with_columns(in, [&](auto type, auto w) {
    using T = decltype(type);
    constexpr int W = w();
    SegmentProblem p{};
    lay_out_segments<W>(in, (char *)workspace, p);
    const int64_t all = units(p.share, in.rows) * p.share.tiles, merges = int64_t(p.share.pieces / 2) * p.share.tiles;
    // The slots of long rows, once more.
    const int64_t slots = int64_t(p.share.pieces) * p.share.tiles;
    switch (in.op) {
      case USG_SUM:
        run.launch(SegmentSum<T, W, false>{p}, all, 0, 4);
        run.launch(MergeSum<T, W>{p}, merges, 0, 4);
        break;
      case USG_WEIGHTED_SUM:
        run.launch(SegmentSum<T, W, true>{p}, all, 0, 4);
        run.launch(MergeSum<T, W>{p}, merges, 0, 4);
        break;
      case USG_GATHER: run.launch(SegmentGather<T, W>{p}, all, 0, 4); break;
      case USG_DOT: run.launch(SegmentDot<T, W>{p}, units(p.share, in.rows), 0, 4); break;
      case USG_MAX:
        if constexpr (W == 1) {
          run.launch(SegmentMax<T>{p}, all, 0, 4);
          run.launch(MergeMax<T>{p}, merges, 0, 4);
        }
        break;
      case USG_SOFTMAX:
        if constexpr (W == 1) {
          run.launch(SegmentSoftmax<T, false, false>{p}, all, 0, 4);
          run.launch(MergeSoftmax<T, false>{p}, merges, 0, 4);
          run.launch(SegmentSoftmax<T, false, true>{p}, slots, 0, 4);
        }
        break;
      case USG_SOFTMAX_BACKWARD:
        if constexpr (W == 1) {
          run.launch(SegmentSoftmax<T, true, false>{p}, all, 0, 4);
          run.launch(MergeSoftmax<T, true>{p}, merges, 0, 4);
          run.launch(SegmentSoftmax<T, true, true>{p}, slots, 0, 4);
        }
        break;
    }
    return run.status();
  });
}

}  // namespace
}  // namespace usg
