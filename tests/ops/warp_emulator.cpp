// The CUDA kernels on the host, warp after warp, behind the C interface of the CUDA library: what the tests compile.
#include <cstring>
#include <vector>

#include "warp_segment.hpp"
#include "warp_steps.hpp"

namespace {

struct Loop {
  template <class Kernel> void launch(const Kernel &kernel, int64_t warps, int64_t scratch, int) {
    for (int64_t warp = 0; warp < warps; warp++) {
      // What a warp finds in shared memory means nothing: NaN until it is written.
      std::vector<float> own(scratch + 1, __builtin_nanf(""));
      kernel(warp, own.data());
    }
  }
  int32_t status() const { return USG_OK; }
};

Loop loop;

// Nor does what lies in memory between the kernels.
void *forget(void *workspace, int64_t bytes) { return memset(workspace, 0xff, bytes); }

}  // namespace

extern "C" {
int64_t usg_cuda_graph_attention_bytes(const usg_attention *in) { return usg::attention_bytes(*in, false); }
int64_t usg_cuda_graph_attention_backward_bytes(const usg_attention *in) { return usg::attention_bytes(*in, true); }
int64_t usg_cuda_segment_reduce_bytes(const usg_segment *in) { return usg::segment_bytes(*in); }
int32_t usg_cuda_graph_attention(const usg_attention *in, void *workspace, void *) {
  return usg::attention_forward(*in, forget(workspace, usg::attention_bytes(*in, false)), loop);
}
int32_t usg_cuda_graph_attention_backward(const usg_attention *in, void *workspace, void *) {
  return usg::attention_backward(*in, forget(workspace, usg::attention_bytes(*in, true)), loop);
}
int32_t usg_cuda_segment_reduce(const usg_segment *in, void *workspace, void *) {
  return usg::segment_steps(*in, forget(workspace, usg::segment_bytes(*in)), loop);
}
const char *usg_source() { return "the host"; }
}
