// How a warp's lanes are shared out over rows, edges, heads and channels, and who works on long rows.
//
// From the lowest bits of a lane's number: its part of a head's channels, its head, and what is left as edges that are
// looked at side by side or, where rows are short, as rows. A warp that works on a piece of a long row has edges only.
//
// Long rows are those of two pieces' length and more. Pieces begin at multiples of `piece_size` among all edges, so one
// piece holds parts of at most two long rows: unit 2 c is the row that holds edge c * piece_size, unit 2 c + 1 the last
// row to begin behind it. Nothing needs to be planned, which would mean waiting for the GPU. Their sums are merged in order.
#pragma once
#include <algorithm>

#include "lanes.hpp"

namespace usg {
namespace {

constexpr int piece_size = 256, long_row = 2 * piece_size;

// The same for all warps of a kernel.
struct Sharing {
  int part_bits, head_bits, slot_bits, row_bits;  // log2 of parts of a head, heads, edges and rows at a time; together 5
  int tiles;                           // groups of heads: warps per row
  int pieces;                          // units of work that are pieces of long rows; rows come behind them
};

inline int ceil_log2(int64_t x) {
  int bits = 0;
  while ((int64_t(1) << bits) < x) bits++;
  return bits;
}

// part_bits: log2 of the lanes of a head. A row gets two edges for each lane that could look at one.
inline Sharing share(int part_bits, int64_t heads, int64_t rows, int64_t slots) {
  Sharing s{};
  s.part_bits = part_bits;
  s.head_bits = std::min(5 - part_bits, ceil_log2(heads));
  s.tiles = int((heads + (1 << s.head_bits) - 1) >> s.head_bits);
  const int left = 5 - part_bits - s.head_bits;
  while (s.slot_bits < left && (int64_t(2) << s.slot_bits) * 2 * rows <= slots) s.slot_bits++;
  s.row_bits = left - s.slot_bits;
  // Slots without a row to hold them are a caller's mistake; a search for their row would end outside the pointers.
  s.pieces = slots < long_row || rows == 0 ? 0 : int(2 * ((slots + piece_size - 1) / piece_size));
  return s;
}
inline int64_t units(const Sharing &s, int64_t rows) { return s.pieces + ((rows + (1 << s.row_bits) - 1) >> s.row_bits); }

// The row that holds a slot: the last that begins at or before it. Row pointers are int32, or int64 on request.
struct Pointer {
  const void *data;
  int wide, rows, slots;
  // Kept inside the slots whatever memory holds, so that nothing is read outside of it.
  USG_FN I operator()(I row, B on) const {
    const I x = wide ? narrowed(read((const int64_t *)data, longer(row), on)) : read((const int32_t *)data, longer(row), on);
    return usg::within(x, slots);
  }
  USG_FN int at(int row) const {
    const int64_t x = wide ? fetch((const int64_t *)data + row) : (int64_t)fetch((const int32_t *)data + row);
    return x < 0 ? 0 : x > slots ? slots : (int)x;
  }
  USG_FN int row_of(int slot) const {
    int low = 0, high = rows;
    while (high - low > 1) {
      const int middle = low + (high - low) / 2;
      if (at(middle) <= slot) low = middle;
      else high = middle;
    }
    return low;
  }

 private:
#if defined(__CUDACC__)
  static USG_FN I narrowed(int64_t x) { return (I)x; }
#else
  static I narrowed(const L &x) { return each<I>([&](int i) { return int32_t(x.v[i]); }); }
#endif
};

// What one warp walks over: edges [begin, end) of each lane's row, every 2^bits-th from `first` on.
struct Walk {
  I row, begin, end, first;
  B mine;  // whether the lane's row is this warp's to finish, alone or, for a piece, to hand on
  int bits, rounds;
  bool piece, idle;
};

USG_FN int rounds_of(const Walk &w) {
  return largest((w.end - w.begin - w.first + I((1 << w.bits) - 1)) >> I(w.bits));
}

// rest: the lane's number without its part and head.
USG_FN Walk walk(const Pointer &pointer, const Sharing &s, int unit, I rest) {
  Walk w;
  w.piece = unit < s.pieces;
  w.idle = false;
  if (w.piece) {
    const int start = unit / 2 * piece_size, stop = start + piece_size < pointer.slots ? start + piece_size : pointer.slots;
    const int row = pointer.row_of(unit % 2 ? stop - 1 : start), begin = pointer.at(row), end = pointer.at(row + 1);
    w.idle = end - begin < long_row || (unit % 2 && begin <= start);
    w.row = I(row), w.mine = B(true), w.bits = s.slot_bits + s.row_bits, w.first = rest;
    w.begin = I(begin > start ? begin : start), w.end = I(end < stop ? end : stop);
  } else {
    const I row = (I(unit - s.pieces) << I(s.row_bits)) | (rest >> I(s.slot_bits));
    w.mine = row < I(pointer.rows);
    w.row = least(row, I(pointer.rows - 1));
    w.begin = pointer(w.row, w.mine), w.end = pointer(w.row + I(1), w.mine);
    w.mine = w.mine & (w.end - w.begin < I(long_row));
    w.end = select(w.mine, w.end, w.begin);
    w.bits = s.slot_bits, w.first = rest & I((1 << s.slot_bits) - 1);
  }
  w.rounds = w.idle ? 0 : rounds_of(w);
  return w;
}

// Calls mark(slot, on) for the slots that no row holds, where a row pointer begins behind 0, ends before the last slot, or
// falls: what is written slot by slot is then never left as memory was. Around a fall that is whole stretches of a piece, as
// a long row whose pieces were looked for there may not have been found.
template <class M> USG_FN void mark_gaps(const Pointer &pointer, const Sharing &s, int unit, I rest, M mark) {
  if (unit < s.pieces) return;
  I row = (I(unit - s.pieces) << I(s.row_bits)) | (rest >> I(s.slot_bits));
  const B mine = row < I(pointer.rows), first = row == I(0), last = row == I(pointer.rows - 1);
  row = least(row, I(pointer.rows - 1));
  const I begin = pointer(row, mine), end = pointer(row + I(1), mine), slots = I(pointer.slots), whole = I(~(piece_size - 1));
  const B falls = mine & (end < begin);
  const I low = select(first & (begin > I(0)), I(0), select(falls, end & whole, end));
  I high = least(select(falls, (begin + I(piece_size - 1)) & whole, begin), slots);
  high = select(last & (end < slots), slots, high);
  const I from = low + (rest & I((1 << s.slot_bits) - 1));
  const int rounds = largest((high - from + I((1 << s.slot_bits) - 1)) >> I(s.slot_bits));
  for (int round = 0; round < rounds; round++) {
    const I slot = from + (I(round) << I(s.slot_bits));
    mark(slot, mine & (slot < high) & ((slot < begin) | (slot >= end)));
  }
}

// The pieces of the long row that begins in one stretch of `piece_size` edges, of which there is at most one.
struct Pieces {
  int row, begin, end;
  int first, last;  // stretches that hold parts of it
  bool some;
  USG_FN I unit(I stretch) const {
    const B second = (stretch == I(first)) & (I(begin) > stretch * I(piece_size));
    return stretch * I(2) + select(second, I(1), I(0));
  }
};
USG_FN Pieces pieces_of(const Pointer &pointer, int stretch) {
  const int start = stretch * piece_size, stop = start + piece_size < pointer.slots ? start + piece_size : pointer.slots;
  Pieces p;
  p.row = pointer.row_of(stop - 1);
  p.begin = pointer.at(p.row), p.end = pointer.at(p.row + 1);
  p.first = stretch, p.last = (p.end - 1) / piece_size;
  p.some = p.begin >= start && p.end - p.begin >= long_row;
  return p;
}

}  // namespace
}  // namespace usg
