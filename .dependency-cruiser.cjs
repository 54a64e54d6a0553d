// Who may import whom: imports run one way, and never in a circle (docs/architecture.md).
const rooms = {
  core: [],
  files: ['core'],
  text: [],
  data: ['core', 'files'],
  llm: ['core', 'files', 'text'],
  compiler: ['core'],
  engine: ['core', 'compiler'],
  models: ['core', 'files', 'compiler', 'engine'],
  generate: ['core', 'text', 'compiler', 'engine', 'models', 'llm'],
  train: ['core', 'files', 'compiler', 'engine', 'models'],
  audit: ['core', 'text', 'models'],
  compress: ['core', 'files', 'text', 'generate', 'llm', 'audit', 'models'],
  evaluate: ['core', 'files', 'text', 'engine', 'generate', 'llm', 'models'],
  executors: ['core'],
  study: [
    'core',
    'files',
    'data',
    'compress',
    'audit',
    'train',
    'evaluate',
    'executors',
    'models',
    'engine',
    'llm',
    'analysis',
    'report',
  ],
  analysis: ['core'],
  report: ['core', 'text', 'analysis'],
  api: ['core', 'data', 'llm', 'compress', 'audit', 'train', 'evaluate', 'models', 'study', 'analysis', 'report'],
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-cli',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports`,
      comment: `src/${room} may import ${allowed.length ? allowed.join(', ') : 'nothing of ours'}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
