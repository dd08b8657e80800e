// The two types of CUDA's that DALI's C interface speaks of, so that nothing of CUDA is needed to build.
#pragma once

#include <stddef.h>

typedef struct CUstream_st* cudaStream_t;  // NOLINT(modernize-use-using): also for C
typedef struct CUevent_st* cudaEvent_t;    // NOLINT(modernize-use-using)
