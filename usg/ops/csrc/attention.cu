// The C interface of graph attention on CUDA.
#include "cuda_launch.hpp"
#include "warp_steps.hpp"

extern "C" {
int64_t usg_cuda_graph_attention_bytes(const usg_attention *in) { return usg::attention_bytes(*in, false); }
int64_t usg_cuda_graph_attention_backward_bytes(const usg_attention *in) { return usg::attention_bytes(*in, true); }
int32_t usg_cuda_graph_attention(const usg_attention *in, void *workspace, void *stream) {
  usg::Stream run(stream);
  return usg::attention_forward(*in, workspace, run);
}
int32_t usg_cuda_graph_attention_backward(const usg_attention *in, void *workspace, void *stream) {
  usg::Stream run(stream);
  return usg::attention_backward(*in, workspace, run);
}
const char *usg_source() { return USG_SOURCE; }
}
