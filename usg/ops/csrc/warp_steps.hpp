// The steps of graph attention by warps: which kernels run, over how many warps, and the memory between them.
//
// A `Launcher` has launch(kernel, warps, floats of scratch per warp, warps per block): on the GPU that of cuda_launch.hpp,
// in the tests a loop. Everything here depends on sizes alone, so it can be captured in a CUDA graph.
#pragma once
#include <type_traits>

#include "warp_backward.hpp"

namespace usg {
namespace {

constexpr int64_t most_scratch = 96 << 10;  // bytes of shared memory that every GPU from sm_80 on gives a block
constexpr int64_t most_edges = int64_t(1) << 30;
constexpr int most_attributes = 64, most_width = 128;

struct Ranges {
  int count, size;
};
// Ranges of edges or rows, each with tables of its own: enough to fill a GPU, as long as the tables are small.
inline Ranges ranges(int64_t all, int64_t least, int64_t table_size) {
  const int64_t fit = (int64_t(16) << 20) / std::max<int64_t>(1, table_size);  // 64 MiB of floats
  const int64_t most = std::min<int64_t>(1024, std::max<int64_t>(8, fit));
  const int64_t size = std::max(least, (all + most - 1) / most);
  return {int((all + size - 1) / size), int(size)};
}

template <int x> using constant = std::integral_constant<int, x>;
template <class T> constexpr int lanes_wide = 16 / sizeof(T);  // W: values in 16 bytes

// Calls f(type, W, part_bits, whole) with the layout that fits. USG_FEW leaves out most of them, for tests that compile.
template <class F> int32_t with_layout(const usg_attention &in, F f) {
  auto aligned = [&](const void *p, int64_t row, int64_t bytes) { return (uintptr_t)p % 16 == 0 && row * bytes % 16 == 0; };
  auto typed = [&](auto type) -> int32_t {
    using T = decltype(type);
    constexpr int W = lanes_wide<T>, bytes = sizeof(T);
    bool whole = true;
    const void *const states[] = {in.q, in.k, in.v, in.grad, in.out, in.dq, in.dk, in.dv};
    const int64_t steps[] = {in.q_row, in.k_row, in.v_row, in.grad_row, 0, in.dq_row, in.dk_row, in.dv_row};
    for (int i = 0; i < 8; i++) whole &= aligned(states[i], steps[i], bytes);
    for (const void *p : {in.key_table, in.value_table, in.key_proj, in.value_proj}) whole &= aligned(p, 0, 4);
    auto known = [&](auto width) { return f(type, constant<W>{}, constant<log2_of(width() / W)>{}, std::true_type{}); };
    switch (whole ? in.width : 0) {
      case 32: return known(constant<32>{});
#ifndef USG_FEW
      case 16: return known(constant<16>{});
      case 64: return known(constant<64>{});
      case 128: return known(constant<128>{});
      default: return f(type, constant<4>{}, constant<5>{}, std::false_type{});
#else
      default: return USG_UNSUPPORTED;
#endif
    }
  };
  switch (in.dtype) {
    case USG_FLOAT32: return typed(float{});
#ifndef USG_FEW
    case USG_FLOAT16: return typed(half{});
#endif
    case USG_BFLOAT16: return typed(bfloat{});
    default: return USG_UNSUPPORTED;
  }
}

inline int32_t check_warps(const usg_attention &in) {
  if (in.size != sizeof(usg_attention)) return USG_BAD_VERSION;
  if (in.targets == 0 && in.edges > 0) return USG_BAD_POINTER;
  const bool fits = in.edges < most_edges && in.targets < most_edges && in.sources < most_edges && in.types < most_edges &&
                    in.heads < most_edges && in.attributes <= most_attributes && in.width <= most_width && in.dtype != USG_FLOAT64;
  return fits ? USG_OK : USG_UNSUPPORTED;
}

struct Sizes {
  Ranges edges, rows;
  int64_t bytes;  // of the whole
};

// Where everything lies from `base` on.
template <int W, int part_bits> Sizes lay_out(const usg_attention &in, bool backward, char *base, Problem &p) {
  p.in = in;
  p.scale = 1 / sqrtf(float(in.width));
  p.rows = share(part_bits, in.heads, in.targets, in.edges);
  const bool atomic = backward && in.out;
  p.columns = share(part_bits, in.heads, in.sources, atomic ? 0 : in.edges);
  p.own_places = int((in.attributes + (1 << part_bits) - 1) >> part_bits);
  const int64_t span = in.heads * in.width, pieces = p.rows.pieces, mass = in.heads * in.attributes;
  const TablePlaces places = table_places(in);
  Sizes sizes{};
  auto take = [&](float *&place, int64_t floats) {
    place = (float *)(base + sizes.bytes);
    sizes.bytes += (floats * 4 + 255) / 256 * 256;
  };
  take(p.at.piece_sum, pieces * span);
  take(p.at.piece_total, pieces * in.heads);
  if (!backward) {
    take(p.at.piece_top, pieces * in.heads);
    return sizes;
  }
  // Floats of a warp's own tables, where they do not fit in shared memory.
  auto own = [](int64_t floats) { return floats * 4 > most_scratch ? floats : 0; };
  const int64_t edge_own = own(in.types * 32 * (2 * W + 1)), row_own = own(in.attributes * 32 * 2 * W), tiles = p.rows.tiles;
  sizes.edges = ranges(in.edges, 128, places.size + edge_own * tiles);
  sizes.rows = ranges(in.attributes ? in.targets : 0, 32, places.size + row_own * tiles);
  take(p.at.piece_more, pieces * span);
  take(p.at.piece_mass, pieces * 3 * mass);
  take(p.at.weight, in.edges * in.heads);
  take(p.at.grad, in.edges * in.heads);
  take(p.at.delta, in.heads * in.targets);
  take(p.at.query_attr, in.dedge_attr ? in.targets * mass : 0);
  take(p.at.grad_attr, in.dedge_attr ? in.targets * mass : 0);
  take(p.at.key_mass, in.targets * mass);
  take(p.at.value_mass, in.targets * mass);
  take(p.at.tables, std::max(sizes.edges.count, sizes.rows.count) * places.size);
  p.at.key_sum = (float *)in.dk, p.at.value_sum = (float *)in.dv, p.at.key_row = in.dk_row, p.at.value_row = in.dv_row;
  if (atomic && in.dtype != USG_FLOAT32) {
    take(p.at.key_sum, in.sources * span), take(p.at.value_sum, in.sources * span);
    p.at.key_row = p.at.value_row = span;
  }
  take(p.at.own, std::max(sizes.edges.count * edge_own, sizes.rows.count * row_own) * tiles);
  return sizes;
}

inline int64_t attention_bytes(const usg_attention &in, bool backward) {
  if (check_warps(in) != USG_OK) return 0;
  int64_t bytes = 0;
  with_layout(in, [&](auto, auto w, auto bits, auto) {
    Problem problem{};
    bytes = lay_out<w(), bits()>(in, backward, nullptr, problem).bytes;
    return USG_OK;
  });
  return bytes;
}

template <class Launcher> int32_t attention_forward(const usg_attention &in, void *workspace, Launcher &run) {
  const int32_t status = check_warps(in);
  if (status != USG_OK) return status;
  return with_layout(in, [&](auto type, auto w, auto bits, auto whole) {
    using T = decltype(type);
    Problem p{};
    lay_out<w(), bits()>(in, false, (char *)workspace, p);
    const int tiles = p.rows.tiles;
    run.launch(Forward<T, w(), bits(), whole()>{p}, units(p.rows, in.targets) * tiles, 2 * 32 * p.own_places, 4);
    run.launch(MergeForward<T, w(), whole()>{p}, int64_t(p.rows.pieces / 2) * tiles, 0, 4);
    return run.status();
  });
}

template <class Launcher> void add_up(Launcher &run, const Problem &p, const TablePlaces &places, int64_t begin, int64_t end, int count) {
  constexpr int group = 32;
  const int64_t blocks = (end - begin + 31) / 32;
  const int groups = (count + group - 1) / group;
  // In place: what a lane adds up, it alone reads.
  if (groups > 1)
    run.launch(AddUp{p.at.tables, p.at.tables, p.in, places, begin, end, places.size, count, groups, group}, blocks * groups, 0, 4);
  const int left = groups > 1 ? groups : count;
  const int64_t stride = groups > 1 ? places.size * group : places.size;
  run.launch(AddUp{p.at.tables, nullptr, p.in, places, begin, end, stride, left, 1, std::max(1, left)}, blocks, 0, 4);
}

template <class Launcher> int32_t attention_backward(const usg_attention &in, void *workspace, Launcher &run) {
  const int32_t status = check_warps(in);
  if (status != USG_OK) return status;
  return with_layout(in, [&](auto type, auto w, auto bits, auto whole) {
    using T = decltype(type);
    constexpr int W = w(), known = bits();
    Problem p{};
    const Sizes sizes = lay_out<W, known>(in, true, (char *)workspace, p);
    const TablePlaces places = table_places(in);
    const int row_tiles = p.rows.tiles, column_tiles = p.columns.tiles, stretches = p.rows.pieces / 2;
    const int64_t rows = units(p.rows, in.targets) * row_tiles, columns = units(p.columns, in.sources) * column_tiles;
    const int64_t row_scratch = 5 * 32 * p.own_places;
    if (in.out) {
      run.launch(SourceSums<T, W, whole(), true>{p}, columns, 0, 4);
      run.launch(BackwardRows<T, W, known, whole(), true>{p}, rows, row_scratch, 4);
      if constexpr (sizeof(T) < 4) run.launch(SourceSums<T, W, whole(), false>{p}, columns, 0, 4);
    } else {
      run.launch(BackwardRows<T, W, known, whole(), false>{p}, rows, row_scratch, 4);
    }
    run.launch(MergeRows<T, W, whole()>{p}, int64_t(stretches) * row_tiles, 3 * 32 * p.own_places, 4);
    if (!in.out) {
      run.launch(BackwardColumns<T, W, whole()>{p}, columns, 0, 4);
      run.launch(MergeColumns<T, W, whole()>{p}, int64_t(stretches) * column_tiles, 0, 4);
    }

    auto tables = [&](auto of_edges, const Ranges &range, int64_t entries) {
      using Kernel = Tables<T, W, whole(), of_edges()>;
      const int64_t own = Kernel::own * entries;
      const bool fits = own * 4 <= most_scratch;
      run.launch(Kernel{p, places, range.size, fits}, int64_t(range.count) * row_tiles, fits ? own : 0, 1);
    };
    tables(std::true_type{}, sizes.edges, in.types);
    add_up(run, p, places, 0, places.key_proj, sizes.edges.count);
    if (in.attributes) {
      tables(std::false_type{}, sizes.rows, in.attributes);
      add_up(run, p, places, places.key_proj, places.size, sizes.rows.count);
      if (in.dedge_attr) run.launch(EdgeAttributes{p}, (in.edges * in.attributes + 31) / 32, 0, 4);
    }
    return run.status();
  });
}

}  // namespace
}  // namespace usg
