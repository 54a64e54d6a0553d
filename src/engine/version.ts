/** What computes on our own engine: ONNX Runtime and its version. */
import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };

/** As it stands in identities: `onnxruntime 1.30.0`. */
export const ENGINE_VERSION = `onnxruntime ${version}`;
