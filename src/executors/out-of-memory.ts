/** What the want of memory sounds like: V8, the C++ library, ONNX Runtime and its GPU providers each say it in words of their own. */

const WORDS =
  /heap out of memory|bad_alloc|failed to allocate|array buffer allocation failed|out of (device |host )?memory|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED/i;

/** Whether a message tells that memory could not be had. */
export function tellsOfNoMemory(message: string): boolean {
  return WORDS.test(message);
}
