import { inlineExecutor } from '../../src/executors/inline.js';
import { executorSuite, WORKER } from './suite.js';

executorSuite('inline', () => inlineExecutor(WORKER));
