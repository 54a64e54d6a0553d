/** Messages by which running out of memory is known: V8, the C++ library, ONNX Runtime and its GPU providers each have words of their own. */

const WORDS =
  /heap out of memory|bad_alloc|failed to allocate|array buffer allocation failed|out of (device |host )?memory|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED/i;

/** Whether an error message means that memory could not be had. */
export function isOutOfMemoryMessage(message: string): boolean {
  return WORDS.test(message);
}
