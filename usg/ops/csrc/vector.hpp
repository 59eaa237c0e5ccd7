// Sixteen lanes at a time in the compiler's own vectors: one zmm, two ymm or four xmm registers as the level allows.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace usg {
namespace {

typedef float f16v __attribute__((vector_size(64)));
typedef double d16v __attribute__((vector_size(128)));
typedef float f8v __attribute__((vector_size(32)));
typedef double d8v __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef int32_t i32x8 __attribute__((vector_size(32)));

struct half { uint16_t bits; };
struct bfloat { uint16_t bits; };

// Wide: the type sums are kept in. V16, V8: vectors of it.
template <class A> struct Vectors;
template <> struct Vectors<float> { using V16 = f16v; using V8 = f8v; };
template <> struct Vectors<double> { using V16 = d16v; using V8 = d8v; };
template <class A> using V16 = typename Vectors<A>::V16;
template <class A> using V8 = typename Vectors<A>::V8;
template <class T> struct WideOf { using type = float; };
template <> struct WideOf<double> { using type = double; };
template <class T> using Wide = typename WideOf<T>::type;

template <class V, class P> inline V read(const P *p) { V x; std::memcpy(&x, p, sizeof x); return x; }
template <class V, class P> inline void write(P *p, V x) { std::memcpy(p, &x, sizeof x); }

// Half precision by hand where the processor has no instruction: the compiler's own helpers would need a recent libgcc.
inline float to_float(half x) {
#if defined(__F16C__)
  return _cvtsh_ss(x.bits);
#else
  // Exponent and fraction moved to their place are the value times 2^-112, for subnormal numbers too.
  uint32_t bits = uint32_t(x.bits & 0x7fff) << 13;
  float y;
  std::memcpy(&y, &bits, 4);
  y *= 0x1p112f;
  std::memcpy(&bits, &y, 4);
  if ((x.bits & 0x7c00) == 0x7c00) bits |= 0x7f800000;
  bits |= uint32_t(x.bits & 0x8000) << 16;
  std::memcpy(&y, &bits, 4);
  return y;
#endif
}
inline half to_half(float x) {
#if defined(__F16C__)
  return {uint16_t(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT))};
#else
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  const uint16_t sign = bits >> 16 & 0x8000;
  bits &= 0x7fffffff;
  if (bits >= 0x47800000) return {uint16_t(sign | (bits > 0x7f800000 ? 0x7e00 : 0x7c00))};  // 65536 and more, NaN
  if (bits < 0x38800000) {
    // Below 2^-14: added to 0.5, the bits of the subnormal result stand at the end, rounded.
    float y;
    std::memcpy(&y, &bits, 4);
    y += 0.5f;
    std::memcpy(&bits, &y, 4);
    return {uint16_t(sign | (bits - 0x3f000000))};
  }
  bits += 0xfff + (bits >> 13 & 1) - (112u << 23);
  return {uint16_t(sign | bits >> 13)};
#endif
}

inline f16v load16(const float *p) { return read<f16v>(p); }
inline d16v load16(const double *p) { return read<d16v>(p); }
inline f16v load16(const bfloat *p) {
  const u32x16 bits = __builtin_convertvector(read<u16x16>(p), u32x16) << 16;
  return read<f16v>(&bits);
}
inline f16v load16(const half *p) {
#if defined(__AVX512F__)
  return (f16v)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__F16C__)
  f16v x;
  _mm256_storeu_ps((float *)&x, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)));
  _mm256_storeu_ps((float *)&x + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1)));
  return x;
#else
  f16v x;
  for (int i = 0; i < 16; i++) x[i] = to_float(p[i]);
  return x;
#endif
}

inline void store16(float *p, f16v x) { write(p, x); }
inline void store16(double *p, d16v x) { write(p, x); }
inline void store16(bfloat *p, f16v x) {
  // Round to nearest, ties to even; a NaN must not round to infinity.
  const u32x16 bits = read<u32x16>(&x);
  const u32x16 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const u32x16 quiet = (bits >> 16) | 0x40u;
  write(p, __builtin_convertvector(x == x ? rounded : quiet, u16x16));
}
inline void store16(half *p, f16v x) {
#if defined(__AVX512F__)
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
  for (int i = 0; i < 2; i++)
    _mm_storeu_si128((__m128i *)p + i, _mm256_cvtps_ph(_mm256_loadu_ps((const float *)&x + 8 * i), _MM_FROUND_TO_NEAREST_INT));
#else
  for (int i = 0; i < 16; i++) p[i] = to_half(x[i]);
#endif
}

// A store that leaves no copy in the cache and reads no line first; `p` on a multiple of 64 bytes. See `fence`.
inline void stream16(float *p, f16v x) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, (__m512)x);
#elif defined(__x86_64__)
  for (int i = 0; i < 4; i++) _mm_stream_ps(p + 4 * i, _mm_loadu_ps((const float *)&x + 4 * i));
#else
  store16(p, x);
#endif
}

// The last vector of a row whose width is no multiple of 16: lanes from n on are 0 when read, untouched when written.
template <class T> inline V16<Wide<T>> load16(const T *p, int64_t n) {
  T part[16];
  std::memset(part, 0, sizeof part);
  std::memcpy(part, p, n * sizeof(T));
  return load16(part);
}
template <class T> inline void store16(T *p, V16<Wide<T>> x, int64_t n) {
  T part[16];
  store16(part, x);
  std::memcpy(p, part, n * sizeof(T));
}

template <class A> inline V16<A> all16(A s) { return V16<A>{} + s; }

// Eight vectors of sixteen partial sums to their eight totals: each step adds and interleaves, so that all shuffles but
// those of the first stay inside a register's quarters.
template <class A> inline V8<A> totals(const V16<A> *a) {
  V16<A> pairs[4], fours[2];
  const int first[4] = {0, 2, 1, 3};
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const V16<A> x = a[first[i]], y = a[first[i] + 4];
    pairs[i] = __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
               __builtin_shufflevector(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    const V16<A> x = pairs[2 * i], y = pairs[2 * i + 1];
    fours[i] = __builtin_shufflevector(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +
               __builtin_shufflevector(x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  }
  const V16<A> x = fours[0], y = fours[1];
  const V16<A> twos = __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
                      __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  return __builtin_shufflevector(twos, twos, 0, 2, 4, 6, 8, 10, 12, 14) +
         __builtin_shufflevector(twos, twos, 1, 3, 5, 7, 9, 11, 13, 15);
}

// e^x to 2 ulp for x in [-87.3, 88]; 0 below, NaN of NaN (the polynomial is that of Cephes' expf).
inline f8v exp8(f8v x) {
  const f8v low = f8v{} - 87.3f, high = f8v{} + 88.0f;
  const f8v y = x > high ? high : (x < low ? low : x);
  const f8v round = f8v{} + 12582912.0f;  // 1.5 * 2^23: adding it drops the fraction
  const f8v n = (y * 1.44269504f + round) - round;
  const f8v r = (y - n * 0.693359375f) + n * 2.12194440e-4f;
  f8v p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + (r + 1.0f);
  // Converting a NaN is undefined, so its exponent is taken from 0; the NaN itself comes through p.
  const i32x8 exponent = (__builtin_convertvector(n == n ? n : f8v{}, i32x8) + 127) << 23;
  return x < low ? f8v{} : p * read<f8v>(&exponent);
}
inline d8v exp8(d8v x) {
  d8v y;
  for (int i = 0; i < 8; i++) y[i] = std::exp(x[i]);
  return y;
}

}  // namespace
}  // namespace usg
