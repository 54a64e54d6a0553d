import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { engineSuite } from './engine-suite.js';

engineSuite('onnxruntime-cpu', () => onnxRuntimeEngine({ device: 'cpu', threads: 1 }), {
  tolerance: 1e-5,
  repeatable: true,
});
