// The C interface: picks the code for this processor when the library is loaded.
#include "usg_ops.h"

namespace usg {
template <int level> int32_t forward(const usg_attention *);
template <int level> int32_t backward(const usg_attention *);
template <int level> int32_t segment(const usg_segment *);

namespace {

struct Level {
  const char *name;
  int32_t (*forward)(const usg_attention *);
  int32_t (*backward)(const usg_attention *);
  int32_t (*segment)(const usg_segment *);
};

Level choose() {
#if defined(__x86_64__)
  __builtin_cpu_init();
#ifdef USG_HAS_4
  if (__builtin_cpu_supports("x86-64-v4")) return {"x86-64-v4", forward<4>, backward<4>, segment<4>};
#endif
#ifdef USG_HAS_3
  if (__builtin_cpu_supports("x86-64-v3")) return {"x86-64-v3", forward<3>, backward<3>, segment<3>};
#endif
#ifdef USG_HAS_2
  if (__builtin_cpu_supports("x86-64-v2")) return {"x86-64-v2", forward<2>, backward<2>, segment<2>};
#endif
  return {"", nullptr, nullptr, nullptr};
#else
  return {"common", forward<0>, backward<0>, segment<0>};
#endif
}

const Level level = choose();

}  // namespace
}  // namespace usg

extern "C" {
int32_t usg_graph_attention(const usg_attention *in) { return usg::level.forward(in); }
int32_t usg_graph_attention_backward(const usg_attention *in) { return usg::level.backward(in); }
int32_t usg_segment_reduce(const usg_segment *in) { return usg::level.segment(in); }
const char *usg_level() { return usg::level.name; }
const char *usg_source() { return USG_SOURCE; }
}
