// A batching strategy in plain C: two requests make a batch, however large.
#include <stdbool.h>
#include <stdlib.h>

#include "triton/core/tritonbackend.h"

// What the model's batcher and one batch are, behind the handles.
typedef struct Batcher {
  unsigned requests_a_batch;
} Batcher;
typedef struct Batch {
  unsigned room;
} Batch;

static TRITONSERVER_Error* NoMemory(void) {
  return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "pairs: no memory");
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_ModelBatcherInitialize(TRITONBACKEND_Batcher** batcher,
                                                                             TRITONBACKEND_Model* model) {
  (void)model;
  Batcher* const made = malloc(sizeof(*made));
  if (made == NULL) return NoMemory();
  made->requests_a_batch = 2;
  *batcher = (TRITONBACKEND_Batcher*)made;
  return NULL;
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_ModelBatcherFinalize(TRITONBACKEND_Batcher* batcher) {
  free(batcher);
  return NULL;
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_ModelBatchInitialize(const TRITONBACKEND_Batcher* batcher,
                                                                           void** userp) {
  Batch* const batch = malloc(sizeof(*batch));
  if (batch == NULL) return NoMemory();
  batch->room = ((const Batcher*)batcher)->requests_a_batch;
  *userp = batch;
  return NULL;
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_ModelBatchIncludeRequest(TRITONBACKEND_Request* request,
                                                                               void* userp, bool* should_include) {
  (void)request;
  Batch* const batch = userp;
  *should_include = batch->room > 0;
  if (*should_include) --batch->room;
  return NULL;
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_ModelBatchFinalize(void* userp) {
  free(userp);
  return NULL;
}
