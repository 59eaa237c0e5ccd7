// Launches of the steps in warp_steps.hpp and warp_segment.hpp on a CUDA stream.
#pragma once
#include <cuda_runtime.h>

#include "usg_ops.h"

namespace usg {
namespace {

template <class Kernel> __global__ void __launch_bounds__(128, 4) run_warps(const __grid_constant__ Kernel kernel, int64_t warps, int scratch) {
  extern __shared__ float4 shared[];  // of the alignment that 16-byte reads need
  const int64_t warp = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  if (warp < warps) kernel(warp, (float *)shared + threadIdx.y * scratch);
}

class Stream {
 public:
  explicit Stream(void *stream) : stream_((cudaStream_t)stream) {}

  // Nothing is launched behind a launch that failed.
  template <class Kernel> void launch(const Kernel &kernel, int64_t warps, int64_t scratch, int per_block) {
    if (warps == 0 || error_ != cudaSuccess) return;
    const int64_t blocks = (warps + per_block - 1) / per_block, bytes = scratch * per_block * sizeof(float);
    if (blocks > INT32_MAX) {
      error_ = cudaErrorInvalidConfiguration;
      return;
    }
    // More than 48 KiB of shared memory must be asked for; a setting of the function, not an operation of the stream.
    if (bytes > (48 << 10))
      error_ = cudaFuncSetAttribute(run_warps<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes);
    if (error_ != cudaSuccess) return;
    run_warps<Kernel><<<(unsigned)blocks, dim3(32, per_block), (size_t)bytes, stream_>>>(kernel, warps, (int)scratch);
    error_ = cudaGetLastError();
  }
  int32_t status() const { return error_ == cudaSuccess ? USG_OK : USG_CUDA + (int32_t)error_; }

 private:
  cudaStream_t stream_;
  cudaError_t error_ = cudaSuccess;
};

}  // namespace
}  // namespace usg
