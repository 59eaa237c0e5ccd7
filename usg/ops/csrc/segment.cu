// The C interface of the segment ops on CUDA.
#include "cuda_launch.hpp"
#include "warp_segment.hpp"

extern "C" {
int64_t usg_cuda_segment_reduce_bytes(const usg_segment *in) { return usg::segment_bytes(*in); }
int32_t usg_cuda_segment_reduce(const usg_segment *in, void *workspace, void *stream) {
  usg::Stream run(stream);
  return usg::segment_steps(*in, workspace, run);
}
}
