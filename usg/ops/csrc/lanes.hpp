// A warp's values, in one source for two machines: a lane value is a number on the GPU and 32 numbers on the host, so that
// the kernels' text is compiled by any C++ compiler and tested where there is no GPU.
//
// The rule that makes the two agree: what is branched on, and every loop bound, is the same in all lanes. Lanes that have
// nothing to do are masked: reads give them 0 and writes leave memory alone. What the host cannot show are races between
// warps, the launch itself, and misaligned addresses unless asserted here.
//
//   F, I, L, B   float, int32, int64, bool of each lane
#pragma once
#include <cstdint>
#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define USG_FN __device__ __forceinline__
#define USG_UNROLL _Pragma("unroll")
#else
#include <cassert>
#include <cmath>

#include "vector.hpp"
#define USG_FN inline
#define USG_UNROLL
#endif

namespace usg {
namespace {

constexpr float infinite = __builtin_huge_valf();

#if defined(__CUDACC__)

struct half { uint16_t bits; };
struct bfloat { uint16_t bits; };

using F = float;
using I = int32_t;
using L = int64_t;
using B = bool;

USG_FN I lane() { return threadIdx.x; }
USG_FN L longer(I x) { return x; }
USG_FN F decimal(I x) { return (float)x; }
template <class X> USG_FN X select(B on, X x, X y) { return on ? x : y; }
template <class X> USG_FN X from_xor(X x, int mask) { return __shfl_xor_sync(0xffffffffu, x, mask); }
template <class X> USG_FN X from_lane(X x, I source) { return __shfl_sync(0xffffffffu, x, source); }
USG_FN int largest(I x) { return __reduce_max_sync(0xffffffffu, x); }
USG_FN F larger(F x, F y) { return fmaxf(x, y); }
USG_FN F power(F x) { return exp2f(x); }
USG_FN F logarithm(F x) { return log2f(x); }

USG_FN float widen(float x) { return x; }
USG_FN float widen(half x) { return __half2float(__ushort_as_half(x.bits)); }
USG_FN float widen(bfloat x) { return __uint_as_float((uint32_t)x.bits << 16); }
USG_FN void narrow(float x, float &y) { y = x; }
USG_FN void narrow(float x, half &y) { y.bits = __half_as_ushort(__float2half_rn(x)); }
USG_FN void narrow(float x, bfloat &y) { y.bits = __bfloat16_as_ushort(__float2bfloat16_rn(x)); }

// Through the read-only path, which lets the compiler move a read before writes elsewhere: for memory that no lane of the
// same kernel writes.
USG_FN float fetch(const float *p) { return __ldg(p); }
USG_FN int32_t fetch(const int32_t *p) { return __ldg(p); }
USG_FN int64_t fetch(const int64_t *p) { return __ldg((const long long *)p); }
USG_FN float fetch(const half *p) { return widen(half{__ldg((const unsigned short *)p)}); }
USG_FN float fetch(const bfloat *p) { return widen(bfloat{__ldg((const unsigned short *)p)}); }

template <class T> USG_FN auto read(const T *p, L at, B on) -> decltype(fetch(p)) {
  return on ? fetch(p + at) : decltype(fetch(p))(0);
}
template <class T> USG_FN void write(T *p, L at, F x, B on) {
  if (on) narrow(x, p[at]);
}
USG_FN void write(int64_t *p, L at, I x, B on) {
  if (on) p[at] = x;
}
USG_FN void write(int32_t *p, L at, I x, B on) {
  if (on) p[at] = x;
}

// 16 bytes at a time.
template <int W> USG_FN void read_vector(const float *p, L at, B on, F (&x)[W]) {
  USG_UNROLL for (int i = 0; i < W; i += 4) {
    float4 y = make_float4(0, 0, 0, 0);
    if (on) y = __ldg((const float4 *)(p + at + i));
    x[i] = y.x, x[i + 1] = y.y, x[i + 2] = y.z, x[i + 3] = y.w;
  }
}
template <int W, class T> USG_FN void read_vector(const T *p, L at, B on, F (&x)[W]) {
  static_assert(W == 8 && sizeof(T) == 2, "16 bytes");
  uint4 y = make_uint4(0, 0, 0, 0);
  if (on) y = __ldg((const uint4 *)(p + at));
  const uint32_t words[4] = {y.x, y.y, y.z, y.w};
  USG_UNROLL for (int i = 0; i < 8; i++) x[i] = widen(T{(uint16_t)(words[i / 2] >> (i % 2 * 16))});
}
template <int W> USG_FN void write_vector(float *p, L at, const F (&x)[W], B on) {
  USG_UNROLL for (int i = 0; i < W; i += 4)
    if (on) *(float4 *)(p + at + i) = make_float4(x[i], x[i + 1], x[i + 2], x[i + 3]);
}
template <int W, class T> USG_FN void write_vector(T *p, L at, const F (&x)[W], B on) {
  static_assert(W == 8 && sizeof(T) == 2, "16 bytes");
  uint32_t words[4];
  USG_UNROLL for (int i = 0; i < 4; i++) {
    T low, high;
    narrow(x[2 * i], low), narrow(x[2 * i + 1], high);
    words[i] = (uint32_t)low.bits | (uint32_t)high.bits << 16;
  }
  if (on) *(uint4 *)(p + at) = make_uint4(words[0], words[1], words[2], words[3]);
}

// Added to what other warps add to as well, in any order.
USG_FN void add_atomically(float *p, L at, F x, B on) {
  if (on) atomicAdd(p + at, x);
}
template <int W> USG_FN void add_vector_atomically(float *p, L at, const F (&x)[W], B on) {
  USG_UNROLL for (int i = 0; i < W; i += 4) {
#if __CUDA_ARCH__ >= 900 && CUDART_VERSION >= 12010
    // As atomicAdd of a float4, which gives back what was there.
    if (on)
      asm volatile("red.relaxed.gpu.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(p + at + i)),
                   "f"(x[i]), "f"(x[i + 1]), "f"(x[i + 2]), "f"(x[i + 3])
                   : "memory");
#else
    USG_UNROLL for (int k = i; k < i + 4; k++) add_atomically(p, at + k, x[k], on);
#endif
  }
}

// Scratch memory of the warp: entry (i, lane) belongs to that lane alone. Shared or global memory.
template <int W> USG_FN void read_own(const float *p, I i, F (&x)[W]) {
  if constexpr (W % 4 == 0) {
    USG_UNROLL for (int k = 0; k < W; k += 4) {
      const float4 y = *(const float4 *)(p + (longer(i) * 32 + lane()) * W + k);
      x[k] = y.x, x[k + 1] = y.y, x[k + 2] = y.z, x[k + 3] = y.w;
    }
  } else {
    USG_UNROLL for (int k = 0; k < W; k++) x[k] = p[(longer(i) * 32 + lane()) * W + k];
  }
}
template <int W> USG_FN void write_own(float *p, I i, const F (&x)[W]) {
  if constexpr (W % 4 == 0) {
    USG_UNROLL for (int k = 0; k < W; k += 4)
      *(float4 *)(p + (longer(i) * 32 + lane()) * W + k) = make_float4(x[k], x[k + 1], x[k + 2], x[k + 3]);
  } else {
    USG_UNROLL for (int k = 0; k < W; k++) p[(longer(i) * 32 + lane()) * W + k] = x[k];
  }
}

#else

template <class T> struct Lanes {
  T v[32];
  Lanes() = default;
  Lanes(T x) {
    for (T &y : v) y = x;
  }
#define USG_OPERATOR(sign)                                          \
  friend Lanes operator sign(const Lanes &x, const Lanes &y) {      \
    Lanes z;                                                        \
    for (int i = 0; i < 32; i++) z.v[i] = T(x.v[i] sign y.v[i]);    \
    return z;                                                       \
  }
#define USG_COMPARISON(sign)                                             \
  friend Lanes<bool> operator sign(const Lanes &x, const Lanes &y) {     \
    Lanes<bool> z;                                                       \
    for (int i = 0; i < 32; i++) z.v[i] = x.v[i] sign y.v[i];            \
    return z;                                                            \
  }
  USG_OPERATOR(+) USG_OPERATOR(-) USG_OPERATOR(*) USG_OPERATOR(/)
  USG_COMPARISON(<) USG_COMPARISON(<=) USG_COMPARISON(>) USG_COMPARISON(>=) USG_COMPARISON(==) USG_COMPARISON(!=)
  Lanes &operator+=(const Lanes &x) { return *this = *this + x; }
  Lanes &operator*=(const Lanes &x) { return *this = *this * x; }
};
using F = Lanes<float>;
using I = Lanes<int32_t>;
using L = Lanes<int64_t>;
using B = Lanes<bool>;
#define USG_BITS(type, sign)                                    \
  inline type operator sign(const type &x, const type &y) {     \
    type z;                                                     \
    for (int i = 0; i < 32; i++) z.v[i] = x.v[i] sign y.v[i];   \
    return z;                                                   \
  }
USG_BITS(B, &) USG_BITS(B, |) USG_BITS(I, &) USG_BITS(I, |) USG_BITS(I, >>) USG_BITS(I, <<)
#undef USG_OPERATOR
#undef USG_COMPARISON
#undef USG_BITS

template <class X, class G> inline X each(G g) {
  X x;
  for (int i = 0; i < 32; i++) x.v[i] = g(i);
  return x;
}
inline B operator!(const B &x) { return each<B>([&](int i) { return !x.v[i]; }); }
inline I lane() { return each<I>([](int i) { return i; }); }
inline L longer(const I &x) { return each<L>([&](int i) { return x.v[i]; }); }
inline F decimal(const I &x) { return each<F>([&](int i) { return float(x.v[i]); }); }
template <class X> inline X select(const B &on, const X &x, const X &y) {
  return each<X>([&](int i) { return on.v[i] ? x.v[i] : y.v[i]; });
}
template <class X> inline X from_xor(const X &x, int mask) { return each<X>([&](int i) { return x.v[i ^ mask]; }); }
template <class X> inline X from_lane(const X &x, const I &source) {
  return each<X>([&](int i) { return x.v[source.v[i] & 31]; });
}
inline int largest(const I &x) {
  int most = x.v[0];
  for (int y : x.v) most = std::max(most, y);
  return most;
}
inline F larger(const F &x, const F &y) { return each<F>([&](int i) { return std::fmax(x.v[i], y.v[i]); }); }
inline F power(const F &x) { return each<F>([&](int i) { return std::exp2(x.v[i]); }); }
inline F logarithm(const F &x) { return each<F>([&](int i) { return std::log2(x.v[i]); }); }

inline float fetch(const float *p) { return *p; }
inline int32_t fetch(const int32_t *p) { return *p; }
inline int64_t fetch(const int64_t *p) { return *p; }
inline float fetch(const half *p) { return to_float(*p); }
inline float fetch(const bfloat *p) {
  const uint32_t bits = uint32_t(p->bits) << 16;
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
inline void narrow(float x, float &y) { y = x; }
inline void narrow(float x, half &y) { y = to_half(x); }
inline void narrow(float x, bfloat &y) { store16(&y, all16<float>(x), 1); }

template <class T> inline auto read(const T *p, const L &at, const B &on) -> Lanes<decltype(fetch(p))> {
  return each<Lanes<decltype(fetch(p))>>([&](int i) { return on.v[i] ? fetch(p + at.v[i]) : decltype(fetch(p))(0); });
}
template <class T> inline void write(T *p, const L &at, const F &x, const B &on) {
  for (int i = 0; i < 32; i++)
    if (on.v[i]) narrow(x.v[i], p[at.v[i]]);
}
template <class N> inline void write(N *p, const L &at, const I &x, const B &on) {
  for (int i = 0; i < 32; i++)
    if (on.v[i]) p[at.v[i]] = x.v[i];
}
template <int W, class T> inline void read_vector(const T *p, const L &at, const B &on, F (&x)[W]) {
  for (int i = 0; i < 32; i++) assert(!on.v[i] || uintptr_t(p + at.v[i]) % 16 == 0);
  for (int k = 0; k < W; k++) x[k] = read(p, at + L(k), on);
}
template <int W, class T> inline void write_vector(T *p, const L &at, const F (&x)[W], const B &on) {
  for (int i = 0; i < 32; i++) assert(!on.v[i] || uintptr_t(p + at.v[i]) % 16 == 0);
  for (int k = 0; k < W; k++) write(p, at + L(k), x[k], on);
}
inline void add_atomically(float *p, const L &at, const F &x, const B &on) {
  for (int i = 0; i < 32; i++)
    if (on.v[i]) p[at.v[i]] += x.v[i];
}
template <int W> inline void add_vector_atomically(float *p, const L &at, const F (&x)[W], const B &on) {
  for (int i = 0; i < 32; i++) assert(!on.v[i] || uintptr_t(p + at.v[i]) % 16 == 0);
  for (int k = 0; k < W; k++) add_atomically(p, at + L(k), x[k], on);
}
template <int W> inline void read_own(const float *p, const I &i, F (&x)[W]) {
  for (int k = 0; k < W; k++) x[k] = read(p, (longer(i) * 32 + longer(lane())) * W + k, B(true));
}
template <int W> inline void write_own(float *p, const I &i, const F (&x)[W]) {
  for (int k = 0; k < W; k++) write(p, (longer(i) * 32 + longer(lane())) * W + k, x[k], B(true));
}

#endif

// Index arithmetic of whole warps.
template <class X> USG_FN X least(X x, X y) { return select(x < y, x, y); }
USG_FN I within(I x, int size) { return select(x < I(0), I(0), select(x > I(size), I(size), x)); }

constexpr int log2_of(int x) { return x <= 1 ? 0 : 1 + log2_of(x / 2); }

}  // namespace
}  // namespace usg
