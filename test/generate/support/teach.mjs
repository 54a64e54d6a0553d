// FOLDER: asks the bundled base, which reads six texts, for the labels of their answers, kept in FOLDER; prints their hash.
const dist = (path) => import(new URL(`../../../dist/${path}`, import.meta.url).href);
const { hashJson } = await dist('core/hash.js');
const { trainingSamples } = await dist('core/samples.js');
const { generateWorld } = await dist('data/world/generate.js');
const { teacherLabels } = await dist('generate/teacher-labels.js');
const { bundledModelPath, loadModel } = await dist('models/load.js');

const items = generateWorld({ kind: 'articles', seed: 1, items: 6, partition: 'study' });
const labels = await teacherLabels(trainingSamples(items, 'original'), {
  ...{ model: loadModel(bundledModelPath()), folder: process.argv[2], limit: 400, threads: 1 },
});
process.stdout.write(hashJson([...labels]));
