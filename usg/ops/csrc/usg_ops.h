// The C interface of the kernels: pointers and sizes, nothing of torch or Python, so that one binary serves every version
// of both. usg/ops/native.py mirrors the two structs; `size` tells when the mirror is of another version. The library for
// the CPU and that for CUDA take the same structs.
//
// Letters: n targets, m sources, e edges, H heads, D width of a head, T edge types, a attributes.
// "wide" is the type sums are kept in: double for doubles, float for all else.
#pragma once
#include <cstdint>

enum usg_dtype : int32_t { USG_FLOAT32, USG_FLOAT64, USG_FLOAT16, USG_BFLOAT16 };

enum usg_status : int32_t {
  USG_OK,
  USG_BAD_VERSION,   // the caller's struct is of another size
  USG_BAD_POINTER,   // a row pointer does not rise from 0 to the number of slots
  USG_BAD_INDEX,     // a source, target or position is out of range
  USG_BAD_TYPE,      // an edge type is outside the tables
  USG_NO_MEMORY,
  USG_UNSUPPORTED,   // CUDA: a type, width or number of edges that has no kernel
  USG_CUDA = 1000,   // and more: what the CUDA runtime said
};

struct usg_attention {
  int64_t size;  // sizeof(usg_attention)
  int32_t dtype;  // of q, k, v, grad, out, dq, dk, dv; everything else floating is wide
  int32_t threads;
  int64_t targets, sources, edges, heads, width, types, attributes;
  const void *q, *k, *v, *grad;  // (n|m, H, D), heads and width contiguous
  int64_t q_row, k_row, v_row, grad_row;  // elements from one row to the next
  const void *key_table, *value_table, *bias;  // (T, H, D), (T, H, D), (T, H)
  const void *edge_attr, *key_proj, *value_proj;  // (e, a), (a, H, D), (a, H, D), or null
  const int32_t *rowptr, *col, *row_index;  // (n + 1,), (e,), (e,); the last for CUDA only
  const int32_t *colptr, *row, *position;  // (m + 1,), (e,), (e,); backward only
  const void *edge_type;  // (e,) int64 where edge_type_is_wide, else int32
  int64_t edge_type_is_wide;
  const float *keep;  // (H, e) factors of the attention weights, or null
  // (n, H, D). Backward: null, or what forward gave; then dk and dv may be added up in any order (CUDA; the CPU does not).
  void *out;
  void *log_sum;  // (H, n) wide: written forward, read backward
  void *dq, *dk, *dv;  // heads and width contiguous
  int64_t dq_row, dk_row, dv_row;
  void *dkey_table, *dvalue_table, *dbias, *dedge_attr, *dkey_proj, *dvalue_proj;  // wide; dedge_attr may be null
};

enum usg_segment_op : int32_t {
  USG_SUM,               // values (e, c) -> out (n, c)
  USG_MAX,               // values (e, c) -> out (n, c) and slot (n, c): the first slot of the maximum, e for an empty row
  USG_SOFTMAX,           // values (e, c) -> out (e, c)
  USG_SOFTMAX_BACKWARD,  // values = probabilities (e, c), other = their gradient (e, c) -> out (e, c)
  USG_GATHER,            // values (n, c) -> out (e, c)
  USG_WEIGHTED_SUM,      // values (m, c), other = weight (e,) or null, col -> out (n, c)
  USG_DOT,               // other (n, c), values (m, c), col -> out (e,)
};

struct usg_segment {
  int64_t size;  // sizeof(usg_segment)
  int32_t op, dtype, threads, rowptr_is_wide;
  int64_t rows, sources, slots, columns;  // n, m, e, c
  const void *values, *other;
  const void *rowptr;  // (n + 1,) int64 where rowptr_is_wide, else int32
  const int32_t *col;
  void *out;
  int64_t *slot;
};

// The CUDA functions launch on `stream`, allocate nothing and never wait, so they can be captured in a CUDA graph. Memory
// between kernels is `workspace`, on the device, at a multiple of 256 bytes, of the size that ..._bytes says. Values
// of indices are not checked there: one out of range is read as another, and its row becomes NaN; so does a slot that no
// row holds, where the op writes slot by slot.
#define USG_EXPORT __attribute__((visibility("default")))
extern "C" {
USG_EXPORT int32_t usg_graph_attention(const usg_attention *);
USG_EXPORT int32_t usg_graph_attention_backward(const usg_attention *);
USG_EXPORT int32_t usg_segment_reduce(const usg_segment *);
USG_EXPORT int64_t usg_cuda_graph_attention_bytes(const usg_attention *);
USG_EXPORT int32_t usg_cuda_graph_attention(const usg_attention *, void *workspace, void *stream);
USG_EXPORT int64_t usg_cuda_graph_attention_backward_bytes(const usg_attention *);
USG_EXPORT int32_t usg_cuda_graph_attention_backward(const usg_attention *, void *workspace, void *stream);
USG_EXPORT int64_t usg_cuda_segment_reduce_bytes(const usg_segment *);
USG_EXPORT int32_t usg_cuda_segment_reduce(const usg_segment *, void *workspace, void *stream);
USG_EXPORT const char *usg_level();   // the instruction set in use, such as "x86-64-v4"
USG_EXPORT const char *usg_source();  // hash of the sources this was built from
}
