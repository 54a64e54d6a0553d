/** Small graphs that exercise every operation: what the tests of values, gradients and engines loop over. */
import type { Builder } from '../../src/compiler/builder.js';
import type { Shape } from '../../src/compiler/dims.js';
import { dimOf, type DataType, type Op, type Value } from '../../src/compiler/ir.js';

/** How an input's values are drawn. */
export interface InputSpec {
  readonly type: DataType;
  readonly shape: Shape;
  /** Floats: normal; `positive`: 0.5 to 2. Integers: 0 to `below` − 1, or `values` as they are. */
  readonly positive?: boolean;
  readonly below?: number;
  readonly values?: readonly number[];
  /** Not to be differentiated by. */
  readonly frozen?: boolean;
}

export interface Case {
  /** `Op: what is special`; unique. */
  readonly name: string;
  readonly ops: readonly Op[];
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly sizes: Readonly<Record<string, number>>;
  /** Without a gradient, for the reason given. */
  readonly noGradient?: string;
  /** Its values are rounded, so that differences tell no gradient; a test of its own does. */
  readonly isRounded?: boolean;
  readonly build: (b: Builder, inputs: Inputs) => Value | readonly Value[];
}

/** A case's inputs as values of a graph, by the names of its specs. */
export type Inputs = (name: string) => Value;

export const normal = (...shape: Shape): InputSpec => ({ type: 'float32', shape });
const positive = (...shape: Shape): InputSpec => ({ type: 'float32', shape, positive: true });
const below = (limit: number, ...shape: Shape): InputSpec => ({ type: 'int64', shape, below: limit });
const listed = (values: readonly number[], shape: Shape = [values.length]): InputSpec => ({
  type: 'int64',
  shape,
  values,
});
const frozen = (spec: InputSpec): InputSpec => ({ ...spec, frozen: true });

const NO_RULE = 'no rule: put in after gradients are taken';

/** Sizes of the symbols that cases use; different from each other and from most fixed sizes. */
const SIZES = { B: 2, S: 3, P: 2, M: 4, T: 5 };

type Build = Case['build'];

interface Extra {
  readonly ops?: readonly Op[];
  readonly noGradient?: string;
  readonly isRounded?: boolean;
  readonly sizes?: Readonly<Record<string, number>>;
}

function one(op: Op, what: string, inputs: Case['inputs'], build: Build, extra: Extra = {}): Case {
  return { name: `${op}: ${what}`, ops: [op], sizes: SIZES, inputs, build, ...extra };
}

function composite(what: string, ops: readonly Op[], inputs: Case['inputs'], build: Build): Case {
  return { name: what, ops, sizes: SIZES, inputs, build };
}

const PAIRS: readonly (readonly [string, Shape, Shape])[] = [
  ['equal shapes', [2, 3], [2, 3]],
  ['a row', [2, 3], [3]],
  ['a row on the left', [3], [2, 3]],
  ['a column', [2, 3], [2, 1]],
  ['both sides stretched', [2, 1, 3], [4, 1]],
  ['a scalar', [2, 3], []],
  ['two scalars', [], []],
  ['axes of size 1', [1, 1], [1]],
  ['a middle axis', [2, 3, 2], [2, 1, 2]],
  ['a symbolic batch', ['B', 3], [3]],
  ['symbolic axes stretched', ['B', 'S', 2], ['B', 1, 1]],
];

function elementwise(op: 'Add' | 'Sub' | 'Mul' | 'Div'): Case[] {
  return PAIRS.map(([what, a, c]) =>
    one(op, what, { a: normal(...a), c: positive(...c) }, (b, of) => b.op(op, [of('a'), of('c')], {})),
  );
}

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['a matrix', [2, 3]],
  ['a scalar', []],
  ['one element', [1]],
  ['symbolic sizes', ['B', 'S']],
];

function unary(op: 'Abs' | 'Neg' | 'Exp' | 'Log' | 'Sigmoid'): Case[] {
  const spec = op === 'Log' ? positive : normal;
  const extra = op === 'Abs' ? { noGradient: NO_RULE } : {};
  return SHAPES.map(([what, shape]) => one(op, what, { x: spec(...shape) }, (b, of) => b.op(op, [of('x')], {}), extra));
}

const quickGelu = [1, 1.702].flatMap((alpha) =>
  SHAPES.map(([what, shape]) =>
    one('QuickGelu', `alpha ${alpha}, ${what}`, { x: normal(...shape) }, (b, of) =>
      b.op('QuickGelu', [of('x')], { alpha }),
    ),
  ),
);

const PRODUCTS: readonly (readonly [string, Shape, Shape])[] = [
  ['matrices', [2, 3], [3, 4]],
  ['axes of size 1', [1, 1], [1, 1]],
  ['a row and a column', [1, 3], [3, 1]],
  ['batches', [2, 2, 3], [2, 3, 4]],
  ['one matrix for a batch', [2, 2, 3], [3, 4]],
  ['one matrix for a batch, on the left', [2, 3], [2, 3, 4]],
  ['batches stretched on both sides', [2, 1, 2, 3], [3, 3, 2]],
  ['a symbolic batch', ['B', 'S', 3], [3, 2]],
  ['symbolic batch and inner size', ['B', 2, 3, 'S'], ['B', 2, 'S', 3]],
];

const matmul = PRODUCTS.map(([what, a, c]) =>
  one('MatMul', what, { a: normal(...a), c: normal(...c) }, (b, of) => b.matmul(of('a'), of('c'))),
);

const gemm = [false, true].flatMap((transA) =>
  [false, true].flatMap((transB) =>
    [1, -0.5].map((alpha) => {
      const a = transA ? normal(3, 'T') : normal('T', 3);
      const c = transB ? normal(2, 3) : normal(3, 2);
      const what = `transA ${transA}, transB ${transB}, alpha ${alpha}`;
      return one('Gemm', what, { a, c }, (b, of) => b.gemm(of('a'), of('c'), { transA, transB, alpha }));
    }),
  ),
);

const fused: Case[] = [
  [true, false],
  [false, true],
  [true, true],
].map(([transA = false, transB = false]) =>
  one(
    'FusedMatMul',
    `transA ${transA}, transB ${transB}`,
    {
      a: transA ? normal('B', 3, 'S') : normal('B', 'S', 3),
      c: transB ? normal('B', 2, 3) : normal('B', 3, 2),
    },
    (b, of) => b.op('FusedMatMul', [of('a'), of('c')], { transA, transB }),
    { noGradient: NO_RULE },
  ),
);

const addends: Case[] = [
  one('Gemm', 'with an addend', { a: normal('T', 3), c: normal(4, 3), d: normal('T', 4) }, (b, of) =>
    b.gemm(of('a'), of('c'), { transB: true, alpha: 0.5 }, of('d')),
  ),
  one('Gemm', 'a thin one, as tall as a gradient of LoRA’s B', { a: normal('T', 6), c: normal('T', 2) }, (b, of) =>
    b.gemm(of('a'), of('c'), { transA: true, alpha: 2 }),
  ),
  {
    name: 'a sum of products and other values',
    ops: ['Gemm', 'Add'],
    sizes: SIZES,
    inputs: { x: normal('T', 3), u: normal(3, 2), v: normal(3, 2), y: normal('T', 2) },
    build: (b, of) => {
      const [left, right] = [b.gemm(of('x'), of('u')), b.gemm(of('x'), of('v'), { alpha: 3 })];
      return b.add(b.add(left, of('y')), b.add(right, b.mul(of('y'), of('y'))));
    },
  },
];

const PERMUTATIONS: readonly (readonly [Shape, readonly number[]])[] = [
  [
    [2, 3],
    [1, 0],
  ],
  [
    [1, 3],
    [1, 0],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    ['B', 'S', 2, 3],
    [0, 2, 1, 3],
  ],
  [
    ['B', 2, 'S', 3],
    [0, 1, 3, 2],
  ],
];

const transpose = PERMUTATIONS.map(([shape, perm]) =>
  one('Transpose', `[${shape.join(', ')}] by ${perm.join(' ')}`, { x: normal(...shape) }, (b, of) =>
    b.transpose(of('x'), perm),
  ),
);

const FORMS: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 6],
    [3, 4],
  ],
  [[1, 1], []],
  [[3], [1, 3, 1]],
  [
    ['B', 'S', 4],
    ['B*S', 4],
  ],
  [
    ['B', 'S', 4],
    ['B', 'S', 2, 2],
  ],
  [
    ['B', 2, 'S', 3],
    ['B', '2*S', 3],
  ],
];

const reshape = FORMS.map(([from, to]) =>
  one('Reshape', `[${from.join(', ')}] to [${to.join(', ')}]`, { x: normal(...from) }, (b, of) =>
    b.op('Reshape', [of('x')], { shape: to }),
  ),
);

const expand: Case[] = [
  ...(
    [
      [[3], [2, 3]],
      [
        [2, 1],
        [2, 4],
      ],
      [[], [2, 2]],
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      [
        ['B', 1],
        ['B', 3],
      ],
    ] as const
  ).map(([from, to]: readonly [Shape, Shape]) =>
    one('Expand', `[${from.join(', ')}] to [${to.join(', ')}]`, { x: normal(...from) }, (b, of) =>
      b.op('Expand', [of('x')], { shape: to }),
    ),
  ),
  one('Expand', 'to symbolic sizes', { x: normal(1, 3), like: normal('B', 'S') }, (b, of) => [
    b.expand(of('x'), ['B', 'S', 3]),
    of('like'),
  ]),
];

const AXES: readonly (readonly [Shape, number])[] = [
  [[2, 3], -1],
  [[2, 3], 0],
  [[2, 3, 2], 1],
  [[2, 1], 1],
  [['B', 'S', 4], -1],
  [['B', 'S', 4], 1],
];

const softmax = AXES.map(([shape, axis]) =>
  one('Softmax', `axis ${axis} of [${shape.join(', ')}]`, { x: normal(...shape) }, (b, of) => b.softmax(of('x'), axis)),
);

const REDUCTIONS: readonly (readonly [Shape, readonly number[], boolean])[] = [
  [[2, 3], [-1], true],
  [[2, 3], [0], false],
  [[2, 3, 2], [0, 2], false],
  [[2, 3, 2], [1, 0], true],
  [[2, 3], [0, 1], false],
  [[2, 1], [1], false],
  [['B', 'S', 4], [-1], true],
  [['B', 'S', 4], [0, 1], false],
];

function reduce(op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax'): Case[] {
  return REDUCTIONS.map(([shape, axes, keepdims]) => {
    const what = `axes ${axes.join(' ')} of [${shape.join(', ')}]${keepdims ? ', kept' : ''}`;
    const symbolic = axes.some((axis) => typeof dimOf({ shape }, axis) === 'string');
    const noGradient =
      op === 'ReduceMax'
        ? 'no rule: lowered cross entropy alone uses it'
        : 'mean over a size that is not known when compiling';
    return one(op, what, { x: normal(...shape) }, (b, of) => b.op(op, [of('x')], { axes, keepdims }), {
      ...(op === 'ReduceMax' || (op === 'ReduceMean' && symbolic) ? { noGradient } : {}),
    });
  });
}

const ROWS_ONLY = 'the gradient of Gather is written for rows of a matrix';

const gather: Case[] = [
  one('Gather', 'rows', { x: normal(4, 3), i: listed([2, 0]) }, (b, of) => b.gather(of('x'), of('i'))),
  one('Gather', 'rows asked for again and again', { x: normal(4, 3), i: listed([1, 1, 3, 1, 3]) }, (b, of) =>
    b.gather(of('x'), of('i')),
  ),
  one('Gather', 'rows counted from the end', { x: normal(4, 3), i: listed([-1, 3, -4]) }, (b, of) =>
    b.gather(of('x'), of('i')),
  ),
  one('Gather', 'one row of one', { x: normal(1, 1), i: listed([0]) }, (b, of) => b.gather(of('x'), of('i'))),
  one('Gather', 'indices in a matrix', { x: normal(5, 2), i: below(5, 2, 3) }, (b, of) => b.gather(of('x'), of('i'))),
  one('Gather', 'a symbolic number of rows', { x: normal(5, 2), i: below(5, 'B', 'S') }, (b, of) =>
    b.gather(of('x'), of('i')),
  ),
  one('Gather', 'from a symbolic number of rows', { x: normal('T', 2), i: below(5, 'M') }, (b, of) =>
    b.gather(of('x'), of('i')),
  ),
  one('Gather', 'columns', { x: normal(2, 4), i: listed([3, 3, 0]) }, (b, of) => b.gather(of('x'), of('i'), 1), {
    noGradient: ROWS_ONLY,
  }),
  one(
    'Gather',
    'from three axes',
    { x: normal(2, 3, 2), i: below(2, 2, 2) },
    (b, of) => b.gather(of('x'), of('i'), -1),
    {
      noGradient: ROWS_ONLY,
    },
  ),
];

const gatherElements: Case[] = [
  one('GatherElements', 'one of each row', { x: normal(3, 4), i: below(4, 3, 1) }, (b, of) =>
    b.op('GatherElements', [of('x'), of('i')], { axis: 1 }),
  ),
  one(
    'GatherElements',
    'along axis 0, again and again',
    { x: normal(3, 2), i: listed([0, 2, 0, 2, 0, 1], [3, 2]) },
    (b, of) => b.op('GatherElements', [of('x'), of('i')], { axis: 0 }),
  ),
  one('GatherElements', 'along the last of three axes', { x: normal(2, 2, 3), i: below(3, 2, 2, 5) }, (b, of) =>
    b.op('GatherElements', [of('x'), of('i')], { axis: -1 }),
  ),
  one('GatherElements', 'symbolic rows', { x: normal('M', 4), i: below(4, 'M', 1) }, (b, of) =>
    b.op('GatherElements', [of('x'), of('i')], { axis: 1 }),
  ),
];

const scatterElements: Case[] = [
  one(
    'ScatterElements',
    'added along axis 0, at indices named again',
    { x: normal(3, 2), i: listed([1, 1, 1, 0, 2, 1], [3, 2]), u: normal(3, 2) },
    (b, of) => b.op('ScatterElements', [of('x'), of('i'), of('u')], { axis: 0, reduction: 'add' }),
  ),
  one(
    'ScatterElements',
    'added to one of each symbolic row',
    { x: normal('M', 3), i: below(3, 'M', 1), u: normal('M', 1) },
    (b, of) => b.op('ScatterElements', [of('x'), of('i'), of('u')], { axis: 1, reduction: 'add' }),
  ),
  one(
    'ScatterElements',
    'replaced along the last axis',
    { x: normal(2, 3), i: listed([2, 0, 1, 2], [2, 2]), u: normal(2, 2) },
    (b, of) => b.op('ScatterElements', [of('x'), of('i'), of('u')], { axis: -1, reduction: 'none' }),
    { noGradient: 'the gradient of ScatterElements is written for reduction "add"' },
  ),
];

const concat: Case[] = [
  one('Concat', 'along axis 0', { x: normal(1, 3), y: normal(2, 3) }, (b, of) => b.concat([of('x'), of('y')], 0)),
  one('Concat', 'three along the last axis', { x: normal(2, 1), y: normal(2, 3), z: normal(2, 2) }, (b, of) =>
    b.concat([of('x'), of('y'), of('z')], -1),
  ),
  one('Concat', 'a value with itself', { x: normal(2, 2) }, (b, of) => b.concat([of('x'), of('x')], 1)),
  one('Concat', 'known sizes beside a symbolic batch', { x: normal('B', 2, 'S'), y: normal('B', 1, 'S') }, (b, of) =>
    b.concat([of('x'), of('y')], 1),
  ),
  one('Concat', 'a symbolic past and present', { x: normal('B', 2, 'P', 3), y: normal('B', 2, 'S', 3) }, (b, of) =>
    b.concat([of('x'), of('y')], 2),
  ),
];

const split: Case[] = [
  one('Split', 'three unequal parts', { x: normal(2, 6) }, (b, of) => b.split(of('x'), [1, 2, 3], 1)),
  one('Split', 'only the second part used', { x: normal(4, 2) }, (b, of) => b.split(of('x'), [1, 3], 0).slice(1)),
  one('Split', 'the last axis of a symbolic batch', { x: normal('B', 'S', 4) }, (b, of) =>
    b.split(of('x'), [2, 2], -1),
  ),
];

const slice: Case[] = [
  one('Slice', 'the start', { x: normal(4, 2) }, (b, of) => b.op('Slice', [of('x')], { axis: 0, start: 0, end: 3 })),
  one('Slice', 'the middle', { x: normal(2, 5) }, (b, of) => b.op('Slice', [of('x')], { axis: -1, start: 1, end: 3 })),
  one('Slice', 'the end, of a symbolic batch', { x: normal('B', 3, 2) }, (b, of) =>
    b.op('Slice', [of('x')], { axis: 1, start: 2, end: 3 }),
  ),
  one(
    'Slice',
    'a symbolic beginning',
    { x: normal('B', 'P'), y: normal('B', 'S') },
    (b, of) => b.slice(b.concat([of('x'), of('y')], 1), 1, 0, 'P'),
    { ops: ['Slice', 'Concat'] },
  ),
  one('Slice', 'the whole', { x: normal(2, 2) }, (b, of) => b.op('Slice', [of('x')], { axis: 1, start: 0, end: 2 })),
];

/** Three queries that see the keys up to their own. */
const CAUSAL: InputSpec = { ...listed([0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0], [3, 3]), type: 'float32', frozen: true };

const attentions: Case[] = [
  one(
    'Attention',
    'a causal mask over a symbolic batch and two heads',
    { q: normal('B', 2, 3, 4), k: normal('B', 2, 3, 4), v: normal('B', 2, 3, 4), mask: CAUSAL },
    (b, of) => b.op('Attention', [of('q'), of('k'), of('v'), of('mask')], {}),
  ),
  one(
    'Attention',
    'values of another width, and a mask of numbers',
    { q: normal('S', 4), k: normal('T', 4), v: normal('T', 2), mask: frozen(normal('S', 'T')) },
    (b, of) => b.op('Attention', [of('q'), of('k'), of('v'), of('mask')], {}),
  ),
  one(
    'Attention',
    'the logarithm of the sum beside the values',
    { q: normal('B', 3, 2), k: normal('B', 'S', 2), v: normal('B', 'S', 2), mask: frozen(normal('B', 1, 'S')) },
    (b, of) => b.apply('Attention', [of('q'), of('k'), of('v'), of('mask')], {}).slice(0, 2),
  ),
  one(
    'Attention',
    'the logarithm of the sum alone',
    { q: normal('B', 3, 2), k: normal('B', 'S', 2), v: frozen(normal('B', 'S', 2)), mask: frozen(normal('B', 1, 'S')) },
    (b, of) => b.apply('Attention', [of('q'), of('k'), of('v'), of('mask')], {}).slice(1, 2),
  ),
  one(
    'Attention',
    'the logarithm of the sum of capped scores alone',
    { q: normal('B', 3, 2), k: normal('B', 'S', 2), v: frozen(normal('B', 'S', 2)), mask: frozen(normal('B', 1, 'S')) },
    (b, of) => b.apply('Attention', [of('q'), of('k'), of('v'), of('mask')], { softcap: 1.5 }).slice(1, 2),
  ),
  one(
    'Attention',
    'the weights themselves',
    { q: normal(2, 3), k: normal(2, 3), v: normal(2, 3), mask: frozen(normal(2)) },
    (b, of) => b.apply('Attention', [of('q'), of('k'), of('v'), of('mask')], {}),
    { noGradient: 'a gradient flows into the weights of Attention' },
  ),
  one(
    'Attention',
    'scores kept within a cap',
    { q: normal('B', 2, 3, 4), k: normal('B', 1, 3, 4), v: normal('B', 1, 3, 4), mask: CAUSAL },
    (b, of) => b.apply('Attention', [of('q'), of('k'), of('v'), of('mask')], { softcap: 1.5 }).slice(0, 2),
  ),
  one(
    'Attention',
    'two heads that share keys and values',
    { q: normal('B', 2, 3, 2), k: normal('B', 1, 3, 2), v: normal('B', 1, 3, 2), mask: CAUSAL },
    (b, of) => b.op('Attention', [of('q'), of('k'), of('v'), of('mask')], {}),
  ),
];

const ZEROS = { empty: 'zeros' } as const;

const gatheredRows: Case[] = [
  one(
    'GatherRows',
    'all rows to other slots',
    { x: normal(3, 2), slots: listed([1, 2, 0]), indices: listed([2, 0, 1]) },
    (b, of) => b.op('GatherRows', [of('x'), of('slots'), of('indices')], ZEROS),
  ),
  one(
    'GatherRows',
    'slots that stay empty and a row that goes nowhere',
    { x: normal('S', 2), slots: listed([3, -1, 1], ['S']), indices: listed([-1, 2, -1, 0], ['M']) },
    (b, of) => b.op('GatherRows', [of('x'), of('slots'), of('indices')], ZEROS),
  ),
  one(
    'GatherRows',
    'two pieces',
    { x: normal(4, 2), slots: listed([4, 0, -1, 2]), first: listed([1, -1, 3]), second: listed([-1, 0]) },
    (b, of) => b.apply('GatherRows', [of('x'), of('slots'), of('first'), of('second')], ZEROS),
  ),
  one(
    'GatherRows',
    'two pieces of which one is used',
    { x: normal(3, 2), slots: listed([1, 0, 2]), first: listed([1, 0]), second: listed([2]) },
    (b, of) => b.op('GatherRows', [of('x'), of('slots'), of('first'), of('second')], ZEROS),
  ),
  one(
    'GatherRows',
    'slots in two axes, of which some stay empty',
    { x: normal(4, 2), slots: listed([4, 0, 5, 2]), indices: listed([1, -1, 3, -1, 0, 2], [2, 3]) },
    (b, of) => b.op('GatherRows', [of('x'), of('slots'), of('indices')], ZEROS),
  ),
  one(
    'GatherRows',
    'no slot that stays empty',
    { x: normal(3, 2), slots: listed([1, 2, 0]), indices: listed([2, 0, 1]) },
    (b, of) => b.op('GatherRows', [of('x'), of('slots'), of('indices')], { empty: 'any' }),
  ),
  one(
    'GatherRows',
    'empty slots that nobody looks at',
    { x: normal('S', 2), slots: listed([3, -1, 1], ['S']), indices: listed([-1, 2, -1, 0], ['M']) },
    (b, of) => {
      const [slots, indices] = [of('slots'), of('indices')];
      const piece = b.op('GatherRows', [of('x'), slots, indices], { empty: 'any' });
      return b.op('ScatterRows', [slots, indices, b.exp(piece)], {});
    },
  ),
  one(
    'ScatterRows',
    'two pieces, a row of which goes nowhere, and a row that lies in none',
    {
      slots: listed([4, 0, -1, 2], ['M']),
      ...{ first: listed([1, -1, 3]), second: listed([-1, 0], ['B']) },
      ...{ x: normal(3, 2), y: normal('B', 2) },
    },
    (b, of) => b.op('ScatterRows', [of('slots'), of('first'), of('second'), of('x'), of('y')], {}),
  ),
];

const truth = (...shape: Shape): InputSpec => ({ type: 'bool', shape, below: 2 });

const where: Case[] = [
  one('Where', 'equal shapes', { c: truth(2, 3), x: normal(2, 3), y: normal(2, 3) }, (b, of) =>
    b.op('Where', [of('c'), of('x'), of('y')], {}),
  ),
  one('Where', 'all three stretched', { c: truth(2, 1), x: normal(3), y: normal(4, 1, 1) }, (b, of) =>
    b.op('Where', [of('c'), of('x'), of('y')], {}),
  ),
  one('Where', 'a scalar and a symbolic batch', { c: truth('B', 'S'), x: normal('B', 'S'), y: normal() }, (b, of) =>
    b.op('Where', [of('c'), of('x'), of('y')], {}),
  ),
];

const NOT_CONTINUOUS = 'no rule: its results are integers, truths or constants, through which no gradient flows';

const cast: Case[] = [
  one(
    'After',
    'another tensor of other sizes',
    { x: normal(2, 3), y: frozen(normal(4)) },
    (b, of) => b.op('After', [of('x'), b.exp(of('y'))], {}),
    { noGradient: NO_RULE },
  ),
  one('Cast', 'integers to floats', { x: below(9, 2, 3) }, (b, of) => b.op('Cast', [of('x')], { to: 'float32' }), {
    noGradient: NOT_CONTINUOUS,
  }),
  one(
    'Cast',
    'floats to integers, toward zero, and back',
    { x: normal(3, 4) },
    (b, of) => b.op('Cast', [b.op('Cast', [b.scale(of('x'), 3)], { to: 'int32' })], { to: 'float32' }),
    {
      noGradient: NOT_CONTINUOUS,
    },
  ),
  one(
    'Cast',
    'integers to truths and on to floats',
    { x: below(3, 'B', 4) },
    (b, of) => b.op('Cast', [b.op('Cast', [of('x')], { to: 'bool' })], { to: 'float32' }),
    {
      noGradient: NOT_CONTINUOUS,
    },
  ),
  one(
    'Cast',
    'floats through half precision',
    { x: normal(3, 4) },
    (b, of) => b.op('Cast', [b.op('Cast', [of('x')], { to: 'float16' })], { to: 'float32' }),
    {
      noGradient: NOT_CONTINUOUS,
    },
  ),
];

const constants: Case[] = [
  one('Constant', 'numbers added', { x: normal(2, 2) }, (b, of) =>
    b.add(of('x'), b.constant([1, -2, 3.5, 0.25], [2, 2])),
  ),
  one('Constant', 'more numbers than a name holds', { x: normal(20) }, (b, of) => [
    b.add(of('x'), b.constant([...Array(20).keys()])),
    b.add(of('x'), b.constant([...Array(20).keys()].reverse())),
  ]),
  one('Constant', 'integers', { x: normal(4, 2) }, (b, of) => b.gather(of('x'), b.constant([3, 1], [2], 'int64'))),
  one(
    'Constant',
    'infinities of either sign',
    { c: truth(2, 3) },
    (b, of) => b.op('Where', [of('c'), b.scalar(Infinity), b.scalar(-Infinity)], {}),
    {
      noGradient: 'nothing to differentiate by',
    },
  ),
  one('ConstantOfShape', 'symbolic sizes', { x: normal('B', 'S') }, (b, of) => b.mul(of('x'), b.full(['B', 'S'], 2.5))),
  one('ConstantOfShape', 'known sizes', { x: normal(2, 3) }, (b, of) => b.add(of('x'), b.full([2, 3]))),
];

const NORMS: readonly Shape[] = [
  [2, 4],
  [1, 1],
  [2, 3, 4],
  ['B', 'S', 4],
  ['T', 2],
];

const norm: Case[] = [
  ...NORMS.map((shape) =>
    one(
      'SimplifiedLayerNormalization',
      `[${shape.join(', ')}]`,
      { x: normal(...shape), w: positive(dimOf({ shape }, -1)) },
      (b, of) => b.op('SimplifiedLayerNormalization', [of('x'), of('w')], { epsilon: 1e-2 }),
    ),
  ),
  one(
    'SimplifiedLayerNormalization',
    'the inverse deviation too',
    { x: normal(3, 4), w: positive(4) },
    (b, of) => b.apply('SimplifiedLayerNormalization', [of('x'), of('w')], { epsilon: 1e-6 }),
    {
      noGradient: 'a gradient flows into a secondary output of SimplifiedLayerNormalization',
    },
  ),
];

const rotary: Case[] = [
  one(
    'RotaryEmbedding',
    'one head, positions in any order',
    { x: normal(1, 3, 4), p: listed([4, 0, 4], [1, 3]), cos: frozen(normal(5, 2)), sin: frozen(normal(5, 2)) },
    (b, of) => b.op('RotaryEmbedding', [of('x'), of('p'), of('cos'), of('sin')], { heads: 1 }),
  ),
  one(
    'RotaryEmbedding',
    'heads of symbolic batch and length',
    { x: normal('B', 'S', 12), p: below(6, 'B', 'S'), cos: frozen(normal(6, 2)), sin: frozen(normal(6, 2)) },
    (b, of) => b.op('RotaryEmbedding', [of('x'), of('p'), of('cos'), of('sin')], { heads: 3 }),
  ),
  one(
    'RotaryEmbedding',
    'more tokens than the tables have rows',
    { x: normal(1, 5, 4), p: listed([0, 1, 0, 1, 1], [1, 5]), cos: frozen(normal(2, 2)), sin: frozen(normal(2, 2)) },
    (b, of) => b.op('RotaryEmbedding', [of('x'), of('p'), of('cos'), of('sin')], { heads: 1 }),
  ),
  one(
    'RotaryEmbedding',
    'tables of symbolic length',
    { x: normal('B', 'S', 8), p: below(5, 'B', 'S'), cos: frozen(normal('T', 2)), sin: frozen(normal('T', 2)) },
    (b, of) => b.op('RotaryEmbedding', [of('x'), of('p'), of('cos'), of('sin')], { heads: 2 }),
  ),
];

const crossEntropy: Case[] = [
  one('SoftmaxCrossEntropyLoss', 'rows of scores', { x: normal(3, 5), y: below(5, 3, 1) }, (b, of) =>
    b.op('SoftmaxCrossEntropyLoss', [of('x'), of('y')], {}),
  ),
  one('SoftmaxCrossEntropyLoss', 'a symbolic number of rows', { x: normal('M', 4), y: below(4, 'M', 1) }, (b, of) =>
    b.op('SoftmaxCrossEntropyLoss', [of('x'), of('y')], {}),
  ),
  one('SoftmaxCrossEntropyLoss', 'scores far apart', { x: normal(3, 4), y: below(4, 3, 1) }, (b, of) =>
    b.op('SoftmaxCrossEntropyLoss', [b.scale(of('x'), 40), of('y')], {}),
  ),
  one(
    'SoftmaxCrossEntropyLoss',
    'the softmax too',
    { x: normal(3, 4), y: below(4, 3, 1) },
    (b, of) => b.apply('SoftmaxCrossEntropyLoss', [of('x'), of('y')], {}),
    {
      noGradient: 'a gradient flows into a secondary output of SoftmaxCrossEntropyLoss',
    },
  ),
  one(
    'SoftmaxCrossEntropyLoss',
    'several labels a row, one of them twice',
    { x: normal('M', 4), y: listed([0, 2, 3, 3, 3, 1, 1, 0, -1, 2, 0, 1], ['M', 3]) },
    (b, of) => b.op('SoftmaxCrossEntropyLoss', [of('x'), of('y')], {}),
  ),
  one('SoftmaxCrossEntropyLoss', 'a symbolic number of labels', { x: normal('M', 4), y: below(4, 'M', 'S') }, (b, of) =>
    b.op('SoftmaxCrossEntropyLoss', [of('x'), of('y')], {}),
  ),
];

const crossEntropyGradients: Case[] = [
  one(
    'CrossEntropyGradient',
    'one label a row',
    { p: positive('M', 4), y: below(4, 'M', 1), dy: normal('M', 1) },
    (b, of) => b.op('CrossEntropyGradient', [of('p'), of('y'), of('dy')], {}),
    { noGradient: 'no rule: it is a gradient itself' },
  ),
  one(
    'CrossEntropyGradient',
    'several labels a row, one of them twice',
    { p: positive(2, 4), y: listed([3, 0, 3, 1, 2, 0], [2, 3]), dy: normal(2, 3) },
    (b, of) => b.op('CrossEntropyGradient', [of('p'), of('y'), of('dy')], {}),
    { noGradient: 'no rule: it is a gradient itself' },
  ),
  composite(
    'cross entropy behind a frozen head',
    ['SoftmaxCrossEntropyLoss', 'CrossEntropyGradient', 'Gemm'],
    { x: normal('M', 3), head: frozen(normal(5, 3)), y: below(5, 'M', 1) },
    (b, of) => {
      const scores = b.gemm(of('x'), of('head'), { transB: true });
      return b.op('SoftmaxCrossEntropyLoss', [scores, of('y')], {});
    },
  ),
  composite(
    'cross entropy of soft targets',
    ['SoftmaxCrossEntropyLoss', 'Mul', 'ReduceSum'],
    { x: normal('M', 5), y: below(5, 'M', 3), weights: positive('M', 3) },
    (b, of) => b.crossEntropy(of('x'), of('y'), of('weights')).loss,
  ),
  composite(
    'cross entropy of soft targets behind a frozen head',
    ['SoftmaxCrossEntropyLoss', 'CrossEntropyGradient', 'Gemm'],
    { x: normal('M', 3), head: frozen(normal(5, 3)), y: below(5, 'M', 'S'), weights: frozen(positive('M', 'S')) },
    (b, of) => {
      const scores = b.gemm(of('x'), of('head'), { transB: true });
      return b.crossEntropy(scores, of('y'), of('weights')).loss;
    },
  ),
];

const FROZEN_WEIGHTS = 'no rule: quantised weights are frozen';

const dequantise: Case[] = [
  one(
    'DequantizeLinear',
    'int8 in blocks along axis 0',
    { x: { type: 'int8', shape: [4, 3], below: 100 }, s: positive(2, 3) },
    (b, of) => b.op('DequantizeLinear', [of('x'), of('s')], { axis: 0, blockSize: 2 }),
    { noGradient: FROZEN_WEIGHTS },
  ),
  one(
    'DequantizeLinear',
    'uint8 in blocks along axis 1, with zero points',
    {
      x: { type: 'uint8', shape: [2, 6], below: 256 },
      s: positive(2, 2),
      z: { type: 'uint8', shape: [2, 2], below: 256 },
    },
    (b, of) => b.op('DequantizeLinear', [of('x'), of('s'), of('z')], { axis: 1, blockSize: 3 }),
    { noGradient: FROZEN_WEIGHTS },
  ),
];

/** Codes that processors without VNNI multiply exactly too: two products with codes up to 255 stay below 32,768. */
const codes = (...shape: Shape): InputSpec => ({ type: 'int8', shape, below: 64 });
const unsigned = (...values: readonly number[]): InputSpec => ({ type: 'uint8', shape: [values.length], values });

/** Inputs of an Int8MatMul [T, K] · [K, N]. */
const coded = (inner: number, columns: number): Case['inputs'] => ({
  ...{ x: normal('T', inner), c: codes(inner, columns), s: frozen(positive(columns)) },
  ...{ backC: codes(columns, inner), backS: frozen(positive(inner)) },
});
const CODED = ['x', 'c', 's', 'backC', 'backS'] as const;

const eightBits: Case[] = [
  ...([0, 1] as const).map((axis) =>
    one(
      'QuantizeLinear',
      `uint8 along axis ${axis}, both ends reached`,
      { x: normal(3, 3), s: { ...positive(3), values: [0.25, 0.5, 0.0078125] }, z: unsigned(128, 0, 250) },
      (b, of) =>
        b.op('Cast', [b.op('QuantizeLinear', [of('x'), of('s'), of('z')], { axis, to: 'uint8' })], { to: 'float32' }),
      { noGradient: 'no gradient rule for Cast' },
    ),
  ),
  one(
    'QuantizeLinear',
    'int8, halves to the even side',
    {
      x: { ...normal(1, 8), values: [0.25, 0.75, 1.25, -0.25, -0.75, 100, -100, 0] },
      s: { ...positive(1), values: [0.5] },
      z: { type: 'int8', shape: [1], values: [0] },
    },
    (b, of) =>
      b.op('Cast', [b.op('QuantizeLinear', [of('x'), of('s'), of('z')], { axis: 0, to: 'int8' })], { to: 'float32' }),
    { noGradient: 'no gradient rule for Cast' },
  ),
  one(
    'MatMulIntegerToFloat',
    'a symbolic number of rows',
    { a: { type: 'uint8', shape: ['T', 6], below: 256 }, c: codes(6, 4), s: positive(4) },
    (b, of) => b.op('MatMulIntegerToFloat', [of('a'), of('c'), b.scalar(0.5), of('s'), b.scalar(128, 'uint8')], {}),
    { noGradient: NO_RULE },
  ),
  one(
    'MatMulIntegerToFloat',
    'stacks, zero at zero',
    { a: { type: 'uint8', shape: [3, 'T', 2], below: 256 }, c: codes(3, 2, 4), s: positive(3, 1, 4) },
    (b, of) => b.op('MatMulIntegerToFloat', [of('a'), of('c'), b.scalar(0.5), of('s'), b.scalar(0, 'uint8')], {}),
    { noGradient: NO_RULE },
  ),
  one(
    'Int8MatMul',
    'rows as they are',
    coded(6, 4),
    (b, of) => b.op('Int8MatMul', CODED.map(of), { rotation: 1, backRotation: 1 }),
    { isRounded: true },
  ),
  one(
    'Int8MatMul',
    'columns of the rest by factors',
    { ...coded(8, 6), d: frozen(normal(1, 8)), t: frozen(normal(1, 6)), f: frozen(positive(8)) },
    (b, of) => b.op('Int8MatMul', [...CODED, 'd', 't', 'f'].map(of), { rotation: 8, backRotation: 1 }),
    { isRounded: true },
  ),
  one(
    'Int8MatMul',
    'columns turned in blocks, and directions apart',
    {
      ...coded(8, 6),
      d: frozen({ ...normal(2, 8), values: [0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.6, 0, -0.8, 0] }),
      t: frozen(normal(2, 6)),
    },
    (b, of) => b.op('Int8MatMul', [...CODED, 'd', 't'].map(of), { rotation: 4, backRotation: 2 }),
    { isRounded: true },
  ),
  one(
    'Int8MatMul',
    'in pieces, forward three and back two',
    { ...coded(6, 4), s: frozen(positive(3, 1, 4)), backS: frozen(positive(2, 1, 6)) },
    (b, of) => b.op('Int8MatMul', CODED.map(of), { rotation: 1, backRotation: 1 }),
    { isRounded: true },
  ),
];

/** softmax(q kᵀ + mask) v with two query heads to each of the key heads. */
function attention(b: Builder, of: Inputs): Value {
  const scores = b.matmul(of('q'), b.transpose(of('k'), [0, 1, 3, 2]));
  const weights = b.softmax(b.add(b.scale(scores, 0.5), of('mask')));
  return b.matmul(weights, of('v'));
}

/** x Wᵀ + 2 (x Aᵀ) Bᵀ. */
function loraLinear(b: Builder, of: Inputs): Value {
  const down = b.gemm(of('x'), of('lora_A'), { transB: true });
  return b.add(b.gemm(of('x'), of('w'), { transB: true }), b.gemm(down, of('lora_B'), { transB: true, alpha: 2 }));
}

const HIDDEN = -1e9;

const composites: Case[] = [
  composite(
    'attention with a mask',
    ['MatMul', 'Softmax', 'Transpose'],
    {
      q: normal('B', 2, 'S', 4),
      k: normal('B', 2, 'S', 4),
      v: normal('B', 2, 'S', 4),
      mask: frozen({ type: 'float32', shape: ['S', 'S'], values: [0, HIDDEN, HIDDEN, 0, 0, HIDDEN, 0, 0, 0] }),
    },
    attention,
  ),
  composite(
    'a linear layer with LoRA',
    ['Gemm'],
    { x: normal('T', 4), w: frozen(normal(3, 4)), lora_A: normal(2, 4), lora_B: normal(3, 2) },
    loraLinear,
  ),
  composite(
    'a linear layer with LoRA, all trained',
    ['Gemm'],
    { x: normal('T', 4), w: normal(3, 4), lora_A: normal(2, 4), lora_B: normal(3, 2) },
    loraLinear,
  ),
  composite(
    'a gated MLP behind a norm, with a residual',
    ['SimplifiedLayerNormalization', 'QuickGelu', 'Gemm', 'Add', 'Mul'],
    { x: normal('T', 3), w: positive(3), gate: normal(4, 3), up: normal(4, 3), down: normal(3, 4) },
    (b, of) => {
      const x = b.op('SimplifiedLayerNormalization', [of('x'), of('w')], { epsilon: 1e-5 });
      const [gate, up] = [of('gate'), of('up')].map((w) => b.gemm(x, w, { transB: true })) as [Value, Value];
      return b.add(of('x'), b.gemm(b.mul(b.silu(gate), up), of('down'), { transB: true }));
    },
  ),
  composite(
    'tied embedding and head, weighted cross entropy',
    ['Gather', 'Gemm', 'SoftmaxCrossEntropyLoss', 'Mul', 'ReduceSum'],
    {
      table: normal(5, 3),
      ids: below(5, 'B', 'S'),
      rows: listed([0, 2, 2, 5]),
      y: below(5, 4, 1),
      weight: frozen(positive(4, 1)),
    },
    (b, of) => {
      const hidden = b.gather(of('table'), b.reshape(of('ids'), ['B*S']));
      const scores = b.gemm(b.gather(hidden, of('rows')), of('table'), { transB: true });
      return b.crossEntropy(scores, of('y'), of('weight')).loss;
    },
  ),
  composite(
    'one projection split into heads, rotated and joined',
    ['Split', 'RotaryEmbedding', 'Concat', 'Reshape'],
    { x: normal('T', 3), w: normal(12, 3), p: below(4, 1, 'T'), cos: frozen(normal(4, 2)), sin: frozen(normal(4, 2)) },
    (b, of) => {
      const [q, k] = b.split(b.gemm(of('x'), of('w'), { transB: true }), [8, 4], 1) as [Value, Value];
      const turn = (value: Value, heads: number): Value =>
        b.op('RotaryEmbedding', [b.reshape(value, [1, 'T', heads * 4]), of('p'), of('cos'), of('sin')], { heads });
      return b.concat([turn(q, 2), turn(k, 1)], 2);
    },
  ),
  composite(
    'a value used four times',
    ['Mul', 'Exp', 'Add', 'Sub', 'Div'],
    { x: normal(2, 3), y: positive(3) },
    (b, of) => {
      const x = of('x');
      return b.sub(b.div(b.mul(x, x), b.add(b.exp(x), of('y'))), x);
    },
  ),
];

export const CASES: readonly Case[] = [
  ...(['Add', 'Sub', 'Mul', 'Div'] as const).flatMap(elementwise),
  ...(['Abs', 'Neg', 'Exp', 'Log', 'Sigmoid'] as const).flatMap(unary),
  ...quickGelu,
  ...matmul,
  ...gemm,
  ...addends,
  ...fused,
  ...transpose,
  ...reshape,
  ...expand,
  ...softmax,
  ...(['ReduceSum', 'ReduceMean', 'ReduceMax'] as const).flatMap(reduce),
  ...gather,
  ...gatherElements,
  ...scatterElements,
  ...concat,
  ...split,
  ...slice,
  ...attentions,
  ...gatheredRows,
  ...where,
  ...cast,
  ...constants,
  ...norm,
  ...rotary,
  ...crossEntropy,
  ...crossEntropyGradients,
  ...dequantise,
  ...eightBits,
  ...composites,
];
