/** The worker of a study: carries out run folders for the executor that started it. */
import { serve } from '../executors/serve.js';
import { carryOutFolder } from './carry-out.js';

serve(({ folder, threads, failure }, report, signal) =>
  carryOutFolder(folder, {
    ...{ signal, patienceMs: 0 },
    ...(failure !== undefined && { failure }),
    ...(threads !== undefined && { threads }),
    onReport: (each) => report({ ...each }),
  }),
);
