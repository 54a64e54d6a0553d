/** The worker of a study: carries out run folders for the executor that started it. */
import { serve } from '../executors/serve.js';
import { carryOutFolder } from './carry-out.js';

serve(async ({ folder, threads }, report, signal) => {
  await carryOutFolder(folder, {
    signal,
    ...(threads !== undefined && { threads }),
    onReport: (each) => report({ ...each }),
  });
});
