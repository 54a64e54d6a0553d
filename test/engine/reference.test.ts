import { referenceEngine } from '../../src/engine/reference.js';
import { engineSuite } from './engine-suite.js';

// Its own results rounded to f32; what its operations compute is checked against PyTorch in test/compiler/golden.test.ts.
engineSuite('reference', referenceEngine, { tolerance: 1e-7, repeatable: true });
