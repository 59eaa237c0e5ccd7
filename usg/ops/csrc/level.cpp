// Everything that is compiled for an instruction set; built once for each, with USG_LEVEL its number.
#include <new>

#include "attention_backward.hpp"
#include "segment.hpp"

namespace usg {
namespace {

template <template <class, class, int> class Step, class T> void with_width(const usg_attention &in) {
  if constexpr (std::is_same_v<T, double>) {
    Step<double, double, 0>(in).run();
  } else {
    switch (in.width) {
      case 16: return Step<T, float, 16>(in).run();
      case 32: return Step<T, float, 32>(in).run();
      case 64: return Step<T, float, 64>(in).run();
      case 128: return Step<T, float, 128>(in).run();
      default: return Step<T, float, 0>(in).run();
    }
  }
}

template <template <class, class, int> class Step> void with_type(const usg_attention &in) {
  switch (in.dtype) {
    case USG_FLOAT32: return with_width<Step, float>(in);
    case USG_FLOAT64: return with_width<Step, double>(in);
    case USG_FLOAT16: return with_width<Step, half>(in);
    case USG_BFLOAT16: return with_width<Step, bfloat>(in);
  }
}

int32_t check(const usg_attention &in, bool backward) {
  if (in.size != sizeof(usg_attention)) return USG_BAD_VERSION;
  if (!rises(in.rowptr, in.targets, in.edges)) return USG_BAD_POINTER;
  if (!within(in.col, in.edges, in.sources)) return USG_BAD_INDEX;
  if (!(in.edge_type_is_wide ? within((const int64_t *)in.edge_type, in.edges, in.types)
                             : within((const int32_t *)in.edge_type, in.edges, in.types)))
    return USG_BAD_TYPE;
  if (!backward) return USG_OK;
  if (!rises(in.colptr, in.sources, in.edges)) return USG_BAD_POINTER;
  if (!within(in.row, in.edges, in.targets) || !within(in.position, in.edges, in.edges)) return USG_BAD_INDEX;
  return USG_OK;
}

// Nothing may be thrown through a C interface.
template <class F> int32_t guarded(F f) {
  try {
    return f();
  } catch (const std::bad_alloc &) {
    return USG_NO_MEMORY;
  }
}

template <class T> int32_t segments(const usg_segment &in) {
  auto run = [&](auto index) {
    using I = decltype(index);
    if (!rises((const I *)in.rowptr, in.rows, in.slots)) return USG_BAD_POINTER;
    Segments<T, I>(in).run();
    return USG_OK;
  };
  return in.rowptr_is_wide ? run(int64_t{}) : run(int32_t{});
}

}  // namespace

template <int level> int32_t forward(const usg_attention *in);
template <int level> int32_t backward(const usg_attention *in);
template <int level> int32_t segment(const usg_segment *in);

template <> int32_t forward<USG_LEVEL>(const usg_attention *in) {
  return guarded([&] {
    const int32_t status = check(*in, false);
    if (status == USG_OK) with_type<Forward>(*in);
    return status;
  });
}

template <> int32_t backward<USG_LEVEL>(const usg_attention *in) {
  return guarded([&] {
    const int32_t status = check(*in, true);
    if (status == USG_OK) with_type<Backward>(*in);
    return status;
  });
}

template <> int32_t segment<USG_LEVEL>(const usg_segment *in) {
  return guarded([&]() -> int32_t {
    if (in->size != sizeof(usg_segment)) return USG_BAD_VERSION;
    if (in->col && !within(in->col, in->slots, in->sources)) return USG_BAD_INDEX;
    switch (in->dtype) {
      case USG_FLOAT64: return segments<double>(*in);
      case USG_FLOAT16: return segments<half>(*in);
      case USG_BFLOAT16: return segments<bfloat>(*in);
      default: return segments<float>(*in);
    }
  });
}

}  // namespace usg
